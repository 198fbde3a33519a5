package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// trefoil is the program as a function: arguments and streams in, exit code out.
func trefoil(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	ordered, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	return report(stderr, err)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name: "trefoil", Usage: "independent audit evidence from clouds: collect, sign, test, report, verify",
		Version: version(), Reader: stdin, Writer: stdout, ErrWriter: stderr,
		ExitErrHandler:       func(*cli.Context, error) {}, // trefoil alone picks the exit code
		EnableBashCompletion: true, Suggest: true, HideHelpCommand: true,
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
	for _, c := range app.Commands {
		c.OnUsageError = app.OnUsageError
	}
	return app
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
		fmt.Fprintf(stderr, "trefoil: %v\n", err)
	}
	if hint != "" {
		fmt.Fprintf(stderr, "trefoil: hint: %s\n", hint)
	}
	return code
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
	if len(args) > 0 && args[len(args)-1] == "--generate-bash-completion" {
		return args, nil // the shell asks what could follow
	}
	at, flags := 1, app.Flags
	cmds := app.Commands
	for at < len(args) && len(cmds) > 0 {
		var next *cli.Command
		for _, c := range cmds {
			if c.HasName(args[at]) {
				next = c
			}
		}
		if next == nil {
			break
		}
		flags, cmds = next.Flags, next.Subcommands
		at++
	}
	if at == 1 {
		return args, nil
	}
	takesValue := valued(flags)
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
			if name := strings.TrimLeft(a, "-"); takesValue[name] {
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

func valued(flags []cli.Flag) map[string]bool {
	takes := map[string]bool{}
	for _, f := range flags {
		if _, isBool := f.(*cli.BoolFlag); isBool {
			continue
		}
		for _, name := range f.Names() {
			takes[name] = true
		}
	}
	return takes
}

// onlyArg gives the command's one argument; none or a second is refused.
func onlyArg(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 {
		return "", &usageError{fmt.Errorf("%s takes exactly one argument: %s", c.Command.Name, what)}
	}
	return c.Args().First(), nil
}
