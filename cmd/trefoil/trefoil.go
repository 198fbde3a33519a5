package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// trefoil is the program as a function: arguments and streams in, exit code out.
func trefoil(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out, errs := &shown{to: stdout}, &shown{to: stderr}
	defer func() { _ = errors.Join(out.end(), errs.end()) }() // half a character: nothing to do where its reader is gone
	app := newApp(stdin, out, errs)
	if n := len(args); n > 1 && args[n-1] == completeFlag {
		return report(errs, complete(app, args[1:n-1]))
	}
	ordered, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	code := report(errs, err)
	if ordered == nil {
		ordered = args // flags that cannot be put in order
	}
	if err != nil && out.n == 0 && wantsJSON(ordered) {
		err = printJSON(out, map[string]any{"error": err.Error(), "exit_code": code})
		if err != nil {
			return report(errs, err)
		}
	}
	return code
}

// wantsJSON reports whether the flags of a command line ask for JSON: then an error is JSON too.
func wantsJSON(args []string) bool {
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	return slices.ContainsFunc(args[:end], func(a string) bool {
		return slices.Contains([]string{"--json", "-json", "--json=true", "-json=true"}, a)
	})
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name: "trefoil", Usage: "independent audit evidence from clouds: collect, sign, test, report, verify",
		Version: version(), Reader: stdin, Writer: stdout, ErrWriter: stderr,
		ExitErrHandler: func(*cli.Context, error) {}, // trefoil alone picks the exit code
		Suggest:        true, HideHelpCommand: true,
		CustomAppHelpTemplate: cli.AppHelpTemplate + "\n" + exitHelp(),
		Commands:              commands(),
		OnUsageError:          func(_ *cli.Context, err error, _ bool) error { return &usageError{err} },
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return &usageError{fmt.Errorf("there is no command %q", c.Args().First())}
			}
			return cli.ShowAppHelp(c)
		},
	}
	strictly(app.Commands, app.OnUsageError)
	return app
}

// strictly gives commands and their subcommands one way to refuse a flag, and no others.
func strictly(commands []*cli.Command, refuse cli.OnUsageErrorFunc) {
	for _, c := range commands {
		c.OnUsageError, c.HideHelpCommand = refuse, true
		strictly(c.Subcommands, refuse)
	}
}

// usageError is a command line that cannot be taken.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// codeError carries an exit code that a command chose, and what to print; an empty message
// prints nothing more.
type codeError struct {
	code    int
	message string
	hint    string
}

func (e *codeError) Error() string { return e.message }

// report prints an error and its cure, and gives the exit code. Of joined errors each is printed,
// and the code that comes first in the order 4, 1, 2, 3 counts.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		worst := exitDone
		for _, e := range joined.Unwrap() {
			worst = worse(worst, report(stderr, e))
		}
		return worst
	}
	code, hint := exitCould, hintFor(err)
	var chosen *codeError
	var usage *usageError
	if isEvidence(err) {
		code = exitUnverified
	}
	switch {
	case errors.As(err, &chosen):
		code = chosen.code
		if chosen.hint != "" {
			hint = chosen.hint
		}
	case errors.As(err, &usage):
		hint = "trefoil --help lists the commands; trefoil COMMAND --help shows one with an example"
	}
	if err.Error() != "" {
		tell(stderr, "trefoil: %s\n", lines(err.Error()))
	}
	if hint != "" {
		tell(stderr, "trefoil: hint: %s\n", lines(hint))
	}
	return code
}

// isEvidence reports whether an error is about evidence that is not as it was left.
func isEvidence(err error) bool {
	var layout *run.LayoutError
	var verify *run.VerifyError
	var format *bundle.FormatError
	var digest *bundle.DigestError
	var other *audit.OtherBuildError
	return !errors.As(err, &other) && (errors.As(err, &layout) || errors.As(err, &verify) || errors.As(err, &format) || errors.As(err, &digest))
}

// worse picks the exit code that counts where two apply.
func worse(a, b int) int {
	for _, code := range []int{exitUnverified, exitCould, exitFailed, exitUnjudged} {
		if a == code || b == code {
			return code
		}
	}
	return exitDone
}

// flagsFirst puts a command's flags before its arguments. The library drops a flag that stands
// after an argument without a word: `verify RUN --reperform` would check less than was asked.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	flags, _, depth := commandOf(app, args[1:])
	if depth == 0 {
		return args, nil
	}
	at := 1 + depth
	named := byName(flags)
	seen := map[cli.Flag]bool{}
	var front, back []string
	rest := args[at:]
	for i := 0; i < len(rest); i++ {
		a := rest[i]
		switch {
		case a == "--":
			back = append(back, rest[i+1:]...)
			i = len(rest)
		case strings.HasPrefix(a, "-") && a != "-":
			front = append(front, a)
			name, _, whole := strings.Cut(strings.TrimLeft(a, "-"), "=")
			f := named[name]
			if _, list := f.(*cli.StringSliceFlag); f != nil && seen[f] && !list {
				return nil, &usageError{fmt.Errorf("flag %s stands twice: which of the two counts?", a)}
			}
			seen[f] = true
			if _, isBool := f.(*cli.BoolFlag); f != nil && !isBool && !whole {
				if i+1 == len(rest) {
					return nil, &usageError{fmt.Errorf("flag %s needs a value", a)}
				}
				i++
				front = append(front, rest[i])
			}
		default:
			back = append(back, a)
		}
	}
	out := append([]string{}, args[:at]...)
	out = append(out, front...)
	if len(back) > 0 {
		out = append(append(out, "--"), back...)
	}
	return out, nil
}

// commandOf walks down the commands that words name, and gives the flags and subcommands of where
// it ends, and how many words that took.
func commandOf(app *cli.App, words []string) (flags []cli.Flag, below []*cli.Command, depth int) {
	flags, below = app.Flags, app.Commands
	for depth < len(words) {
		i := slices.IndexFunc(below, func(c *cli.Command) bool { return c.HasName(words[depth]) })
		if i < 0 {
			break
		}
		flags, below = below[i].Flags, below[i].Subcommands
		depth++
	}
	return flags, below, depth
}

// byName finds a flag by any of its names.
func byName(flags []cli.Flag) map[string]cli.Flag {
	all := map[string]cli.Flag{}
	for _, f := range flags {
		for _, name := range f.Names() {
			all[name] = f
		}
	}
	return all
}

// onlyArg gives the command's one argument; none or a second is refused.
func onlyArg(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 {
		return "", &usageError{fmt.Errorf("%s takes exactly one argument: %s", c.Command.Name, what)}
	}
	return c.Args().First(), nil
}
