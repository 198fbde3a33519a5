package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// release is set by the release script with -ldflags -X; empty in other builds.
var release string

// version names the build: the release, or the module's version and commit where Go stamped it.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// commands lists the commands, one file each.
func commands() []*cli.Command {
	return []*cli.Command{
		demoCommand(), initCommand(), collectCommand(), testCommand(), reportCommand(), auditCommand(), verifyCommand(), countersignCommand(), attestCommand(), gapCommand(), redactCommand(), pushCommand(), pullCommand(),
		driftCommand(), explainCommand(), coverageCommand(), permissionsCommand(), controlsCommand(), completionCommand(),
	}
}

// Flags that several commands share.
var (
	configFlag  = &cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "the engagement: `FILE` (engagement.yaml)"}
	trustFlag   = &cli.StringFlag{Name: "trust", Usage: "whose signatures count: `FILE` (trust.yaml)"}
	jsonFlag    = &cli.BoolFlag{Name: "json", Usage: "print JSON for machines"}
	quietFlag   = &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress on the terminal"}
	asOfFlag    = &cli.StringFlag{Name: "as-of", Usage: "judge as of this `INSTANT` (RFC 3339) instead of now"}
	judgedFlag  = &cli.StringFlag{Name: "judgement", Usage: "which judgement, by `DIGEST`, where the run has several"}
	passphraseF = &cli.StringFlag{Name: "passphrase-file", Usage: "read the signing key's passphrase from `FILE` (- for standard input)"}
	passphraseD = &cli.IntFlag{Name: "passphrase-fd", Value: -1, Usage: "read the signing key's passphrase from the open file descriptor `N`"}
)

// outFlag is -o, which [outPath] requires.
func outFlag(usage string) *cli.StringFlag {
	return &cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: usage}
}

// outPath gives what -o says; not saying it is refused.
func outPath(c *cli.Context) (string, error) {
	if out := c.String("out"); out != "" {
		return out, nil
	}
	return "", &usageError{fmt.Errorf("say where %s shall write: -o PATH", c.Command.Name)}
}

// noArgs refuses an argument where a command takes none: it would be dropped without a word.
func noArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return &usageError{fmt.Errorf("%s takes no argument: %q", c.Command.Name, c.Args().First())}
	}
	return nil
}

// goVersion names the toolchain that built this program.
func goVersion() string { return runtime.Version() }
