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
)

// judgedAsOf adds a judgement as of an instant.
func judgedAsOf(t *testing.T, r *Run, s *seal.Signer, at time.Time) string {
	t.Helper()
	digest, err := r.AddJudgement(Judgement{JudgedAsOf: at, Inputs: map[string]string{"a": "b"}}, lineOf(`{"record":"item"}`), func(digest string) ([]byte, error) {
		return s.Sign(context.Background(), seal.Judgement, judgementName, digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// sealedAs adds a seal with a predicate: over all, or over a judgement.
func sealedAs(t *testing.T, r *Run, s *seal.Signer, judgement, form string, predicate map[string]any) {
	t.Helper()
	if _, err := r.AddSeal(judgement, func(files []seal.File) ([]byte, error) {
		return s.SignStatement(context.Background(), form, files, predicate)
	}); err != nil {
		t.Fatal(err)
	}
}

func counterpredicate(at time.Time) map[string]any {
	return map[string]any{"verifier": map[string]any{"id": seal.CountersignVerifier}, "properties": []string{"TREFOIL_RUN_VERIFIED"}, "timeCreated": at}
}

// Nothing is signed before it is made: what claims a time later than its own token is refused.
func TestNoClaimIsLaterThanItsToken(t *testing.T) {
	o := open(t)
	at := ended.Add(time.Minute)
	for name, c := range map[string]struct {
		claimed time.Time
		good    bool
	}{
		"long before":               {asOf, true},
		"in the token's own second": {at.Truncate(time.Second).Add(900 * time.Millisecond), true},
		"a second later":            {at.Truncate(time.Second).Add(time.Second), false},
		"a year later":              {at.AddDate(1, 0, 0), false},
	} {
		r := o.take(t, o.collector, asOf, at, "claims")
		judgement := judgedAsOf(t, r, o.signer(o.collector), c.claimed)
		file, text := finding(t, r.Path, o.trust(t, ""))
		if (text == "") != c.good || !c.good && (file != judgementsDir+"/"+judgement+"/"+judgementSignatureName || !strings.Contains(text, "it is judged as of")) {
			t.Errorf("judged %s: %s: %s", name, file, text)
		}
		if err := os.RemoveAll(filepath.Join(r.Path, judgementsDir, judgement)); err != nil {
			t.Fatal(err)
		}
		sealedAs(t, r, o.signer(o.auditor), "", seal.SVRType, counterpredicate(c.claimed))
		file, text = finding(t, r.Path, o.trust(t, ""))
		if (text == "") != c.good || !c.good && (!strings.HasPrefix(file, sealsDir) || !strings.Contains(text, "it says that it was made at")) {
			t.Errorf("countersigned %s: %s: %s", name, file, text)
		}
	}
}

// Without a token a key must count at every time that is claimed: one that ended between two of them signed
// after its end, or claims a time that was not.
func TestKeysThatEndBetweenClaims(t *testing.T) {
	t.Parallel()
	firm, other, auditor := newKey(t), newKey(t), newKey(t)
	window := func(entry string, from, until time.Time) string {
		text := ""
		if !from.IsZero() {
			text += "    not_before: " + from.Format(time.RFC3339Nano) + "\n"
		}
		if !until.IsZero() {
			text += "    not_after: " + until.Format(time.RFC3339Nano) + "\n"
		}
		return strings.Replace(entry, "    roles:", text+"    roles:", 1)
	}
	between, later := asOf.Add(time.Second), ended.Add(time.Hour)
	if !between.Before(ended) {
		t.Fatal("the scene is wrong")
	}
	type ends struct{ firm, other, auditor time.Time }
	for name, c := range map[string]struct {
		ends   ends
		from   time.Time // of the other's key
		signer *seal.Key // of the run; nil: the firm's
		act    func(t *testing.T, r *Run)
		at     string // the beginning of the file at fault; empty: none is
		suffix string
	}{
		"a bundle's key ended before the last exchange": {ends: ends{firm: between}, at: "bundles/aws-1.zip", suffix: "manifest.sigstore.json"},
		"a run's key ended before the last exchange":    {ends: ends{other: between}, signer: other, at: signatureName},
		"a run's key ended after it":                    {ends: ends{firm: ended.Add(time.Second), other: ended.Add(time.Second)}, signer: other},
		"a judge's key ended before the last exchange": {ends: ends{other: between}, at: judgementsDir, suffix: judgementSignatureName, act: func(t *testing.T, r *Run) {
			judgedAsOf(t, r, &seal.Signer{Key: other}, asOf)
		}},
		"a judge's key that began after the run": {from: ended.Add(time.Minute), act: func(t *testing.T, r *Run) {
			judgedAsOf(t, r, &seal.Signer{Key: other}, later)
		}},
		"an auditor's key ended before the last exchange": {ends: ends{auditor: between}, at: sealsDir, act: func(t *testing.T, r *Run) {
			sealedAs(t, r, &seal.Signer{Key: auditor}, "", seal.SVRType, map[string]any{"verifier": map[string]any{"id": seal.CountersignVerifier}})
		}},
		"an auditor's key ended before it was sealed": {ends: ends{auditor: later}, at: sealsDir, act: func(t *testing.T, r *Run) {
			sealedAs(t, r, &seal.Signer{Key: auditor}, "", seal.SVRType, counterpredicate(later))
		}},
		"an auditor's key ended after it was sealed": {ends: ends{auditor: later.Add(time.Second)}, act: func(t *testing.T, r *Run) {
			sealedAs(t, r, &seal.Signer{Key: auditor}, "", seal.SVRType, counterpredicate(later))
		}},
		"a verdict's key ended before the judgement": {ends: ends{other: later}, at: sealsDir, act: func(t *testing.T, r *Run) {
			sealedAs(t, r, &seal.Signer{Key: other}, judgedAsOf(t, r, &seal.Signer{Key: firm}, later), seal.TestResultType, map[string]any{"result": "PASSED"})
		}},
	} {
		text := "timestamp: optional\nkeys:\n" + window(keyEntry(t, "firm", "collector", "run, bundle, judgement", firm), time.Time{}, c.ends.firm) +
			window(keyEntry(t, "other", "collector", "run, judgement, verdict", other), c.from, c.ends.other) +
			window(keyEntry(t, "auditor", "auditor", "countersignature", auditor), time.Time{}, c.ends.auditor)
		signer := firm
		if c.signer != nil {
			signer = c.signer
		}
		r := sampled(t, sampling{signer: &seal.Signer{Key: signer}, bundles: &seal.Signer{Key: firm}, name: "ends", asOf: asOf, targets: []string{"aws-1"}})
		if c.act != nil {
			c.act(t, r)
		}
		_, report, err := Verify(r.Path, parseTrust(t, text, nil), nil, 1)
		var bad *VerifyError
		switch {
		case c.at == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.at == "":
		case !errors.As(err, &bad) || !errors.Is(err, seal.ErrTime) || !strings.Contains(err.Error(), "does not count at"):
			t.Errorf("%s: got %v", name, err)
		case !strings.HasPrefix(bad.File, c.at) || !strings.HasSuffix(bad.File, c.suffix):
			t.Errorf("%s: %s was named: %v", name, bad.File, err)
		}
		if err == nil && !strings.Contains(report.Checks[len(report.Checks)-2].Detail, "NO TIMESTAMP") {
			t.Errorf("%s: the last checks are %+v", name, report.Checks)
		}
	}
}

// A judgement without a token says so, also where the run has one.
func TestUntimedJudgementIsShown(t *testing.T) {
	o := open(t)
	r := o.take(t, o.collector, asOf, ended.Add(time.Minute), "a run")
	judged(t, r, &seal.Signer{Key: o.collector})
	text := strings.Replace(o.trustText(t, "", "", ""), "timestamp: required", "timestamp: optional", 1)
	_, report, err := Verify(r.Path, parseTrust(t, text, o.Root()), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	shown := false
	for _, c := range report.Checks {
		shown = shown || c.Result == "warning" && c.What == "time of the judgement" && strings.Contains(c.Detail, "NO TIMESTAMP")
	}
	if !shown {
		t.Errorf("no warning: %+v", report.Checks)
	}
}
