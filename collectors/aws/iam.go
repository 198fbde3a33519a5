package aws

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// iamAccess says who can act in an account: users with their credentials, roles with whom they
// trust, groups, identity providers, and every statement of their policies.
type iamAccess struct{ access *Access }

func (c *iamAccess) Info() collectors.Info {
	ops := []collectors.Operation{
		lists("iam:GetAccountAuthorizationDetails", holding("GetAccountAuthorizationDetailsResponse", "IsTruncated"), kindUser, kindRole, kindGroup, kindStatement),
		lists("iam:GetCredentialReport", holding("GetCredentialReportResponse", "Content"), kindUser), // the root user stands in it alone
		lists("iam:GetAccountSummary", holding("GetAccountSummaryResponse", "SummaryMap"), kindSummary),
		lists("iam:ListSAMLProviders", holding("ListSAMLProvidersResponse", "SAMLProviderList"), kindProvider),
		lists("iam:ListOpenIDConnectProviders", holding("ListOpenIDConnectProvidersResponse", "OpenIDConnectProviderList"), kindProvider),
		item("iam:GenerateCredentialReport", "", holding("GenerateCredentialReportResponse", "State")),
		item("iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders", holding("GetOpenIDConnectProviderResponse", "Url")),
	}
	for i := range ops {
		ops[i].Global = true
	}
	return collectors.Info{Name: "aws/iam", Provider: "aws", Runs: collectors.Account,
		Kinds: []*evidence.Kind{kindUser, kindRole, kindGroup, kindStatement, kindProvider, kindSummary}, Operations: ops}
}

func (c *iamAccess) Collect(ctx context.Context, s *collectors.Session) error {
	client := iam.NewFromConfig(c.access.config(s, collectors.Global))
	report := c.report(ctx, s, client)
	c.details(ctx, s, client, report)
	c.summary(ctx, s, client)
	c.providers(ctx, s, client)
	return nil
}

// maxReportPolls bounds how often a report that is being made is asked for.
const maxReportPolls = 20

