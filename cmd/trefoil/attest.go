package main

import (
	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func attestCommand() *cli.Command {
	return &cli.Command{
		Name: "attest", Usage: "add a judgement's verdicts in forms that policy engines read", ArgsUsage: "RUN",
		Description: "Adds two signed in-toto statements about the run and a recorded judgement: a test result (selected controls that\npassed, failed, or could not be judged: warned) and a Simple Verification Result (those that passed). cosign\nand policy engines read them. Both carry marks of what the run is, such as TREFOIL_NOT_A_PROVIDER_ENDPOINT:\ndocs/signature.md. Signed by what the engagement names, or by flags.\n\n" +
			"Example:\n   trefoil attest -c engagement.yaml runs/2026-11-24",
		Flags: append([]cli.Flag{configFlag, trustFlag, judgedFlag}, signingFlags()...),
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			r, s, err := toSeal(c, path)
			if err != nil {
				return err
			}
			digests, err := audit.Attest(c.Context, r, c.String(judgedFlag.Name), s)
			if err != nil {
				return err
			}
			banner(c.App.Writer, sourceWarnings(r))
			for i, form := range []string{"test result", "verification result"} {
				tell(c.App.Writer, "%s: seals/%s.sigstore.json\n", form, digests[i])
			}
			return nil
		},
	}
}

// toSeal opens a run (see openTrusted) and what to seal it with: what the engagement names, or what the flags say.
func toSeal(c *cli.Context, path string) (r *run.Run, s *seal.Signer, err error) {
	r, checked, err := openTrusted(c, path)
	if err != nil {
		return nil, nil, err
	}
	if c.String(configFlag.Name) != "" {
		_, s, err = engagementAndSigner(c)
	} else {
		s, err = signerByFlags(c)
	}
	if err == nil && s == nil {
		err = &codeError{code: exitCould, message: "engagement.yaml names nothing to sign with (signing.key)", hint: "`trefoil init DIR` makes a key"}
	}
	warnUnchecked(c, checked, s)
	return r, s, err
}
