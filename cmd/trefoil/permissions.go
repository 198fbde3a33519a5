package main

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
)

func permissionsCommand() *cli.Command {
	return &cli.Command{
		Name: "permissions", Usage: "the least privilege that collecting needs", ArgsUsage: " ",
		Description: "Prints an IAM policy (AWS, JSON) or a custom role (Google, YAML) that allows exactly the operations that the\ncollectors declare; what is not declared is never sent.\n\nExample:\n   trefoil permissions --provider aws > trefoil-policy.json",
		Flags:       []cli.Flag{&cli.StringFlag{Name: "provider", Value: "aws", Usage: "`PROVIDER`: aws or gcp"}},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			list, err := audit.Permissions(c.String("provider"))
			if err != nil {
				return &usageError{err}
			}
			if c.String("provider") == "aws" {
				return printJSON(c.App.Writer, map[string]any{"Version": "2012-10-17", "Statement": []any{
					map[string]any{"Sid": "TrefoilReadOnly", "Effect": "Allow", "Action": list, "Resource": "*"}}})
			}
			text, err := yaml.Marshal(yaml.MapSlice{{Key: "title", Value: "Trefoil audit collector"}, {Key: "description", Value: "Read-only: exactly the operations that the collectors declare"},
				{Key: "stage", Value: "GA"}, {Key: "includedPermissions", Value: list}})
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.App.Writer, string(text))
			return err
		},
	}
}
