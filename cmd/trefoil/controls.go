package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/controls"
)

func controlsCommand() *cli.Command {
	return &cli.Command{
		Name: "controls", Usage: "the catalogue", Description: "Example:\n   trefoil controls show EDS-RES-01",
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "one line a control", Description: "Example:\n   trefoil controls list", Action: func(c *cli.Context) error {
				if err := noArgs(c); err != nil {
					return err
				}
				catalogue, err := loadCatalogue()
				if err != nil {
					return err
				}
				t := tabwriter.NewWriter(c.App.Writer, 0, 4, 2, ' ', 0)
				for _, control := range catalogue.Controls {
					tell(t, "%s\t%s\t%s\n", control.ID, control.Severity, control.Title)
				}
				return t.Flush()
			}},
			{Name: "show", Usage: "one control in full", ArgsUsage: "ID", Description: "Example:\n   trefoil controls show EDS-RES-01", Action: func(c *cli.Context) error {
				id, err := onlyArg(c, "ID")
				if err != nil {
					return err
				}
				catalogue, err := loadCatalogue()
				if err != nil {
					return err
				}
				control, ok := catalogue.Control(id)
				if !ok {
					return &codeError{code: exitCould, message: fmt.Sprintf("there is no control %q", id), hint: "trefoil controls list shows them"}
				}
				_, err = fmt.Fprint(c.App.Writer, control.Markdown())
				return err
			}},
			{Name: "doc", Usage: "the whole catalogue as CONTROLS.md", Description: "Example:\n   trefoil controls doc > CONTROLS.md", Action: func(c *cli.Context) error {
				if err := noArgs(c); err != nil {
					return err
				}
				catalogue, err := loadCatalogue()
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(c.App.Writer, catalogue.Markdown())
				return err
			}},
		},
	}
}

// loadCatalogue reads this build's catalogue for what it says: nothing is judged.
func loadCatalogue() (*controls.Catalogue, error) {
	kinds, err := audit.Kinds()
	if err != nil {
		return nil, err
	}
	return controls.Read(controls.Default(), kinds)
}
