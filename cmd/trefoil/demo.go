package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/fixtures"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "a whole audit of an imagined company, with no account and no network", ArgsUsage: " ",
		Description: "Plays the recorded world that is in this program through the whole pipeline and leaves DIR/run, DIR/report.xlsx\nand DIR/trust.yaml. It signs with a key that is made in memory and dropped.\n\nExample:\n   trefoil demo --out demo",
		Flags:       []cli.Flag{outFlag("leave the results in `DIR`")},
		Action:      demo,
	}
}

func demo(c *cli.Context) (err error) {
	if err := noArgs(c); err != nil {
		return err
	}
	out, err := outPath(c)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return &codeError{code: exitCould, message: out + " is not empty", hint: "name another folder; evidence is never overwritten"}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	recording, done, err := unpack(fixtures.Clover())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	key, err := seal.EphemeralKey()
	if err != nil {
		return err
	}
	s := &seal.Signer{Key: key}
	this := thisBuild()
	loaded, err := audit.EngagementOf(recording)
	if err != nil {
		return err
	}
	path := filepath.Join(out, "run")
	if _, err := audit.Collect(c.Context, audit.Collection{Engagement: loaded, Out: path, Signer: s, Tool: this, Build: buildOf, Clock: time.Now,
		Progress: func(string) {}, Replay: recording, Demo: true}); err != nil {
		return err
	}
	r, err := openRun(path)
	if err != nil {
		return err
	}
	t, err := this()
	if err != nil {
		return err
	}
	judged, err := audit.Judge(c.Context, audit.Judging{Run: r, JudgedAsOf: r.Record.AsOf, Tool: t, Signer: s})
	if err != nil {
		return err
	}
	recorded, err := judged.Recorded()
	if err != nil {
		return err
	}
	public, err := key.PublicPEM()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "trust.yaml"), []byte(demoTrust(public)), 0o644); err != nil {
		return err
	}
	banner(c.App.Writer, sourceWarnings(r))
	if err := writeReport(c, recorded, s, filepath.Join(out, "report.xlsx")); err != nil {
		return err
	}
	printResults(c.App.Writer, judged.Results)
	n := judged.Results.Verdicts()
	tell(c.App.Writer, `
%d controls fail, %d could not be judged, %d pass, of %d.

Try next:
  open %s
  trefoil verify --trust %s --reperform --report %s %s
  trefoil coverage %s
`, n[controls.Fail], n[controls.Insufficient], n[controls.Pass], len(judged.Results.Lines),
		filepath.Join(out, "report.xlsx"), filepath.Join(out, "trust.yaml"), filepath.Join(out, "report.xlsx"), path, path)
	return nil
}

// unpack writes a recorded world to a temporary folder and opens it.
func unpack(world fs.FS) (r *run.Run, done func() error, err error) {
	dir, err := os.MkdirTemp("", "trefoil-demo-")
	if err != nil {
		return nil, nil, fmt.Errorf("unpack the recorded world: %w", err)
	}
	done = func() error { return os.RemoveAll(dir) }
	path := filepath.Join(dir, "run")
	if err := os.CopyFS(path, world); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("unpack the recorded world: %w", err), done())
	}
	if r, err = run.Open(path); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return r, done, nil
}

// demoTrust is a trust.yaml for a demonstration's key.
func demoTrust(public string) string {
	return `# The key of this demonstration. It was made in memory and dropped: nobody can sign with it again.
timestamp: optional # the demonstration has no timestamp authority; verify warns of that
keys:
  - name: demonstration
    roles: [demo]
    may_sign: [run, bundle, judgement, report]
    public_key: |
      ` + strings.ReplaceAll(strings.TrimSpace(public), "\n", "\n      ") + "\n"
}
