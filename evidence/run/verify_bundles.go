package run

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// located adds to a fault of a bundle's whole file which bytes of it are at fault, where its manifest is
// still the one that run.json names: a file of gigabytes is to be compared with another copy. The
// verdict is there already, and nothing that is found here changes it.
func (v *verification) located(whole error) error {
	i := slices.IndexFunc(v.run.Record.Bundles, func(b BundleFile) bool { return b.Path == faultyFile(whole, "") })
	if i < 0 {
		return whole
	}
	b := v.run.Record.Bundles[i]
	p, err := bundle.Open(filepath.Join(v.run.Path, filepath.FromSlash(b.Path)))
	if err == nil && p.ManifestDigest() == b.Manifest {
		err = p.VerifyContents(1, nil)
	}
	if p != nil {
		err = errors.Join(err, p.Close())
	}
	if err == nil {
		return whole
	}
	return fmt.Errorf("%w; in it: %w", whole, err)
}

func (v *verification) bundles(workers int) error {
	for _, target := range v.run.Targets() {
		parts, err := v.run.Bundle(target)
		if err != nil {
			return v.fail(faultyFile(err, bundlesDir+"/"+target), "format", err)
		}
		err = v.parts(target, parts, workers)
		for _, p := range parts {
			err = errors.Join(err, p.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) parts(target string, parts []*bundle.Reader, workers int) error {
	times := exchangeTimes{asOf: v.run.Record.AsOf, reader: evidence.NewLineReader()}
	for i, p := range parts {
		name := bundlesDir + "/" + partName(target, i)
		if err := p.VerifyContents(workers, map[string]func([]byte) error{bundle.ExchangesName: times.add}); err != nil {
			return v.fail(name, "contents against the manifest", err)
		}
		v.ok(name, "contents against the manifest", name+"/"+bundle.ManifestName, fmt.Sprintf("%d entries", len(p.Manifest().Entries)))
		s, err := v.trust.Verify(seal.Bundle, p.ManifestDigest(), p.SignatureBytes(), seal.At(v.run.Record.AsOf))
		if err == nil {
			err = s.Claims(times.last)
		}
		if err != nil {
			return v.fail(name+"/"+bundle.SignatureName, "signature of the manifest", err)
		}
		v.seen[seal.Bundle] = true
		v.ok(name, "signature of the manifest", s.Signer.Anchor(), p.ManifestDigest())
	}
	if times.fault != nil {
		return v.fail(bundlesDir+"/"+partName(target, 0)+"/"+bundle.ExchangesName, times.what, times.fault)
	}
	v.last = latest(v.last, times.last)
	return nil
}

// exchangeTimes looks at the times of exchanges while their file is verified. What it finds is said
// after what is wrong with the file itself.
type exchangeTimes struct {
	asOf, last time.Time
	what       string
	fault      error
	reader     *evidence.LineReader
}

func (t *exchangeTimes) add(line []byte) error {
	if t.fault != nil {
		return nil
	}
	id, start, end, err := t.reader.Span(line)
	switch {
	case err != nil:
		t.what, t.fault = "exchanges", err
	case start.Before(t.asOf):
		t.what, t.fault = "time", fmt.Errorf("exchange %s began at %s, before the run's as_of %s", id, start.Format(time.RFC3339Nano), t.asOf.Format(time.RFC3339Nano))
	case end.After(t.last):
		t.last = end
	}
	return nil
}

// partName is the file name of a bundle's part.
func partName(target string, i int) string {
	if i == 0 {
		return target + ".zip"
	}
	return fmt.Sprintf("%s.%d.zip", target, i+1)
}
