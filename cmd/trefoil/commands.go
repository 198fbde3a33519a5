package main

import (
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
		demoCommand(), initCommand(), collectCommand(), testCommand(), reportCommand(), auditCommand(), verifyCommand(), countersignCommand(), attestCommand(), pushCommand(), pullCommand(),
		driftCommand(), explainCommand(), coverageCommand(), permissionsCommand(), controlsCommand(),
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

// outFlag is -o, required.
func outFlag(usage string) *cli.StringFlag {
	return &cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: usage, Required: true}
}

// goVersion names the toolchain that built this program.
func goVersion() string { return runtime.Version() }
