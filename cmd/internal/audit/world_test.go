package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/fixtures"
)

// plant is one line of PLANTED.yaml. Where its fact is a pattern, Count says of how many items.
type plant struct {
	Control, Fact, Why string
	Count              int
}

// gap is a list that was not answered, and the controls that say so.
// Where its row is a pattern, Count says of how many rows.
type gap struct {
	Row, Status string
	Controls    []string
	Count       int
}

// counts reports whether so many are what a line of PLANTED.yaml says: one, or as many as it counts where
// it is a pattern.
func counts(pattern string, said, found int) bool {
	if strings.Contains(pattern, "*") {
		return said > 0 && found == said
	}
	return said == 0 && found == 1
}

// clover replays the recorded world into a folder and judges it.
func clover(t *testing.T) (path string, r *run.Run, j *Judged, trust *seal.Trust) {
	t.Helper()
	return cloverBy(t, "")
}

// cloverBy replays the recorded world by its engagement with more YAML at the end.
func cloverBy(t *testing.T, more string) (path string, r *run.Run, j *Judged, trust *seal.Trust) {
	t.Helper()
	dir := t.TempDir()
	recording := filepath.Join(dir, "recording")
	if err := os.CopyFS(recording, fixtures.Clover()); err != nil {
		t.Fatal(err)
	}
	source, err := run.Open(recording)
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := EngagementOf(source)
	if err != nil {
		t.Fatal(err)
	}
	loaded.Raw[engagement.FileName] = append(loaded.Raw[engagement.FileName], more...)
	if loaded, err = engagement.Parse(loaded.Raw); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "run")
	signer := &seal.Signer{Key: key}
	if _, err := Collect(context.Background(), Collection{Engagement: loaded, Out: path, Signer: signer, Clock: time.Now, Progress: func(string) {}, Replay: source, Demo: true}); err != nil {
		t.Fatal(err)
	}
	if r, err = run.Open(path); err != nil {
		t.Fatal(err)
	}
	if j, err = Judge(context.Background(), Judging{Run: r, JudgedAsOf: r.Record.AsOf, Signer: signer}); err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{"timestamp": "optional", "keys": []any{map[string]any{"name": "k", "roles": []string{"demo"},
		"may_sign": []string{"run", "bundle", "judgement", "report"}, "public_key": public}}})
	if err != nil {
		t.Fatal(err)
	}
	if trust, err = seal.ParseTrust("trust.yaml", text, nil); err != nil {
		t.Fatal(err)
	}
	return path, r, j, trust
}

// drawnIDs replaces {name} by the id that the server drew when the world was recorded.
func drawnIDs(t *testing.T) *strings.Replacer {
	t.Helper()
	text, err := os.ReadFile("../../../fixtures/drawn.json")
	if err != nil {
		t.Fatal(err)
	}
	var drawn map[string]string
	if err := json.Unmarshal(text, &drawn); err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for name, id := range drawn {
		pairs = append(pairs, "{"+name+"}", id)
	}
	return strings.NewReplacer(pairs...)
}

// All results of the world are compared with what is planted, both ways.
func TestWorldFindsWhatIsPlanted(t *testing.T) {
	text, err := os.ReadFile("../../../fixtures/PLANTED.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var planted struct {
		Wrong, Unjudged, Fine []plant
		Gaps                  []gap
	}
	if err := yaml.UnmarshalWithOptions(text, &planted, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	drawn := drawnIDs(t)
	for _, list := range [][]plant{planted.Wrong, planted.Unjudged, planted.Fine} {
		for n := range list {
			list[n].Fact = drawn.Replace(list[n].Fact)
			if strings.ContainsAny(list[n].Fact, "{}") {
				t.Errorf("PLANTED.yaml: %s: no such name in drawn.json", list[n].Fact)
			}
		}
	}
	_, r, j, _ := clover(t)
	sameGaps(t, r, j, planted.Gaps)
	want := map[controls.Verdict][]plant{controls.Fail: planted.Wrong, controls.Insufficient: planted.Unjudged}
	matches := func(p plant, i *controls.Item) bool {
		return p.Control == i.Control && engagement.Match(p.Fact, i.Fact)
	}
	got := map[string]controls.Verdict{}
	var items []controls.Item
	for i, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, i)
	}
	for n := range items {
		i := &items[n]
		got[i.Control+" "+i.Fact] = i.Verdict
		if i.Verdict != controls.Pass && !slices.ContainsFunc(want[i.Verdict], func(p plant) bool { return matches(p, i) }) {
			t.Errorf("%s %s: %s (%s), and nothing like that is planted", i.Control, i.Fact, i.Verdict, i.Reason)
		}
	}
	for verdict, list := range want {
		for _, p := range list {
			found := 0
			for n := range items {
				if items[n].Verdict == verdict && matches(p, &items[n]) {
					found++
				}
			}
			if !counts(p.Fact, p.Count, found) {
				t.Errorf("%s %s: planted as %s (count %d), and %d items came of it: %s", p.Control, p.Fact, verdict, p.Count, found, p.Why)
			}
		}
	}
	out := map[string]bool{}
	for o, err := range j.Results.Out() {
		if err != nil {
			t.Fatal(err)
		}
		out[o.Fact] = true
	}
	for _, p := range planted.Fine {
		if v := got[p.Control+" "+p.Fact]; v != controls.Pass && !out[p.Fact] {
			t.Errorf("%s %s: %q; it is fine: %s", p.Control, p.Fact, v, p.Why)
		}
	}
	t.Logf("%d wrong, %d unjudged, %d fine", len(planted.Wrong), len(planted.Unjudged), len(planted.Fine))
}

