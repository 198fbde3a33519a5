package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // of the programs that scripts run too: a fifth of their time goes to collecting what soon ends with them
	testscript.Main(m, map[string]func(){"trefoil": main})
}

// demonstration makes one `trefoil demo` for all who read or damage a copy of it; demo.txtar and the README
// run their own, and look at what it says.
var demonstration = sync.OnceValues(func() (fs.FS, error) {
	dir, err := os.MkdirTemp("", "trefoil-demonstration-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var said strings.Builder
	if code := trefoil(context.Background(), []string{"trefoil", "demo", "--out", filepath.Join(dir, "demo")}, strings.NewReader(""), &said, &said); code != exitDone {
		return nil, fmt.Errorf("trefoil demo: exit %d: %s", code, said.String())
	}
	return inMemory(os.DirFS(dir))
})

// inMemory takes all files of a tree, so that its folder can go.
func inMemory(from fs.FS) (fs.FS, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			files[name] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
			return nil
		}
		b, err := fs.ReadFile(from, name)
		files[name] = &fstest.MapFile{Data: b, Mode: 0o644}
		return err
	})
	return files, err
}

// demonstrate DIR leaves in an empty folder what `trefoil demo` left there.
func demonstrate(ts *testscript.TestScript, neg bool, args []string) {
	made, err := demonstration()
	ts.Check(err)
	sub, err := fs.Sub(made, "demo")
	ts.Check(err)
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), sub))
}

// TestScripts runs the program itself, each script in an empty folder.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GOGC", "400") // as TestMain says it, and already while packages are set up
			e.Setenv("NOW", time.Now().UTC().Format(time.RFC3339))
			e.Setenv("TOMORROW", time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))
			e.Values[hangingKey{}] = &hanging{asked: make(chan struct{}), open: make(chan struct{})}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"flip": flip, "exits": exits, "unclover": unclover, "demonstrate": demonstrate,
			"nextsecond": nextSecond, "runs": runs, "locked": locked, "trust": trust, "auditor": auditor, "replace": replace, "droppedverdict": droppedVerdict, "countersigner": countersigner, "pin": pin, "sorted": sortedRows, "hang": hang, "json": isJSON, "steady": steady, "initialised": initialised},
	})
}

// flip FILE changes one bit in the middle of a file.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o644))
}

// isJSON wants the last command's standard output to be one JSON text and nothing else.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if out := ts.ReadFile("stdout"); !json.Valid([]byte(out)) {
		ts.Fatalf("not JSON: %s", out)
	}
}

// nextSecond waits until the clock shows another second than now: runs of a store are named by it.
func nextSecond(ts *testscript.TestScript, neg bool, args []string) {
	now := time.Now()
	time.Sleep(time.Until(now.Truncate(time.Second).Add(time.Second)))
}

// runs DIR N wants N runs in a store, each with its workbook, and sets $OLDEST and $NEWEST.
func runs(ts *testscript.TestScript, neg bool, args []string) {
	all, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*Z"))
	ts.Check(err)
	if strconv.Itoa(len(all)) != args[1] {
		ts.Fatalf("runs: %v, want %s", all, args[1])
	}
	for _, path := range all {
		_, err := os.Stat(path + ".xlsx")
		ts.Check(err)
	}
	ts.Setenv("OLDEST", all[0])
	ts.Setenv("OLDESTNAME", filepath.Base(all[0]))
	ts.Setenv("NEWEST", all[len(all)-1])
}

// locked DIR holds a store until the script ends.
func locked(ts *testscript.TestScript, neg bool, args []string) {
	s, err := audit.OpenStore(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.Close()) })
}

var pinLine = regexp.MustCompile(`(?m)^(    )(path|sha256|manifest_sha256|time_limit_s): .*$`)

// pin ENGAGEMENT FILE LIMIT names a plug-in's file in an engagement with a time limit in seconds,
// and writes the digests of it and of its manifest shed.json.
func pin(ts *testscript.TestScript, neg bool, args []string) {
	digest := func(name string) string {
		b, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		return evidence.Digest(b)
	}
	values := map[string]string{"path": args[1], "sha256": digest(args[1]), "manifest_sha256": digest("shed.json"), "time_limit_s": args[2]}
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	text = pinLine.ReplaceAllFunc(text, func(line []byte) []byte {
		name := string(pinLine.FindSubmatch(line)[2])
		return []byte("    " + name + ": " + values[name])
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}
