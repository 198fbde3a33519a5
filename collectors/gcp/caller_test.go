package gcp

import (
	"strings"
	"testing"

	"google.golang.org/api/oauth2/v2"
)

// The caller is named as policies name it, and only where Google says that the address is its own.
func TestCallerFact(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		who  oauth2.Userinfo
		want string
	}{
		"service account":  {oauth2.Userinfo{Id: "1", Email: "c@auditor.iam.gserviceaccount.com", VerifiedEmail: &yes}, "serviceAccount:c@auditor.iam.gserviceaccount.com"},
		"person":           {oauth2.Userinfo{Id: "1", Email: "ann@auditor.example", VerifiedEmail: &yes}, "user:ann@auditor.example"},
		"looks like one":   {oauth2.Userinfo{Id: "1", Email: "ann@gserviceaccount.com.evil.test", VerifiedEmail: &yes}, "user:ann@gserviceaccount.com.evil.test"},
		"not verified":     {oauth2.Userinfo{Id: "1", Email: "ann@auditor.example", VerifiedEmail: &no}, ""},
		"not said whether": {oauth2.Userinfo{Id: "1", Email: "ann@auditor.example"}, ""},
		"no address":       {oauth2.Userinfo{Id: "1", VerifiedEmail: &yes}, ""},
	} {
		f := callerFact("p", &c.who, "c:row")
		if c.want == "" {
			unknownOf(t, name, kindCaller, f, "/attrs/member")
			continue
		}
		unknownOf(t, name, kindCaller, f)
		if got, _ := f.Get("/attrs/member"); got != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// What the answer says of a person beside the address does not come into the evidence.
func TestCallerIsScrubbed(t *testing.T) {
	op, _ := (&caller{}).Info().Operation("oauth2:userinfo.get")
	clean, what := op.Scrub([]byte(`{"id":"1","email":"ann@auditor.example","verified_email":true,"name":"Ann","given_name":"Ann","picture":"https://x.test/ann"}`))
	if s := string(clean); strings.Contains(s, "Ann") || strings.Contains(s, "x.test") || !strings.Contains(s, "ann@auditor.example") || len(what) != 3 {
		t.Errorf("%s, %v", s, what)
	}
}
