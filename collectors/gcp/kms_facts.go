package gcp

import (
	"net/url"
	"slices"
	"strings"

	"google.golang.org/api/cloudkms/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// keyAnswers is everything that was asked about one key.
type keyAnswers struct {
	key          *cloudkms.CryptoKey
	region       string
	owner        owner
	own          identity
	from         []string
	ring, policy collectors.Answer[*cloudkms.Policy]
	versions     []*cloudkms.CryptoKeyVersion
	versionsSeen bool
	versionsRow  string
	versionsFrom []string
	asked        bool // its backend is a connection, which was asked
	connection   collectors.Answer[*cloudkms.EkmConnection]
}

func (a *keyAnswers) fact() *evidence.Fact {
	k := a.key
	f := evidence.NewFact(kindKey, keyID(k.Name), last(k.Name)).Because(a.from...).Because(a.versionsFrom...).Because(a.connection.From...)
	f.Region = a.region
	f.SetTags(k.Labels).Set("/located", []string{a.region}).Set("/key/multi_region", !ofRegion(a.region))
	a.setOrigin(f)
	a.setState(f)
	a.setRotation(f)
	a.setExposure(f)
	a.setAttrs(f)
	return f
}

// level is the protection level of new versions.
func (a *keyAnswers) level() string {
	if t := a.key.VersionTemplate; t != nil && t.ProtectionLevel != "" {
		return t.ProtectionLevel
	}
	if p := a.key.Primary; p != nil {
		return p.ProtectionLevel
	}
	return ""
}

// setOrigin says where the key's material comes from and who keeps it. One version that is
// still of use and came from elsewhere is enough to say so.
func (a *keyAnswers) setOrigin(f *evidence.Fact) {
	if !a.versionsSeen {
		f.Unknown(a.versionsRow, "/key/origin", "/key/custodian", "/attrs/external_hosts")
		return
	}
	levels, imported := []string{}, a.key.ImportOnly
	if l := a.level(); l != "" {
		levels = append(levels, l)
	}
	var hosts []string
	for _, v := range a.versions {
		if v.State == "DESTROYED" {
			continue
		}
		levels = append(levels, v.ProtectionLevel)
		imported = imported || v.ImportJob != "" || v.ImportTime != ""
		if o := v.ExternalProtectionLevelOptions; o != nil {
			if u, err := url.Parse(o.ExternalKeyUri); err == nil && u.Hostname() != "" {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	external := slices.Contains(levels, "EXTERNAL") || slices.Contains(levels, "EXTERNAL_VPC")
	if a.asked && a.connection.OK() {
		for _, r := range a.connection.Value.ServiceResolvers {
			hosts = append(hosts, r.Hostname)
		}
	}
	if len(levels) == 0 && !imported { // neither a template nor a version that is of use says it
		f.Unknown(a.versionsRow, "/key/origin", "/key/custodian", "/attrs/external_hosts")
		return
	}
	f.Set("/key/origin", origin(levels, imported, external))
	hosts = sorted(hosts)
	switch {
	case !external:
		f.Set("/key/custodian", "google")
		f.Set("/attrs/external_hosts", hosts)
	case a.asked && !a.connection.OK():
		f.Unknown(a.connection.Row, "/key/custodian", "/attrs/external_hosts")
	case len(hosts) == 0: // an external key has a manager, named or not
		f.Unknown(a.versionsRow, "/key/custodian", "/attrs/external_hosts")
	default:
		f.Set("/attrs/external_hosts", hosts).Set("/key/custodian", strings.Join(hosts, ", "))
	}
}

// origin is the key's origin; a level that is not known stays as it came.
func origin(levels []string, imported, external bool) string {
	switch {
	case external:
		return "external"
	case imported:
		return "imported"
	}
	for _, l := range levels {
		if l != "SOFTWARE" && l != "HSM" && l != "HSM_SINGLE_TENANT" {
			return l
		}
	}
	if len(levels) > 0 && !slices.Contains(levels, "SOFTWARE") {
		return "hsm"
	}
	return "provider"
}

// states maps the states of versions; one that is not here stays as it came.
var states = map[string]string{"ENABLED": "enabled", "DISABLED": "disabled", "DESTROY_SCHEDULED": "pending_deletion", "DESTROYED": "destroyed",
	"PENDING_IMPORT": "pending_import", "PENDING_GENERATION": "unavailable", "IMPORT_FAILED": "unavailable", "GENERATION_FAILED": "unavailable"}

// setState says the state of the version in use: the primary one, else the best of all.
func (a *keyAnswers) setState(f *evidence.Fact) {
	if !a.versionsSeen {
		f.Unknown(a.versionsRow, "/key/state", "/key/deletes_at", "/attrs/version_states")
		return
	}
	seen, destroy, unsaid := []string{}, "", false
	for _, v := range a.versions {
		seen = append(seen, v.State)
		unsaid = unsaid || v.State == "DESTROY_SCHEDULED" && v.DestroyTime == ""
		if v.State == "DESTROY_SCHEDULED" && (destroy == "" || v.DestroyTime < destroy) {
			destroy = v.DestroyTime
		}
	}
	current := ""
	if a.key.Primary != nil {
		current = a.key.Primary.State
	} else {
		for _, s := range []string{"ENABLED", "DISABLED", "PENDING_IMPORT", "PENDING_GENERATION", "DESTROY_SCHEDULED", "DESTROYED"} {
			if slices.Contains(seen, s) {
				current = s
				break
			}
		}
	}
	switch known, ok := states[current]; {
	case ok:
		f.Set("/key/state", known)
	case current == "" && len(seen) == 0:
		f.Set("/key/state", "pending_import") // no version at all
	case current == "":
		f.Set("/key/state", seen[0])
	default:
		f.Set("/key/state", current)
	}
	if unsaid {
		f.Unknown(a.versionsRow, "/key/deletes_at")
	} else {
		setTime(f, kindKey, "/key/deletes_at", destroy, a.versionsRow)
	}
	f.Set("/attrs/version_states", sorted(seen))
}

func (a *keyAnswers) setRotation(f *evidence.Fact) {
	k := a.key
	if n, ok := daysAtMost(k.RotationPeriod); ok {
		f.Set("/key/rotation_days", n)
	} else {
		f.None(kindKey, "/key/rotation_days")
	}
	setTime(f, kindKey, "/attrs/next_rotation", k.NextRotationTime, a.versionsRow)
	if n, ok := days(k.DestroyScheduledDuration); ok {
		f.Set("/attrs/destroy_days", n)
	} else {
		f.None(kindKey, "/attrs/destroy_days")
	}
}

// setExposure says whom the key's own policy and its ring's let in from outside the project.
func (a *keyAnswers) setExposure(f *evidence.Fact) {
	f.Because(a.policy.From...).Because(a.ring.From...).Because(a.own.from...)
	for _, answer := range []collectors.Answer[*cloudkms.Policy]{a.policy, a.ring} {
		if !answer.OK() {
			f.Unknown(answer.Row, "/exposure/public", "/exposure/public_how", "/exposure/shared_with")
			return
		}
	}
	r, how := policyReach(a.owner, slices.Concat(kmsBindings(a.policy.Value), kmsBindings(a.ring.Value)))
	f.Set("/exposure/public", len(how) > 0).Set("/exposure/public_how", how).Set("/exposure/shared_with", r.shared)
}

func (a *keyAnswers) setAttrs(f *evidence.Fact) {
	k := a.key
	f.Set("/attrs/purpose", k.Purpose).Set("/attrs/import_only", k.ImportOnly)
	setText(f, kindKey, "/attrs/protection_level", a.level())
	algorithm := ""
	if k.VersionTemplate != nil {
		algorithm = k.VersionTemplate.Algorithm
	}
	setText(f, kindKey, "/attrs/algorithm", algorithm)
	setText(f, kindKey, "/attrs/backend", k.CryptoKeyBackend)
	p := k.KeyAccessJustificationsPolicy
	f.Set("/attrs/reasons_limited", p != nil)
	if p != nil {
		f.Set("/attrs/access_reasons", sorted(p.AllowedAccessReasons))
	} else {
		f.None(kindKey, "/attrs/access_reasons")
	}
}
