package gcp

import (
	"encoding/json"
	"testing"

	"google.golang.org/api/iam/v1"
)

// The name that SAML metadata gives is its root's, and nothing that stands further in.
func TestEntityOf(t *testing.T) {
	for text, want := range map[string]string{
		`<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:x" entityID="https://idp.test/saml"><a/></md:EntityDescriptor>`: "https://idp.test/saml",
		`<EntitiesDescriptor><EntityDescriptor entityID="https://idp.test/saml"/></EntitiesDescriptor>`:                          "",
		`<EntityDescriptor entityID=""/>`: "",
		`<html>`:                          "",
		``:                                "",
	} {
		name, unread := entityOf(text)
		if name != want || (unread == "") != (want != "") {
			t.Errorf("%s: %q (%s), want %q", text, name, unread, want)
		}
	}
}

// What an answer does not say of an issuer is unknown, and never none.
func TestIssuerNotSaid(t *testing.T) {
	pool := &identityPool{name: "projects/p/locations/global/workloadIdentityPools/ci", usable: true}
	for name, c := range map[string]struct {
		p    iam.WorkloadIdentityPoolProvider
		want []string
	}{
		"oidc":             {iam.WorkloadIdentityPoolProvider{Oidc: &iam.Oidc{IssuerUri: "https://idp.test"}}, nil},
		"oidc, no issuer":  {iam.WorkloadIdentityPoolProvider{Oidc: &iam.Oidc{}}, []string{"/attrs/url"}},
		"aws":              {iam.WorkloadIdentityPoolProvider{Aws: &iam.Aws{AccountId: "111122223333"}}, nil},
		"certificates":     {iam.WorkloadIdentityPoolProvider{X509: &iam.X509{}}, []string{"/attrs/url"}},
		"a sort to come":   {iam.WorkloadIdentityPoolProvider{}, []string{"/attrs/type", "/attrs/url"}},
		"saml, unreadable": {iam.WorkloadIdentityPoolProvider{Saml: &iam.Saml{IdpMetadataXml: "x"}}, []string{"/attrs/url"}},
	} {
		p := workloadProvider(&c.p)
		unknownOf(t, name, kindProvider, providerFact("//iam.googleapis.com/"+pool.name+"/providers/x", pool, &p, "c:row"), c.want...)
	}
}

// No provider, however it is made, breaks its fact.
func FuzzProvider(f *testing.F) {
	f.Add(`{"name":"projects/1/locations/global/workloadIdentityPools/p/providers/x","state":"ACTIVE","oidc":{"issuerUri":"https://idp.test"},"attributeMapping":{"google.subject":"assertion.sub"}}`)
	f.Add(`{"saml":{"idpMetadataXml":"<EntityDescriptor entityID=\"x\"/>"},"disabled":true}`)
	f.Fuzz(func(t *testing.T, text string) {
		var w iam.WorkloadIdentityPoolProvider
		var force iam.WorkforcePoolProvider
		if json.Unmarshal([]byte(text), &w) != nil || json.Unmarshal([]byte(text), &force) != nil {
			return
		}
		pool := &identityPool{name: "p"}
		for _, p := range []provider{workloadProvider(&w), workforceProvider(&force)} {
			fact := providerFact("id", pool, &p, "c:row").Because("x:1")
			fact.Target, fact.Seen = "gcp-p", testTime
			if err := fact.Check(kindProvider); err != nil {
				t.Fatal(err)
			}
		}
	})
}
