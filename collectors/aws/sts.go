package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// stsIdentity says who the collector was in an account. Where it was let in by another account, nothing
// that was answered is of the target.
type stsIdentity struct{ access *Access }

func (c *stsIdentity) Info() collectors.Info {
	return collectors.Info{Name: "aws/sts", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindCaller},
		Operations: []collectors.Operation{{Name: "sts:GetCallerIdentity", Permission: "sts:GetCallerIdentity", List: true, Global: true,
			Kinds: []string{kindCaller.Name}, Genuine: holding("GetCallerIdentityResponse", "Account")}}}
}

func (c *stsIdentity) Collect(ctx context.Context, s *collectors.Session) error {
	client := sts.NewFromConfig(c.access.config(s, collectors.Global))
	who := ask(ctx, s, collectors.Global, "sts:GetCallerIdentity", client.GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if own := s.Target().Account; who.OK() && aws.ToString(who.Value.Account) != own {
		s.Disown(fmt.Errorf("account %q answered, not %s: what was answered says nothing of this target", aws.ToString(who.Value.Account), own))
	}
	if who.OK() {
		s.Emit(kindCaller, callerFact(who.Value).Because(who.From...))
	}
	return nil
}

func callerFact(out *sts.GetCallerIdentityOutput) *evidence.Fact {
	arn := aws.ToString(out.Arn)
	f := evidence.NewFact(kindCaller, arn, arn)
	f.Region = collectors.Global
	f.Set("/attrs/account", aws.ToString(out.Account))
	if role, ok := assumedRole(arn); ok {
		return f.Set("/attrs/role", role)
	}
	return f.None(kindCaller, "/attrs/role")
}

// assumedRole turns arn:aws:sts::111122223333:assumed-role/Name/session into the role's ARN.
// A role's path is no part of the session's ARN and stays unknown to it.
func assumedRole(arn string) (string, bool) {
	head, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(rest, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + name, true
}
