package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// office is who signs in these tests: a collector's and an auditor's key, and a timestamp authority.
type office struct {
	*sealtest.Sigstore
	collector, auditor, stranger *seal.Key
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{Sigstore: sealtest.New(t)}
	o.collector, o.auditor, o.stranger = newKey(t), newKey(t), newKey(t)
	return o
}

func (o *office) signer(k *seal.Key) *seal.Signer {
	return &seal.Signer{Key: k, Services: seal.Services{Authorities: []string{o.Authority}}}
}

// trust is a trust.yaml of this office; more is put before its keys.
func (o *office) trust(t *testing.T, more string) *seal.Trust {
	t.Helper()
	return o.trusting(t, more, "", "")
}

// trusting is trust with a window of the collector's key, and with an identity.
func (o *office) trusting(t *testing.T, more, window, identity string) *seal.Trust {
	t.Helper()
	return parseTrust(t, o.trustText(t, more, window, identity), o.Root())
}

// trustText is the text of that trust.yaml; its root is root.json.
func (o *office) trustText(t *testing.T, more, window, identity string) string {
	t.Helper()
	firm := keyEntry(t, "firm", "collector", "run, bundle, judgement, verdict, gap", o.collector)
	if window != "" {
		firm = strings.Replace(firm, "    roles:", "    "+window+"\n    roles:", 1)
	}
	text := more + "timestamp: required\ntrusted_root: root.json\nkeys:\n" + firm + keyEntry(t, "auditor", "auditor", "countersignature", o.auditor)
	if identity != "" {
		text += "identities:\n" + identity
	}
	return text
}

func parseTrust(t *testing.T, text string, root []byte) *seal.Trust {
	t.Helper()
	trust, err := seal.ParseTrust("trust.yaml", []byte(text), func(string) ([]byte, error) { return root, nil })
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// take makes a run, signed by a key when the authority's clock shows an instant.
func (o *office) take(t *testing.T, k *seal.Key, asOf, signedAt time.Time, name string) *Run {
	t.Helper()
	o.Now = func() time.Time { return signedAt }
	return sample(t, o.signer(k), name, asOf)
}

// as_of ≤ first exchange; last exchange ≤ the token's time ≤ that + max_signing_delay.
func TestOrderOfTimes(t *testing.T) {
	o := open(t)
	for name, c := range map[string]struct {
		asOf, signed time.Time
		words        string
	}{
		"in order":             {asOf, ended.Add(time.Minute), ""},
		"in the same second":   {asOf, ended.Truncate(time.Second), ""},
		"at the latest":        {asOf, ended.Add(time.Hour).Truncate(time.Second), ""},
		"too late":             {asOf, ended.Add(time.Hour + time.Second), "more than 1h0m0s after the last exchange"},
		"before the last":      {asOf, ended.Add(-time.Second), "before the last exchange ended"},
		"a year before":        {asOf, ended.AddDate(-1, 0, 0), "before the last exchange ended"},
		"asked before the run": {first.Add(time.Microsecond), ended, "before the run's as_of"},
	} {
		r := o.take(t, o.collector, c.asOf, c.signed, "times")
		_, report, err := Verify(r.Path, o.trust(t, ""), nil, 1)
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: got %v, want %q", name, err, c.words)
		}
		var bad *VerifyError
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("%s: %T is no *VerifyError", name, err)
		}
		if last := report.Checks[len(report.Checks)-1]; (err != nil) != (last.Result == "failed") {
			t.Errorf("%s: the last check is %+v", name, last)
		}
	}
}

