package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// bashCompletion asks the program itself what could follow.
const bashCompletion = `# Completion of trefoil for bash: source <(trefoil completion bash)
_trefoil() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  local line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ $cur == -* ]]; then line+=("$cur"); fi
  local found
  found=$("${line[@]}" --generate-bash-completion 2>/dev/null | sed 's/:.*//')
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
  if [[ -n ${found[1]} ]]; then _describe trefoil found; else _files; fi
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