// sameGaps compares, both ways, the lists that were not answered with those that are planted, and
// the controls that name them.
func sameGaps(t *testing.T, r *run.Run, j *Judged, planted []gap) {
	t.Helper()
	found := make([]int, len(planted))
	for row, err := range Coverage(r) {
		if err != nil {
			t.Fatal(err)
		}
		for n, g := range planted {
			if row.List && engagement.Match(g.Row, row.ID) && g.Status == string(row.Status) {
				found[n]++
			}
		}
		if !row.List || row.Status.Seen() || row.Status == evidence.NotEnabled {
			continue
		}
		at := slices.IndexFunc(planted, func(g gap) bool { return engagement.Match(g.Row, row.ID) && g.Status == string(row.Status) })
		if at < 0 && len(controlsWith(j, row.ID)) > 0 {
			t.Errorf("%s is %s, and nothing like that is planted", row.ID, row.Status)
		}
	}
	for n, g := range planted {
		if !counts(g.Row, g.Count, found[n]) {
			t.Errorf("%s is %s (count %d): %d rows", g.Row, g.Status, g.Count, found[n])
		}
		if got := controlsWith(j, g.Row); !slices.Equal(got, g.Controls) {
			t.Errorf("%s is named by %v, planted for %v", g.Row, got, g.Controls)
		}
		for _, l := range j.Results.Lines {
			if slices.Contains(g.Controls, l.Control) && (l.Verdict == controls.Pass || l.Verdict == controls.NotApplicable) {
				t.Errorf("%s: %s though %s was not answered", l.Control, l.Verdict, g.Row)
			}
		}
	}
}

func controlsWith(j *Judged, row string) (out []string) {
	for _, l := range j.Results.Lines {
		if slices.ContainsFunc(l.Gaps, func(gap string) bool { return engagement.Match(row, gap) }) {
			out = append(out, l.Control)
		}
	}
	return out
}