// What a forger can do with good signatures of other things, other keys and other times: each is
// refused, and the file at fault is named.
func TestForgedSignatures(t *testing.T) {
	t.Parallel()
	o := open(t)
	at := ended.Add(time.Minute)
	other := o.take(t, o.collector, asOf, at, "another run")
	otherJudgement := judged(t, other, o.signer(o.collector))
	otherSeal := countersigned(t, other, o.signer(o.auditor))
	file := func(r *Run, name string) string { return filepath.Join(r.Path, filepath.FromSlash(name)) }
	copyTo := func(t *testing.T, from, to string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	resign := func(t *testing.T, r *Run, kind seal.Kind, k *seal.Key, digest, to string) {
		t.Helper()
		b, err := o.signer(k).Sign(context.Background(), kind, "x", digest, nil)
		if err == nil {
			err = os.WriteFile(file(r, to), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	judgementSig := func(name string) string { return judgementsDir + "/" + name + "/" + judgementSignatureName }
	// In what is at fault, %j is the judgement, %s its seal, %n the seal that was added.
	cases := []struct {
		name, at, words string
		class           error  // nil: layout and digests
		more            string // of trust.yaml
		forge           func(t *testing.T, r *Run, judgement, sealed string)
	}{
		{"signature of another run", recordName, "about another file", seal.ErrSignature, "", func(t *testing.T, r *Run, _, _ string) { copyTo(t, file(other, signatureName), file(r, signatureName)) }},
		{"re-signed by a stranger", signatureName, "no key of trust.yaml", seal.ErrUntrusted, "", func(t *testing.T, r *Run, _, _ string) { resign(t, r, seal.Run, o.stranger, r.Digest, signatureName) }},
		{"re-signed by the auditor", signatureName, "may not sign a run (allowed: key firm)", seal.ErrUntrusted, "", func(t *testing.T, r *Run, _, _ string) {
			resign(t, r, seal.Run, o.auditor, r.Digest, signatureName)
		}},
		{"signed as another kind", signatureName, "predicate type", seal.ErrSignature, "", func(t *testing.T, r *Run, _, _ string) {
			resign(t, r, seal.Judgement, o.collector, r.Digest, signatureName)
		}},
		{"signed again, later", signatureName, "after the last exchange", seal.ErrTime, "", func(t *testing.T, r *Run, judgement, sealed string) {
			o.Now = func() time.Time { return at.AddDate(0, 1, 0) }
			os.Remove(file(r, sealName(sealed)))
			os.RemoveAll(file(r, judgementsDir+"/"+judgement))
			resign(t, r, seal.Run, o.collector, r.Digest, signatureName)
		}},
		{"judgement's signature of another run", "judgements/%j/judgement.sigstore.json", "about another file", seal.ErrSignature, "", func(t *testing.T, r *Run, judgement, _ string) {
			copyTo(t, file(other, judgementSig(otherJudgement)), file(r, judgementSig(judgement)))
		}},
		{"judgement re-signed by the auditor", "judgements/%j/judgement.sigstore.json", "may not sign a judgement (allowed: key firm)", seal.ErrUntrusted, "", func(t *testing.T, r *Run, judgement, _ string) {
			resign(t, r, seal.Judgement, o.auditor, judgement, judgementSig(judgement))
		}},
		{"judgement signed before the run", "judgements/%j/judgement.sigstore.json", "before the run's own", seal.ErrTime, "", func(t *testing.T, r *Run, judgement, _ string) {
			o.Now = func() time.Time { return at.Add(-30 * time.Second) }
			resign(t, r, seal.Judgement, o.collector, judgement, judgementSig(judgement))
		}},
		{"judgement signed again after it was sealed", "judgements/%j/judgement.sigstore.json", "was sealed", nil, "", func(t *testing.T, r *Run, judgement, _ string) {
			resign(t, r, seal.Judgement, o.collector, judgement, judgementSig(judgement))
		}},
		{"judgement dropped", "judgements/%j/judgement.json", "is missing", nil, "", func(t *testing.T, r *Run, judgement, _ string) { os.RemoveAll(file(r, judgementsDir+"/"+judgement)) }},
		{"judgement of another run", "judgements/" + otherJudgement + "/judgement.json", "about another run", nil, "", func(t *testing.T, r *Run, _, _ string) {
			if err := os.CopyFS(file(r, judgementsDir+"/"+otherJudgement), os.DirFS(file(other, judgementsDir+"/"+otherJudgement))); err != nil {
				t.Fatal(err)
			}
		}},
		{"bundle of another run", "bundles/aws-1.zip", "run.json says", nil, "", func(t *testing.T, r *Run, _, _ string) {
			copyTo(t, file(other, "bundles/aws-1.zip"), file(r, "bundles/aws-1.zip"))
		}},
		{"seal of another run", sealName(otherSeal), "about another run", seal.ErrSignature, "", func(t *testing.T, r *Run, _, _ string) {
			copyTo(t, file(other, sealName(otherSeal)), file(r, sealName(otherSeal)))
		}},
		{"countersigned by the collector", "seals/%n.sigstore.json", "may not sign a countersignature (allowed: key auditor)", seal.ErrUntrusted, "", func(t *testing.T, r *Run, _, _ string) {
			countersigned(t, r, o.signer(o.collector))
		}},
		{"countersigned by a stranger", "seals/%n.sigstore.json", "no key of trust.yaml", seal.ErrUntrusted, "", func(t *testing.T, r *Run, _, _ string) { countersigned(t, r, o.signer(o.stranger)) }},
		{"countersigned before the run", "seals/%n.sigstore.json", "before the run's own", seal.ErrTime, "", func(t *testing.T, r *Run, _, _ string) {
			o.Now = func() time.Time { return at.Add(-time.Hour) }
			countersigned(t, r, o.signer(o.auditor))
		}},
		{"countersignature dropped", ".", "requires a countersignature", seal.ErrUntrusted, "required: [countersignature]\n", func(t *testing.T, r *Run, _, sealed string) { os.Remove(file(r, sealName(sealed))) }},
		{"first of two countersignatures dropped", "seals/%s.sigstore.json", "is missing", nil, "", func(t *testing.T, r *Run, _, sealed string) {
			countersigned(t, r, o.signer(o.auditor))
			os.Remove(file(r, sealName(sealed)))
		}},
		{"seal renamed", sealName(strings.Repeat("0", 64)), "not its name", nil, "", func(t *testing.T, r *Run, _, sealed string) {
			if err := os.Rename(file(r, sealName(sealed)), file(r, sealName(strings.Repeat("0", 64)))); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := o.take(t, o.collector, asOf, at, "a run")
			judgement := judged(t, r, o.signer(o.collector))
			sealed := countersigned(t, r, o.signer(o.auditor))
			if _, _, err := Verify(r.Path, o.trust(t, c.more), []string{judgement, sealed}, 1); err != nil {
				t.Fatalf("before anything was forged: %v", err)
			}
			c.forge(t, r, judgement, sealed)
			newest := ""
			all, err := r.Seals()
			if err != nil {
				t.Fatal(err)
			}
			for _, digest := range all {
				if digest != sealed {
					newest = digest
				}
			}
			want := strings.NewReplacer("%j", judgement, "%s", sealed, "%n", newest).Replace(c.at)
			_, _, err = Verify(r.Path, o.trust(t, c.more), nil, 1)
			var bad *VerifyError
			var layout *LayoutError
			switch {
			case !errors.As(err, &bad) || !strings.Contains(err.Error(), c.words):
				t.Errorf("got %v, want %q", err, c.words)
			case bad.File != want:
				t.Errorf("the fault is at %s, want %s: %v", bad.File, want, err)
			case c.class != nil && !errors.Is(err, c.class), c.class == nil && !errors.As(err, &layout):
				t.Errorf("%v is of another class, want %v", err, c.class)
			}
		})
	}
	t.Logf("%d forgeries", len(cases))
}
