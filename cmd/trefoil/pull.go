package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

func pullCommand() *cli.Command {
	return &cli.Command{
		Name: "pull", Usage: "bring a run from a store", ArgsUsage: "STORE/RUN DIR",
		Description: "Leaves the run at DIR, whole or not at all: every digest is checked before it stands there. Then verify it.\n\nExample:\n   trefoil pull --place eu-west-1 s3://evidence/audits/2026-11-24 runs/2026-11-24",
		Flags:       append(storeFlags(), maxBytesFlag, quietFlag),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return &usageError{errors.New("pull takes two arguments: STORE/RUN and DIR")}
			}
			url, name, err := store.Split(c.Args().First())
			if err != nil {
				return &usageError{err}
			}
			r, err := openStore(c, url)
			if err != nil {
				return err
			}
			got, err := pullRun(c, r, name, c.Args().Get(1))
			if err := errors.Join(err, r.done()); err != nil {
				return err
			}
			tell(c.App.Writer, "run %s\n%s\n", got.Run.Digest, c.Args().Get(1))
			return nil
		},
	}
}
