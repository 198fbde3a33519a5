package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/redact"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// secretsSuffix is added to a copy's name where its secrets are kept.
const secretsSuffix = ".salts.jsonl"

func redactCommand() *cli.Command {
	return &cli.Command{
		Name: "redact", Usage: "make a copy of a run for a third party, with values withheld", ArgsUsage: "RUN",
		Description: "Cuts what redact.yaml names out of everything that the copy holds, and signs it. A salted commitment stands in the\nplace of each value, so that one that is revealed later can be proven. Salts and values stay with you, in COPY.salts.jsonl.\nA copy in which a withheld value is still found is not kept. docs/minimisation.md has the rules.\n\n" +
			"Example:\n   trefoil redact --rules redact.yaml --trust trust.yaml --key firm --timestamp none -o copy runs/2026-11-24",
		Flags: append([]cli.Flag{&cli.StringFlag{Name: "rules", Usage: "what is withheld: `FILE` (redact.yaml)"}, outFlag("leave the copy in `DIR`, which must not exist"),
			&cli.StringFlag{Name: "salts", Usage: "use the secret of an earlier copy, from its `FILE`.salts.jsonl: the same rules then give the same copy"}, trustFlag, configFlag, asOfFlag}, signingFlags()...),
		Action: redactAction,
	}
}

func redactAction(c *cli.Context) error {
	path, err := onlyArg(c, "RUN")
	if err != nil {
		return err
	}
	out, err := outPath(c)
	if err != nil {
		return err
	}
	m := redact.Making{Out: out}
	if m.Rules, err = redactRules(c); err != nil {
		return err
	}
	var checked bool
	if m.Run, checked, err = openTrusted(c, path); err != nil {
		return err
	}
	untimed, err := audit.Untimed(m.Run)
	if err != nil {
		return err
	}
	if m.Times = redact.Vouched; untimed {
		m.Times = redact.Claimed
	}
	if m.Made, err = instantFlag(c, time.Now()); err != nil {
		return err
	}
	if m.Secret, err = redactSecret(c.String("salts")); err != nil {
		return err
	}
	s, err := signerByFlags(c)
	if err != nil {
		return err
	}
	warnUnchecked(c, checked, s)
	if err := s.WaitFor(c.Context, "the copy is to be of", m.Made); err != nil {
		return err
	}
	m.Sign = func(digest string) ([]byte, error) {
		return s.Sign(c.Context, seal.Copy, redact.RecordName, digest, map[string]string{"run": m.Run.Digest})
	}
	salts := filepath.Clean(out) + secretsSuffix
	if _, err := os.Lstat(salts); err == nil {
		return &codeError{code: exitCould, message: salts + ": file exists", hint: "salts are never written over: without them nothing of their copy can be revealed; where that copy was never finished, move them away"}
	}
	m.Keep = func(secrets []byte) error { return keepSalts(salts, secrets) }
	if m.Tool, err = thisBuild()(); err != nil {
		return err
	}
	made, err := redact.Make(m)
	if err != nil {
		return redactError(err)
	}
	banner(c.App.Writer, sourceWarnings(m.Run))
	tell(c.App.Writer, "REDACTED COPY of run %s: %s\n%d values withheld", m.Run.Digest, out, made.Record.Values)
	for _, rule := range made.Record.Rules {
		tell(c.App.Writer, "; rule %s %d", rule.ID, rule.Values)
	}
	if made.Digests > 0 {
		tell(c.App.Writer, "; %d digests that would give values away", made.Digests)
	}
	tell(c.App.Writer, "\nsalts and values: %s. Keep it, apart from the copy: one line of it reveals one value,\nbut its first line is the secret of all salts: never hand that over, nor the whole file\nThe copy verifies by a trust.yaml in which its signer has the role redactor and may_sign copy\n", salts)
	return nil
}

func redactRules(c *cli.Context) (*redact.Rules, error) {
	name := c.String("rules")
	if name == "" {
		return nil, &usageError{errors.New("say what is withheld: --rules redact.yaml")}
	}
	text, err := readBounded(name, redact.MaxRules)
	if err != nil {
		return nil, err
	}
	return redact.ParseRules(name, text)
}

// redactSecret draws a secret, or takes that of an earlier copy.
func redactSecret(file string) ([]byte, error) {
	if file == "" {
		secret := make([]byte, 32)
		_, err := rand.Read(secret)
		return secret, err
	}
	text, err := readBounded(file, redact.MaxReveal)
	if err != nil {
		return nil, err
	}
	secret, err := redact.SecretOf(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// keepSalts writes a new file that its owner alone may read.
func keepSalts(name string, secrets []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(secrets)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		err = errors.Join(err, os.Remove(name)) // no copy will need them
	}
	return err
}

// redactError says the cure.
func redactError(err error) error {
	var leak *redact.LeakError
	if errors.As(err, &leak) {
		return &codeError{code: exitCould, message: fmt.Sprintf("no copy was made: %v", err), hint: "withhold the answer or the field that holds it as a whole (bodies, fields, facts)"}
	}
	return err
}
