package gcp

import (
	"context"
	"strings"

	"google.golang.org/api/oauth2/v2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// caller says who the collector was in a project: whom Google takes the holder of its token for. What else the
// answer says of a person is not kept, and no token is ever in an answer or a recorded request.
type caller struct{ access *Access }

func (c *caller) Info() collectors.Info {
	return collectors.Info{Name: "gcp/caller", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindCaller},
		Operations: []collectors.Operation{ // it needs no permission, but a token that has callerScope
			scrubbed(lists(marked("oauth2:userinfo.get", "", "id", "string"), kindCaller), "name", "given_name", "family_name", "gender", "link", "locale", "picture"),
		}}
}

func (c *caller) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := oauth2.NewService(ctx, c.access.options(s, collectors.Global, "oauth2")...)
	if err != nil {
		return err
	}
	who := ask(ctx, s, collectors.Global, "oauth2:userinfo.get", func(ctx context.Context) (*oauth2.Userinfo, error) {
		return service.Userinfo.Get().Context(ctx).Do()
	})
	if who.OK() {
		s.Emit(kindCaller, callerFact(s.Target().Account, who.Value, who.Row).Because(who.From...))
	}
	return nil
}

// callerFact names the caller as policies do; row is that of the call.
func callerFact(project string, who *oauth2.Userinfo, row string) *evidence.Fact {
	f := evidence.NewFact(kindCaller, "gcp:caller/"+project, project)
	f.Region = collectors.Global
	f.Set("/attrs/account", who.Id)
	switch {
	case who.Email == "" || who.VerifiedEmail == nil || !*who.VerifiedEmail: // the token does not show it, or nobody has shown that it is theirs
		return f.Unknown(row, "/attrs/member")
	case strings.HasSuffix(who.Email, ".gserviceaccount.com"):
		return f.Set("/attrs/member", "serviceAccount:"+who.Email)
	}
	return f.Set("/attrs/member", "user:"+who.Email)
}
