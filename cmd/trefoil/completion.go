package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// completeFlag comes last where a shell asks what could follow the words before it. We answer
// ourselves: the library reads the process's own arguments for it, whatever it was given.
const completeFlag = "--generate-bash-completion"

// complete prints what could follow, a line each: flags where the last word begins like one, else
// the commands below the one that was named.
func complete(app *cli.App, words []string) error {
	flags, below, depth := commandOf(app, words)
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	if !strings.HasPrefix(last, "-") {
		if depth < len(words) {
			return nil // an argument: a file, most likely
		}
		for _, c := range below {
			tell(app.Writer, "%s\n", c.Name)
		}
		return nil
	}
	for _, f := range flags {
		for _, name := range f.Names() {
			if flag := "--" + name; len(name) > 1 && strings.HasPrefix(flag, last) {
				tell(app.Writer, "%s\n", flag)
			}
		}
	}
	return nil
}

// bashCompletion asks the program itself what could follow.
const bashCompletion = `# Completion of trefoil for bash: source <(trefoil completion bash)
_trefoil() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  local line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ $cur == -* ]]; then line+=("$cur"); fi
  local found
  found=$("${line[@]}" --generate-bash-completion 2>/dev/null)
  COMPREPLY=($(compgen -W "$found" -- "$cur"))
}
complete -o default -F _trefoil trefoil
`

const zshCompletion = `#compdef trefoil
# Completion of trefoil for zsh: source <(trefoil completion zsh), after compinit
_trefoil() {
  local cur=${words[CURRENT]}
  local -a line found
  line=("${(@)words[1,CURRENT-1]}")
  if [[ $cur == -* ]]; then line+=("$cur"); fi
  found=("${(@f)$("${line[@]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n ${found[1]} ]]; then compadd -- $found; else _files; fi
}
compdef _trefoil trefoil
`

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "what a shell needs to complete commands and flags", ArgsUsage: "bash|zsh|fish",
		Description: "Prints a script for your shell to read when it starts.\n\nExample:\n   trefoil completion bash > ~/.local/share/bash-completion/completions/trefoil",
		Action: func(c *cli.Context) error {
			shell, err := onlyArg(c, "bash, zsh or fish")
			if err != nil {
				return err
			}
			script := map[string]string{"bash": bashCompletion, "zsh": zshCompletion}[shell]
			if shell == "fish" {
				if script, err = c.App.ToFishCompletion(); err != nil {
					return fmt.Errorf("completion: %w", err)
				}
			}
			if script == "" {
				return &usageError{fmt.Errorf("no completion for %q: bash, zsh and fish have one", shell)}
			}
			_, err = fmt.Fprint(c.App.Writer, script)
			return err
		},
	}
}
