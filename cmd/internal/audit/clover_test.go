package audit

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/fixtures"
)

// played is a run of the recorded world, with its judgement, and whose signature on it counts.
type played struct {
	path   string
	run    *run.Run
	judged *Judged
	trust  *seal.Trust
	book   func() ([]byte, error) // its workbook
}

// sharedFolder is there while tests run.
var sharedFolder string

// theClover is the recorded world as it was recorded, replayed and judged once for all tests.
var theClover = sync.OnceValues(func() (*played, error) {
	path, trust, err := playClover(sharedFolder, "")
	if err != nil {
		return nil, err
	}
	p := &played{path: path, trust: trust}
	if p.run, err = run.Open(path); err != nil {
		return nil, err
	}
	if p.judged, err = Recorded(p.run, ""); err != nil {
		return nil, err
	}
	p.book = sync.OnceValues(func() ([]byte, error) {
		var b bytes.Buffer
		err := Workbook(context.Background(), p.judged, &b)
		return b.Bytes(), err
	})
	return p, nil
})

// Tests alone collect less garbage: what benchmarks measure has its part of it.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(inFolder(m))
}

// inFolder runs the tests, and fails where one changed the run that all share.
func inFolder(m *testing.M) int {
	var err error
	if sharedFolder, err = os.MkdirTemp("", "trefoil-clover-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(sharedFolder)
	code := m.Run()
	path := filepath.Join(sharedFolder, "run")
	if _, err := os.Stat(path); err != nil {
		return code // no test asked for it
	}
	r, err := run.Open(path)
	if err == nil {
		_, err = Recorded(r, "") // the one judgement
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "a test changed the run that all share:", err)
		return 1
	}
	return code
}

func cloverOnce(t *testing.T) *played {
	t.Helper()
	p, err := theClover()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seen gives a test the run of the recorded world that all share, and its judgement, to read and no more.
func seen(t *testing.T) (*run.Run, *Judged) {
	t.Helper()
	p := cloverOnce(t)
	r, j := *p.run, *p.judged
	return &r, &j
}

// workbook gives the workbook of [seen].
func workbook(t *testing.T) []byte {
	t.Helper()
	b, err := cloverOnce(t).book()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clover gives a test a run of the recorded world of its own, and its judgement.
func clover(t *testing.T) (path string, r *run.Run, j *Judged, trust *seal.Trust) {
	t.Helper()
	p := cloverOnce(t)
	path = filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(path, os.DirFS(p.path)); err != nil {
		t.Fatal(err)
	}
	r, j = judgedAt(t, path)
	return path, r, j, p.trust
}

// cloverBy replays the recorded world by its engagement with more YAML at the end, and judges it.
func cloverBy(t *testing.T, more string) (path string, r *run.Run, j *Judged, trust *seal.Trust) {
	t.Helper()
	path, trust, err := playClover(t.TempDir(), more)
	if err != nil {
		t.Fatal(err)
	}
	r, j = judgedAt(t, path)
	return path, r, j, trust
}

// judgedAt opens a run and its one judgement.
func judgedAt(t *testing.T, path string) (*run.Run, *Judged) {
	t.Helper()
	r, err := run.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := Recorded(r, "")
	if err != nil {
		t.Fatal(err)
	}
	return r, j
}

// playClover replays the recorded world into a folder, by its engagement with more YAML at the end, and judges it.
func playClover(dir, more string) (path string, trust *seal.Trust, err error) {
	recording := filepath.Join(dir, "recording")
	if err := os.CopyFS(recording, fixtures.Clover()); err != nil {
		return "", nil, err
	}
	source, err := run.Open(recording)
	if err != nil {
		return "", nil, err
	}
	key, err := seal.EphemeralKey()
	if err != nil {
		return "", nil, err
	}
	loaded, err := EngagementOf(source)
	if err != nil {
		return "", nil, err
	}
	loaded.Raw[engagement.FileName] = append(loaded.Raw[engagement.FileName], more...)
	if loaded, err = engagement.Parse(loaded.Raw); err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "run")
	signer := &seal.Signer{Key: key}
	if _, err := Collect(context.Background(), Collection{Engagement: loaded, Out: path, Signer: signer, Clock: time.Now, Progress: func(string) {}, Replay: source, Demo: true}); err != nil {
		return "", nil, err
	}
	r, err := run.Open(path)
	if err != nil {
		return "", nil, err
	}
	if _, err = Judge(context.Background(), Judging{Run: r, JudgedAsOf: r.Record.AsOf, Signer: signer}); err != nil {
		return "", nil, err
	}
	public, err := key.PublicPEM()
	if err != nil {
		return "", nil, err
	}
	text, err := yaml.Marshal(map[string]any{"timestamp": "optional", "keys": []any{map[string]any{"name": "k", "roles": []string{"demo"},
		"may_sign": []string{"run", "bundle", "judgement", "report"}, "public_key": public}}})
	if err != nil {
		return "", nil, err
	}
	trust, err = seal.ParseTrust("trust.yaml", text, nil)
	return path, trust, err
}