func TestVerifyAndReperform(t *testing.T) {
	path, _, j, trust := clover(t)
	book := filepath.Join(t.TempDir(), "report.xlsx")
	var b bytes.Buffer
	if err := Workbook(context.Background(), j, &b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	v := Verification{Path: path, Trust: trust, Workers: 2, Reperform: true, Report: book, Progress: func(string) {}}
	_, report, err := Verify(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	var reperformed int
	for _, c := range report.Checks {
		if c.Result == "ok" && len(c.What) > 13 && c.What[:14] == "re-performance" {
			reperformed++
		}
	}
	if reperformed != 6 {
		t.Errorf("%d parts were re-performed, want plan, exchanges, coverage, facts, results, workbook", reperformed)
	}
	// One that is stopped has found nothing about the evidence.
	stopped, stop := context.WithCancel(context.Background())
	stop()
	var bad *run.VerifyError
	if _, _, err := Verify(stopped, v); !errors.Is(err, context.Canceled) || errors.As(err, &bad) {
		t.Errorf("stopped: %v", err)
	}
	// A workbook of other results is refused.
	changed := 0
	all := j.Results
	j.Results = controls.NewResults(all.JudgedAsOf, all.Lines, func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for i, err := range all.Items() {
				if err != nil {
					t.Fatal(err)
				}
				if i.Verdict != controls.Pass {
					i.Reason = "All is well."
					changed++
				}
				if !yield(evidence.Canonical(i)) {
					return
				}
			}
		}
	})
	b.Reset()
	if err := Workbook(context.Background(), j, &b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Verify(context.Background(), v); !errors.As(err, &bad) || bad.File != book {
		t.Errorf("a changed workbook: %v", err)
	}
	if changed == 0 {
		t.Error("nothing was changed")
	}
}

// A judgement that was written by hand and signed with a good key does not come out again.
func TestReperformRefusesForgedResults(t *testing.T) {
	path, r, j, _ := clover(t)
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	for i := range j.Results.Lines {
		j.Results.Lines[i].Verdict = controls.Pass
	}
	signer := &seal.Signer{Key: key}
	forged, err := r.AddJudgement(run.Judgement{JudgedAsOf: j.JudgedAsOf, Inputs: j.Inputs}, j.Results.Encoded(), func(d string) ([]byte, error) {
		return signer.Sign(context.Background(), seal.Judgement, "judgement.json", d, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	report := &run.Report{Judgements: []string{forged}}
	v := Verification{Path: path}
	var bad *run.VerifyError
	if err := v.results(context.Background(), r, report); !errors.As(err, &bad) {
		t.Errorf("forged results re-perform: %v", err)
	}
}

// Any byte that is flipped, cut, added or missing in any file of a run is refused by a *run.VerifyError,
// which is exit code 4 (cmd/trefoil), and that file is named.
func TestEveryDamageIsRefused(t *testing.T) {
	path, _, _, trust := clover(t)
	refused := func(file, what string) {
		t.Helper()
		_, report, err := Verify(context.Background(), Verification{Path: path, Trust: trust, Workers: 2, Progress: func(string) {}})
		var bad *run.VerifyError
		switch {
		case !errors.As(err, &bad):
			t.Errorf("%s %s: %v", file, what, err)
		case bad.File != file:
			t.Errorf("%s %s: %s was named: %v", file, what, bad.File, err)
		case report.Checks[len(report.Checks)-1].Result != "failed":
			t.Errorf("%s %s: the report does not say so", file, what)
		}
	}
	cases := 0
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		whole, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		write := func(b []byte) {
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		name, err := filepath.Rel(path, file)
		if err != nil {
			return err
		}
		for i := range 6 {
			at := i * (len(whole) - 1) / 5
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << (i % 8)
			write(flipped)
			refused(name, fmt.Sprintf("bit flipped at %d", at))
			cases++
		}
		write(whole[:len(whole)-1])
		refused(name, "last byte cut")
		write(append(bytes.Clone(whole), '\n'))
		refused(name, "byte added")
		if err := os.Remove(file); err != nil {
			return err
		}
		refused(name, "removed")
		write(whole)
		cases += 3
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, added := range []string{"notes.txt", "bundles/more.zip", "inputs/more.yaml", "seals/x.json", "judgements/x"} {
		full := filepath.Join(path, added)
		if err := os.WriteFile(full, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		refused(added, "added")
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		cases++
	}
	if _, _, err := Verify(context.Background(), Verification{Path: path, Trust: trust, Workers: 2, Progress: func(string) {}}); err != nil {
		t.Errorf("put together again, the run does not verify: %v", err)
	}
	t.Logf("%d damages, all refused", cases)
}

// secrets are what AWS, Google and the like hand out and sign with: keys, tokens, the parameters of
// presigned URLs. Certificates of identity providers are public, and none of them.
var secrets = regexp.MustCompile(`(?i)AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|SecretAccessKey|SessionToken|X-Amz-Security-Token|X-Amz-Signature|X-Amz-Credential|AWS4-HMAC|AWSAccessKeyId=|` +
	`ya29\.[0-9a-z_-]{8}|AIza[0-9a-z_-]{35}|GoogleAccessId=|X-Goog-Signature|X-Goog-Credential|X-Goog-Security-Token|"private_key"|"(access|refresh|id)_token"|client_secret|` +
	`eyJ[0-9a-z_-]{10,}\.eyJ[0-9a-z_-]{10,}\.|Bearer [0-9a-z._-]{8}|Authorization"|BEGIN [A-Z ]*PRIVATE KEY|Correct-Horse|password=`)

// The scan finds what it is for, and not what is harmless.
func TestSecretScan(t *testing.T) {
	for _, secret := range []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "x-amz-security-token: a", "/o?X-Amz-Signature=00", "?AWSAccessKeyId=a&Signature=b",
		"ya29.a0AfH6SMBx", "AIzaSyA1234567890123456789012345678901_-", "/o?GoogleAccessId=a", "?X-Goog-Signature=00", `{"private_key":"x"}`, `{"access_token":"x"}`,
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0abcd.c2ln", "Authorization: Bearer abcdefgh", "-----BEGIN EC PRIVATE KEY-----", "<SecretAccessKey>x</SecretAccessKey>"} {
		if !secrets.MatchString(secret) {
			t.Errorf("%s is not found", secret)
		}
	}
	for _, harmless := range []string{"-----BEGIN CERTIFICATE-----", "<ds:X509Certificate>MIIC</ds:X509Certificate>", "AIDAIOSFODNN7EXAMPLE", "AROAIOSFODNN7EXAMPLE", "arn:aws:kms:eu-west-1:1:key/1"} {
		if secrets.MatchString(harmless) {
			t.Errorf("%s counts as a secret", harmless)
		}
	}
}

// No credential, token or signature is in a recording.
func TestRecordingHoldsNoSecrets(t *testing.T) {
	_, r, _, _ := clover(t)
	bytesSeen := 0
	for _, target := range r.Targets() {
		parts, err := r.Bundle(target)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			for line, err := range p.Lines(bundle.ExchangesName) {
				if err != nil {
					t.Fatal(err)
				}
				bytesSeen += len(line)
				if hit := secrets.Find(line); hit != nil {
					t.Errorf("%s: %q in an exchange: %.200s", target, hit, line)
				}
			}
			for _, e := range p.Manifest().Entries {
				digest, ok := strings.CutPrefix(e.Path, "bodies/")
				if !ok {
					continue
				}
				body, _, err := p.Body(digest)
				if err != nil {
					t.Fatal(err)
				}
				bytesSeen += len(body)
				if hit := secrets.Find(body); hit != nil {
					t.Errorf("%s: %q in body %s", target, hit, digest)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if bytesSeen < 100_000 {
		t.Errorf("only %d bytes were looked at", bytesSeen)
	}
}
