package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/evidence/redact"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// notCopy refuses a redacted copy where a run is needed.
func notCopy(path string) error {
	if !redact.IsCopy(path) {
		return nil
	}
	return &codeError{code: exitCould, message: path + " is a redacted copy of a run, and no run: values are withheld in it, so nothing can be judged or played again from it",
		hint: "`trefoil verify --trust trust.yaml " + path + "` checks it; for all else, ask its maker for the run"}
}

var revealFlag = &cli.StringFlag{Name: "reveal", Usage: "prove that the values in `FILE` (lines of the maker's .salts.jsonl) are what a redacted copy withholds"}

// verifyCopy checks a redacted copy and says what it is.
func verifyCopy(c *cli.Context, path string, trust *seal.Trust) error {
	for _, name := range []string{"reperform", "report", "judgement", "expect", "chain", "every", "place", "max-bytes"} {
		if c.IsSet(name) {
			return &usageError{fmt.Errorf("--%s is about a run, and %s is a redacted copy: %s", name, path, cannot)}
		}
	}
	copied, err := redact.Verify(path, trust)
	whole := err == nil
	var revealed []redact.Revealed
	if name := c.String(revealFlag.Name); whole && name != "" {
		var text []byte
		if text, err = readBounded(name, redact.MaxReveal); err == nil {
			revealed, err = copied.Prove(filepath.Base(name), text)
			err = revealError(path, err)
		}
	}
	var bad *redact.CopyError
	if errors.As(err, &bad) {
		err = &codeError{code: exitUnverified, message: fmt.Sprintf("%s does NOT verify: %v", path, err), hint: copyHint(err)}
	}
	switch {
	case c.Bool(jsonFlag.Name):
		if perr := printJSON(c.App.Writer, copyJSON(copied, whole, revealed, err)); perr != nil {
			return perr
		}
	case err == nil:
		printCopy(c, copied, revealed)
	}
	return err
}

// copyJSON is what --json says of a copy, also where it, or a revealed value, does not verify: of a copy that does
// not, nothing but why.
func copyJSON(v *redact.Copy, whole bool, revealed []redact.Revealed, err error) map[string]any {
	out := map[string]any{"verifies": err == nil, "copy_verifies": whole, "error": ""}
	if err != nil {
		out["error"] = err.Error()
	}
	if whole {
		out["redacted_copy"], out["digest"], out["tokens"] = v.Record, v.Digest, v.Tokens
		out["signer"], out["cannot"], out["revealed"], out["warnings"] = v.Signature.Signer.Anchor(), cannot, revealed, copyWarnings(v)
	}
	return out
}

// revealError says of a value that is not what was withheld that it is not the copy which fails.
func revealError(path string, err error) error {
	var bad *redact.CopyError
	if errors.As(err, &bad) {
		return &codeError{code: exitUnverified, message: fmt.Sprintf("the revealed value does not match: %v; the copy %s itself verifies", err, path),
			hint: "ask whoever revealed it for the line of the maker's salts file as it stands there, and of this copy"}
	}
	return err
}

const cannot = "it cannot be re-performed, judged or compared: facts and results are what its maker copied"

func copyHint(err error) string {
	if errors.Is(err, seal.ErrUntrusted) {
		return "whose copies count, trust.yaml says: the role redactor, and copy among what it may_sign"
	}
	return "ask its maker for another copy, and compare"
}

// copyWarnings say of a copy what sourceWarnings say of its run, as far as it lets that be told.
func copyWarnings(v *redact.Copy) []string {
	out := originWarnings(v.Record.Source)
	switch v.Record.Times {
	case "":
		out = append(out, "TIMES NOT SHOWN: the copy does not say whether anybody vouches for those of its run")
	case redact.Claimed:
		out = append(out, "NO TIMESTAMP OF THE RUN: every time in it is its collector's claim")
	}
	if v.Signature.Tokens == 0 {
		out = append(out, "NO TIMESTAMP: when it was made is its maker's claim")
	}
	if v.Overrides == nil {
		out = append(out, "ENDPOINT NOT SHOWN: the copy does not say whether its run's collection was redirected")
	}
	return append(out, endpointWarnings(v.Overrides)...)
}

func printCopy(c *cli.Context, v *redact.Copy, revealed []redact.Revealed) {
	w, r := c.App.Writer, v.Record
	tell(w, "REDACTED COPY of run %s, as of %s\n", r.Run, r.AsOf.Format("2006-01-02T15:04:05Z07:00"))
	banner(w, copyWarnings(v))
	tell(w, "copy %s, made %s, signed by %s\n", v.Digest, r.Made.Format("2006-01-02T15:04:05Z07:00"), v.Signature.Signer.Anchor())
	tell(w, "withheld: %d values, in %d places\n", r.Values, v.Tokens)
	for _, rule := range r.Rules {
		tell(w, "  %s: %d, because: %s\n", rule.ID, rule.Values, rule.Because)
	}
	if n := v.Digests(); n > 0 {
		tell(w, "  digests: %d, because: they would give values away\n", n)
	}
	tell(w, "not shown: the run's signatures, manifests and seals. That it is a copy of that run is its maker's word; %s\n", cannot)
	for _, one := range revealed {
		text := one.Value
		if len(one.Base64) > 0 {
			text = fmt.Sprintf("%d bytes that are no text", len(one.Base64))
		}
		tell(w, "PROVEN %s = %s\n", one.ID, shorten(text))
	}
	tell(w, "%d files, all as signed; 0 failed\n", len(r.Files))
}