// report has the credential report made, and reads it.
func (c *iamAccess) report(ctx context.Context, s *collectors.Session, client *iam.Client) credentialReport {
	for range maxReportPolls {
		made := ask(ctx, s, collectors.Global, "iam:GenerateCredentialReport", client.GenerateCredentialReport, &iam.GenerateCredentialReportInput{})
		if !made.OK() || made.Value.State == types.ReportStateTypeComplete {
			break
		}
		if s.Live() {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	a := ask(ctx, s, collectors.Global, "iam:GetCredentialReport", client.GetCredentialReport, &iam.GetCredentialReportInput{})
	r := credentialReport{row: a.Row, from: a.From}
	if !a.OK() {
		return r
	}
	var err error
	if r.users, err = parseReport(a.Value.Content); err != nil {
		s.Spoil(kindUser, collectors.Global, err)
	}
	return r
}

// details pages through users, groups, roles and policies.
func (c *iamAccess) details(ctx context.Context, s *collectors.Session, client *iam.Client, report credentialReport) {
	seen := map[string]bool{}
	attached, cut, last := map[string][]string{}, "", ""
	described, from := map[string]bool{}, []string{}
	var managed []func()
	var marker *string
	for {
		page := ask(ctx, s, collectors.Global, "iam:GetAccountAuthorizationDetails", client.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{Marker: marker})
		last, from = page.Row, append(from, page.From...)
		if !page.OK() {
			cut = page.Row
			break
		}
		v := page.Value
		for _, u := range v.UserDetailList {
			seen[aws.ToString(u.Arn)] = true
			s.Emit(kindUser, userFact(u, report, page.From))
			inline(s, aws.ToString(u.Arn), u.UserPolicyList, page.From)
		}
		for _, g := range v.GroupDetailList {
			f := newFact(kindGroup, aws.ToString(g.Arn), aws.ToString(g.GroupName), collectors.Global, page.From)
			s.Emit(kindGroup, f.Set("/principal/type", "group").Set("/attrs/policies", policyNames(g.GroupPolicyList, g.AttachedManagedPolicies)))
			inline(s, aws.ToString(g.Arn), g.GroupPolicyList, page.From)
		}
		for _, r := range v.RoleDetailList {
			role(s, r, page.From)
		}
		attachments(attached, v)
		for _, p := range v.Policies {
			arn := aws.ToString(p.Arn)
			for _, version := range p.PolicyVersionList {
				if version.IsDefaultVersion { // emitted when all pages have said to whom it is attached
					described[arn] = true
					managed = append(managed, func() {
						statements(s, aws.ToString(version.Document), heldBy(arn, s.Target().Account), arn, "managed", sortedUnion(attached[arn]), page.From, cut)
					})
				}
			}
			switch {
			case arn == "":
				s.Spoil(kindStatement, collectors.Global, errors.New("a managed policy has no ARN: whom it is attached to was not said"))
			case !described[arn]:
				attached[arn] = append([]string{}, attached[arn]...) // also where it is attached to nobody
			}
		}
		var lost bool
		if marker, lost = nextPage(s, page.Row, v.IsTruncated, v.Marker); lost {
			cut = page.Row
		}
		if marker == nil {
			break
		}
	}
	for _, emit := range managed {
		emit()
	}
	for _, arn := range slices.Sorted(maps.Keys(attached)) {
		if !described[arn] {
			unsaidStatement(s, arn, sortedUnion(attached[arn]), from, last, cut)
		}
	}
	for _, u := range report.users {
		if !seen[u.arn] {
			s.Emit(kindUser, reportedFact(u, report, last))
		}
	}
}

// attachments adds to whom a page says that each managed policy is attached.
func attachments(out map[string][]string, v *iam.GetAccountAuthorizationDetailsOutput) {
	add := func(who *string, list []types.AttachedPolicy) {
		for _, p := range list {
			out[aws.ToString(p.PolicyArn)] = append(out[aws.ToString(p.PolicyArn)], aws.ToString(who))
		}
	}
	for _, u := range v.UserDetailList {
		add(u.Arn, u.AttachedManagedPolicies)
	}
	for _, g := range v.GroupDetailList {
		add(g.Arn, g.AttachedManagedPolicies)
	}
	for _, r := range v.RoleDetailList {
		add(r.Arn, r.AttachedManagedPolicies)
	}
}

func policyNames(inline []types.PolicyDetail, managed []types.AttachedPolicy) []string {
	var out []string
	for _, p := range inline {
		out = append(out, aws.ToString(p.PolicyName))
	}
	for _, p := range managed {
		out = append(out, aws.ToString(p.PolicyArn))
	}
	return sortedUnion(out)
}

// statements emits the statements of a policy, whose text IAM gives percent-encoded. Cut is the
// coverage row that kept some of attachedTo from being seen.
func statements(s *collectors.Session, encoded, owner, via, viaKind string, attachedTo, from []string, cut string) {
	text, err := url.PathUnescape(encoded)
	var facts []*evidence.Fact
	if err == nil {
		facts, err = statementFacts(kindStatement, text, owner, collectors.Global, via, viaKind, attachedTo)
	}
	if err != nil {
		s.Spoil(kindStatement, collectors.Global, err)
		return
	}
	for _, f := range facts {
		if cut != "" {
			f.Unknown(cut, "/binding/attached_to/-")
		}
		s.Emit(kindStatement, f.Because(from...))
	}
}

// heldBy names a managed policy as an account has it: one of AWS has the same ARN in each, and other holders.
func heldBy(arn, account string) string {
	if accountOf(arn) == "aws" {
		return arn + "@" + account
	}
	return arn
}

// unsaidStatement is of a managed policy of which no answer gives the text in force, for lack of a default version or
// of the policy itself: what it grants is not known, which is not nothing. Row is of the details.
func unsaidStatement(s *collectors.Session, arn string, attachedTo, from []string, row, cut string) {
	f := newFact(kindStatement, heldBy(arn, s.Target().Account)+"#unsaid", "what the policy grants", collectors.Global, from)
	f.Unknown(row, "/binding/effect", "/binding/principals", "/binding/permissions", "/binding/resources", "/binding/negated", "/binding/condition", "/binding/condition_keys")
	f.Set("/binding/via", arn).Set("/binding/via_kind", "managed").Set("/binding/attached_to", attachedTo)
	if cut != "" {
		f.Unknown(cut, "/binding/attached_to/-")
	}
	s.Emit(kindStatement, f)
}

func inline(s *collectors.Session, arn string, list []types.PolicyDetail, from []string) {
	for _, p := range list {
		name := arn + "#inline:" + aws.ToString(p.PolicyName)
		statements(s, aws.ToString(p.PolicyDocument), name, name, "inline", []string{arn}, from, "")
	}
}

func iamTags(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

func userFact(u types.UserDetail, report credentialReport, from []string) *evidence.Fact {
	arn := aws.ToString(u.Arn)
	f := newFact(kindUser, arn, aws.ToString(u.UserName), collectors.Global, from).SetTags(iamTags(u.Tags))
	f.Set("/principal/type", "human").None(kindUser, "/principal/idp").Set("/attrs/groups", sortedUnion(u.GroupList)).
		Set("/attrs/policies", policyNames(u.UserPolicyList, u.AttachedManagedPolicies))
	for _, r := range report.users {
		if r.arn == arn {
			setCredentials(f, r, report.row)
			return f.Because(report.from...)
		}
	}
	return f.Unknown(report.row, "/principal/credentials", "/principal/mfa", "/attrs/console")
}

// reportedFact is of a user whom the credential report alone shows: the root user, which has neither
// labels nor policies, or one whose details were not seen; row is of those.
func reportedFact(u reportedUser, report credentialReport, row string) *evidence.Fact {
	f := newFact(kindUser, u.arn, u.name, collectors.Global, report.from).Set("/principal/type", "human").None(kindUser, "/principal/idp")
	if u.root() {
		f.SetTags(nil).None(kindUser, "/attrs/groups", "/attrs/policies")
	} else {
		f.Unknown(row, "/tags", "/attrs/groups", "/attrs/policies")
	}
	setCredentials(f, u, report.row)
	return f
}

// role emits a role, its trust policy and its inline policies.
func role(s *collectors.Session, r types.RoleDetail, from []string) {
	arn := aws.ToString(r.Arn)
	f := newFact(kindRole, arn, aws.ToString(r.RoleName), collectors.Global, from).SetTags(iamTags(r.Tags)).Set("/principal/type", "role").
		Set("/attrs/policies", policyNames(r.RolePolicyList, r.AttachedManagedPolicies))
	if r.RoleLastUsed != nil && r.RoleLastUsed.LastUsedDate != nil {
		f.Set("/attrs/last_used", *r.RoleLastUsed.LastUsedDate)
	} else {
		f.None(kindRole, "/attrs/last_used")
	}
	if b := r.PermissionsBoundary; b != nil {
		setText(f, kindRole, "/attrs/boundary", b.PermissionsBoundaryArn)
	} else {
		f.None(kindRole, "/attrs/boundary")
	}
	trustedBy, err := trustedBy(aws.ToString(r.AssumeRolePolicyDocument))
	if err != nil {
		s.Spoil(kindRole, collectors.Global, err)
		return
	}
	var idp []string
	for _, p := range trustedBy {
		if name, ok := strings.CutPrefix(p, "Federated:"); ok {
			idp = append(idp, name)
		}
	}
	if len(idp) > 0 {
		f.Set("/principal/idp", strings.Join(idp, " "))
	} else {
		f.None(kindRole, "/principal/idp")
	}
	s.Emit(kindRole, f.Set("/principal/trusted_by", trustedBy))
	statements(s, aws.ToString(r.AssumeRolePolicyDocument), arn+"#trust", arn+"#trust", "trust", []string{arn}, from, "")
	inline(s, arn, r.RolePolicyList, from)
}

// trustedBy lists whom a trust policy allows to assume a role, as written.
func trustedBy(encoded string) ([]string, error) {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return nil, err
	}
	doc, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, st := range doc.Statement {
		if st.Effect != "Allow" {
			continue
		}
		who, err := principals(st.Principal)
		if err != nil {
			return nil, err
		}
		switch {
		case len(st.NotPrincipal) > 0:
			who = []string{"*"} // everyone but a few
		case len(who) == 0:
			return nil, errors.New("trust policy: a statement that allows names nobody")
		}
		out = append(out, who...)
	}
	return sortedUnion(out), nil
}

func (c *iamAccess) summary(ctx context.Context, s *collectors.Session, client *iam.Client) {
	a := ask(ctx, s, collectors.Global, "iam:GetAccountSummary", client.GetAccountSummary, &iam.GetAccountSummaryInput{})
	if !a.OK() {
		return
	}
	f := newFact(kindSummary, s.Target().Account+"/iam-summary", "IAM summary", collectors.Global, a.From)
	flag := func(ptr, key string) {
		if n, ok := a.Value.SummaryMap[key]; ok {
			f.Set(ptr, n > 0)
		} else {
			f.Unknown(a.Row, ptr)
		}
	}
	number := func(ptr, key string) {
		if n, ok := a.Value.SummaryMap[key]; ok {
			f.Set(ptr, int(n))
		} else {
			f.Unknown(a.Row, ptr)
		}
	}
	flag("/attrs/root_mfa", "AccountMFAEnabled")
	flag("/attrs/root_password", "AccountPasswordPresent")
	flag("/attrs/root_keys", "AccountAccessKeysPresent")
	number("/attrs/users", "Users")
	number("/attrs/roles", "Roles")
	s.Emit(kindSummary, f)
}

func (c *iamAccess) providers(ctx context.Context, s *collectors.Session, client *iam.Client) {
	saml := ask(ctx, s, collectors.Global, "iam:ListSAMLProviders", client.ListSAMLProviders, &iam.ListSAMLProvidersInput{})
	if saml.OK() {
		for _, p := range saml.Value.SAMLProviderList {
			arn := aws.ToString(p.Arn)
			f := newFact(kindProvider, arn, arn[strings.LastIndexByte(arn, '/')+1:], collectors.Global, saml.From).Set("/attrs/type", "saml").None(kindProvider, "/attrs/url", "/attrs/audiences")
			if p.ValidUntil != nil {
				f.Set("/attrs/valid_until", *p.ValidUntil)
			} else {
				f.None(kindProvider, "/attrs/valid_until")
			}
			s.Emit(kindProvider, f)
		}
	}
	oidc := ask(ctx, s, collectors.Global, "iam:ListOpenIDConnectProviders", client.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{})
	if !oidc.OK() {
		return
	}
	for _, p := range oidc.Value.OpenIDConnectProviderList {
		arn := aws.ToString(p.Arn)
		f := newFact(kindProvider, arn, arn[strings.LastIndexByte(arn, '/')+1:], collectors.Global, oidc.From).Set("/attrs/type", "oidc").None(kindProvider, "/attrs/valid_until")
		a := ask(ctx, s, collectors.Global, "iam:GetOpenIDConnectProvider", client.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn})
		f.Because(a.From...)
		if a.OK() {
			setText(f, kindProvider, "/attrs/url", a.Value.Url)
			f.Set("/attrs/audiences", sortedUnion(a.Value.ClientIDList))
		} else {
			f.Unknown(a.Row, "/attrs/url", "/attrs/audiences")
		}
		s.Emit(kindProvider, f)
	}
}
