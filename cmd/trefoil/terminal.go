package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// thisBuild gives what identifies this build: its version, Go, and the digest of its own bytes. The executable is
// opened at once, since another may take its place while a command works, and read where somebody asks: who
// records or compares the digest does, and no other.
func thisBuild() func() (run.Tool, error) {
	var f *os.File
	path, err := os.Executable()
	if err == nil {
		f, err = os.Open(path)
	}
	return sync.OnceValues(func() (run.Tool, error) {
		info := run.Tool{Version: version(), Go: goVersion()}
		if err != nil {
			return info, fmt.Errorf("read own binary: %w", err)
		}
		sum := sha256.New()
		_, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<20)) // a file that writes itself takes no buffer
		if err = errors.Join(err, f.Close()); err != nil {
			return info, fmt.Errorf("read own binary: %w", err)
		}
		info.Binary = hex.EncodeToString(sum.Sum(nil))
		return info, nil
	})
}

// progress prints each target that is begun, on a terminal alone.
func progress(c *cli.Context) func(string) { return progressOf(c, "asking") }

// progressOf prints each thing that work begins on, on a terminal alone.
func progressOf(c *cli.Context, doing string) func(string) {
	if c.Bool("quiet") || !isTerminal(c.App.ErrWriter) {
		return func(string) {}
	}
	return func(target string) { tell(c.App.ErrWriter, "  %s %s\n", doing, target) }
}

// notes is where what was written is said: beside the JSON, where that was asked for.
func notes(c *cli.Context) io.Writer {
	if c.Bool(jsonFlag.Name) {
		return c.App.ErrWriter
	}
	return c.App.Writer
}

// verdictWords are the verdicts as they are printed.
var verdictWords = map[controls.Verdict]string{controls.Pass: "pass", controls.Fail: "FAIL", controls.Insufficient: "INSUFFICIENT",
	controls.NotTested: "not tested", controls.NotApplicable: "not applicable", controls.Error: "ERROR"}

// printResults prints one line a control.
func printResults(w io.Writer, r *controls.Results) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, l := range r.Lines {
		mark := ""
		if !l.Selected {
			mark = " (not selected)"
		}
		tell(t, "%s\t%s%s\t%s\n", l.Control, verdictWords[l.Verdict], mark, shorten(l.Reason))
	}
	_ = t.Flush() // the writer below is a terminal or a pipe: nothing to do where it is gone
}

func shorten(s string) string {
	const most = 140
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// gate turns the results of a run into the exit code. Where says where the exceptions are shown.
func gate(r *controls.Results, run, where string) error {
	switch failed, unjudged := r.Gate(); {
	case failed:
		return &codeError{code: exitFailed, message: "a selected control failed", hint: where}
	case unjudged:
		return &codeError{code: exitUnjudged, message: "nothing selected failed, but something could not be judged", hint: "trefoil coverage " + run + " shows what was not seen, and why"}
	}
	return nil
}

// instantFlag reads --as-of; the fallback is used where it is not given. A later instant than the
// clock's is refused: a judgement would be signed of a day that nobody has seen.
func instantFlag(c *cli.Context, fallback time.Time) (time.Time, error) {
	text := c.String(asOfFlag.Name)
	if text == "" {
		return fallback.UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, &usageError{fmt.Errorf("--as-of %q is no instant such as 2026-11-24T09:00:00Z", text)}
	}
	if now := time.Now(); t.After(now) {
		return t, &codeError{code: exitCould, message: fmt.Sprintf("--as-of %s is later than this machine's clock, %s: nobody can have judged as of then", text, now.UTC().Format(time.RFC3339)),
			hint: "name an instant that has passed, or leave --as-of out; or set the clock right"}
	}
	return t.UTC(), nil
}

// openRun opens a run for a command: where its bytes are not as they were, nothing is read.
func openRun(path string) (*run.Run, error) {
	if err := notCopy(path); err != nil {
		return nil, err
	}
	r, err := run.Open(path)
	if errors.Is(err, run.ErrNoRun) && strings.HasSuffix(path, ".xlsx") {
		return nil, &usageError{fmt.Errorf("%s is a workbook: say which run it is of: --run RUN", path)}
	}
	var layout *run.LayoutError
	if errors.As(err, &layout) {
		return nil, &codeError{code: exitUnverified, message: fmt.Sprintf("%s: the evidence does not verify: %v", path, err)}
	}
	return r, err
}

// evidenceHint gives the cure of what does not verify.
func evidenceHint(err error) string {
	if errors.Is(err, seal.ErrUntrusted) {
		return "whose signatures count, trust.yaml says: give that signer an entry, a role or what it may_sign there, if it shall count (docs/signature.md)"
	}
	return "keep the run as it is, and compare with another copy"
}

// hintFor gives the cure of errors that say none themselves.
func hintFor(err error) string {
	var file *engagement.FileError
	var other *audit.OtherBuildError
	var pin *plugin.PinError
	var kinds *audit.PluginKindsError
	switch {
	case errors.As(err, &pin):
		return "look at what changed in " + pin.File + "; if it is what shall run, write its SHA-256 to " + pin.Field + " of the plug-in in engagement.yaml"
	case errors.As(err, &kinds):
		return "declare what the control reads, and say unknown where the plug-in does not see it; docs/plugins.md, Kinds"
	case isEvidence(err):
		return evidenceHint(err)
	case errors.Is(err, run.ErrNoRun):
		return "a run is the folder that `collect -o`, `audit -o` or `demo` (DIR/run) left, with run.json in it; check the path"
	case errors.Is(err, run.ErrExists):
		return "name another folder; evidence is never overwritten"
	case errors.Is(err, audit.ErrReplay):
		return "use the build that run.json names"
	case errors.As(err, &other):
		return "use the build that the run names; its version and digest stand above"
	case errors.As(err, &file):
		return file.Hint
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "there is no room for it: free some, or name another disk; what was begun is not kept"
	case errors.Is(err, syscall.EIO):
		return "the disk did not give it: try again, or read another copy"
	case errors.Is(err, os.ErrPermission):
		return "check who may read and write there"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "check the path"
	}
	return ""
}
