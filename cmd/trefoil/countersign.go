package main

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func countersignCommand() *cli.Command {
	return &cli.Command{
		Name: "countersign", Usage: "verify a run and, where it verifies, add an auditor's signature", ArgsUsage: "RUN",
		Description: "Signs, with the auditor's own key or identity, that the run verified by this trust: over its record, the collector's\nsignature, its judgements and earlier seals, so that none of them can be dropped later without being missed.\nNothing is signed where anything does not verify.\n\n" +
			"Example:\n   trefoil countersign --trust trust.yaml --reperform --key auditor --timestamp https://tsa.example/ runs/2026-11-24",
		Flags: append([]cli.Flag{trustFlag, &cli.BoolFlag{Name: "reperform", Usage: "play the recording again and compare, before signing"}, asOfFlag, quietFlag}, signingFlags()...),
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			name := c.String(trustFlag.Name)
			if name == "" {
				return &usageError{errors.New("say by whose signatures the run shall verify: --trust trust.yaml")}
			}
			trust, policy, err := readTrust(name)
			if err != nil {
				return err
			}
			at, err := instantFlag(c, time.Now())
			if err != nil {
				return err
			}
			s, err := signerByFlags(c)
			if err != nil {
				return err
			}
			digest, report, err := audit.Countersign(c.Context, audit.Verification{Path: path, Trust: trust, Workers: runtime.GOMAXPROCS(0), Reperform: c.Bool("reperform"),
				Tool: thisBuild(), Progress: progress(c)}, s, policy, at)
			if report != nil {
				printReport(c.App.Writer, report)
			}
			if err != nil {
				return verifyError(path, err)
			}
			tell(c.App.Writer, "countersigned: seals/%s.sigstore.json\n", digest)
			return sayEntry(c.App.Writer, trust, s, name, report.AsOf)
		},
	}
}

// sayEntry prints what whoever verifies has to add to trust.yaml, where the countersigner may not
// countersign by it yet: until then the run does not verify.
func sayEntry(w io.Writer, trust *seal.Trust, s *seal.Signer, name string, asOf time.Time) error {
	if s.Key == nil {
		tell(w, "\nThe run verifies by a trust.yaml in which this identity has the role auditor and may sign a countersignature,\nunder identities:, with the san and issuer of its certificate; if the identity stands there already, add the role auditor to its entry:\ndocs/signature.md\n")
		return nil
	}
	known := trust.SignerOf(s.Key)
	switch {
	case known == nil:
	case known.Has(seal.Auditor) && slices.Contains(known.MaySign, seal.Countersignature):
		return nil
	default:
		tell(w, "\nThe run verifies again once %s gives its entry %s, which has that key already, the role auditor,\nand countersignature among what it may_sign. Don't add the key again: it may stand there once.\n", name, known.Name)
		return nil
	}
	public, err := s.Key.PublicPEM()
	if err != nil {
		return err
	}
	tell(w, `
Until the trust by which it is verified names this key, the run does not verify. Add to %s, under keys:, if that key
shall count (name it as you like; it has to be the key's holder that gave you these lines). If the key
stands there already, add the role auditor to its entry, and countersignature to its may_sign, instead of these lines:

  - name: auditor
    roles: [auditor]
    may_sign: [countersignature]
    not_before: %s # where no authority vouches for times, the day of the run counts
    # not_after:    # when the key ends
    public_key: |
`, name, asOf.UTC().Truncate(24*time.Hour).Format(time.RFC3339))
	for line := range strings.SplitSeq(strings.TrimSpace(public), "\n") {
		tell(w, "      %s\n", line)
	}
	return nil
}

// signingFlags say what engagement.yaml says under signing.
func signingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "key", Usage: "sign with the key `NAME`: as signing.key in engagement.yaml"},
		&cli.StringFlag{Name: "timestamp", Usage: "`URL` of an RFC 3161 authority, or none"},
		&cli.StringFlag{Name: "profile", Usage: "`PROFILE`: key+tsa, key+tsa+rekor or keyless+tsa+rekor"},
		&cli.StringFlag{Name: "services", Usage: "which services: `FILE` (signing_config.json)"},
		&cli.StringFlag{Name: "trusted-root", Usage: "check what was signed by `FILE` (trusted_root.json)"},
		&cli.StringFlag{Name: "token", Usage: "keyless: identity token from `WHERE`: environment, github-actions or a file"},
		&cli.BoolFlag{Name: "public-instance", Usage: "let it go to Sigstore's public instance, for ever"},
		passphraseF, passphraseD,
	}
}

// signerByFlags opens what the flags say to sign with.
func signerByFlags(c *cli.Context) (*seal.Signer, error) {
	f := engagement.File{Signing: engagement.Signing{Profile: c.String("profile"), Key: c.String("key"), Timestamp: c.String("timestamp"), Services: c.String("services"),
		TrustedRoot: c.String("trusted-root"), Token: c.String("token"), PublicInstance: c.Bool("public-instance")}}
	if err := f.Signing.Check(); err != nil {
		return nil, err
	}
	s, err := signer(c, &f, "flags")
	if err == nil && s == nil {
		err = &usageError{errors.New("say what to sign with: --key NAME, or --profile keyless+tsa+rekor")}
	}
	return s, err
}
