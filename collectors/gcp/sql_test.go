package gcp

import (
	"testing"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/trefoil-audit/trefoil/evidence"
)

// An authorised network that cannot be read never makes an instance closed.
func TestAuthorizedNetworks(t *testing.T) {
	for name, c := range map[string]struct {
		networks []string
		private  bool
		want     any // nil: unknown
	}{
		"none":                     {nil, false, false},
		"one office":               {[]string{"203.0.113.0/24"}, false, false},
		"one address":              {[]string{"203.0.113.7", "2001:db8::1"}, false, false},
		"everyone":                 {[]string{"0.0.0.0/0"}, false, true},
		"everyone by IPv6":         {[]string{"::/0"}, false, true},
		"everyone, no public IP":   {[]string{"0.0.0.0/0"}, true, false},
		"no prefix":                {[]string{"anyone"}, false, nil},
		"a prefix of another form": {[]string{"0.0.0.0/0.0.0.0"}, false, nil},
		"an empty one":             {[]string{""}, false, nil},
		"one of two":               {[]string{"203.0.113.0/24", "0/0"}, false, nil},
		"unread beside everyone":   {[]string{"0/0", "0.0.0.0/0"}, false, true},
		"unread, no public IP":     {[]string{"0/0"}, true, false},
	} {
		ip := &sqladmin.IpConfiguration{Ipv4Enabled: !c.private, SslMode: "ENCRYPTED_ONLY"}
		for _, n := range c.networks {
			ip.AuthorizedNetworks = append(ip.AuthorizedNetworks, &sqladmin.AclEntry{Value: n})
		}
		f := evidence.NewFact(kindSQL, "i", "i")
		setConnection(f, ip, "c:row")
		if got, _ := f.Get("/exposure/public"); got != c.want {
			t.Errorf("%s: public %v", name, got)
		}
		_, how := f.Unknowns["/exposure/public_how"]
		if _, public := f.Unknowns["/exposure/public"]; public != (c.want == nil) || how != public {
			t.Errorf("%s: unknown %v", name, f.Unknowns)
		}
	}
}

// An instance without settings says nothing of its backups, labels and networks, and is complete.
func TestInstanceWithoutSettings(t *testing.T) {
	f := instanceFact("p", &sqladmin.DatabaseInstance{Name: "i", Region: "europe-west1", DatabaseVersion: "MYSQL_8_0", InstanceType: "ON_PREMISES_INSTANCE"}, "c:row")
	for _, ptr := range []string{"/copies", "/tags", "/protection/recoverable_days", "/exposure/public"} {
		if f.Unknowns[ptr] == "" {
			t.Errorf("%s is not unknown", ptr)
		}
	}
	f.Target, f.Seen = "gcp-p", testTime
	if err := f.Because("x:1").Check(kindSQL); err != nil {
		t.Error(err)
	}
}
