package audit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Kinds is the set of kinds that the collectors of this build emit, and those that plug-ins do.
func Kinds(plugins ...*plugin.Plugin) (evidence.Kinds, error) {
	all := slices.Concat(aws.Kinds(), gcp.Kinds())
	for _, p := range plugins {
		all = append(all, p.Manifest.Kinds...)
	}
	return evidence.NewKinds(all...)
}

// newerName is the input of a judgement that holds the kinds of the build that judged where they are not those of
// the build that took the run. The catalogue was written for them: by the run's own it could not be read, or what
// is stored in things of a kind that is new would be in no population.
const newerName = "newer-kinds.json"

// kindsOf reads the kinds that a run's facts are of.
func kindsOf(r *run.Run) (evidence.Kinds, error) {
	text, ok, err := r.Input(kindsName)
	if err == nil && !ok {
		err = errors.New("the run has no inputs/" + kindsName + ": what its facts are is not said")
	}
	if err != nil {
		return nil, err
	}
	return parseKinds("inputs/"+kindsName, text)
}

func parseKinds(name string, text []byte) (evidence.Kinds, error) {
	var kinds evidence.Kinds
	if err := json.Unmarshal(text, &kinds, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if slices.Contains(slices.Collect(maps.Values(kinds)), nil) {
		return nil, fmt.Errorf("%s: a kind says nothing", name)
	}
	kinds, err := evidence.NewKinds(slices.Collect(maps.Values(kinds))...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return kinds, nil
}

// newerKinds gives, as JSON, the kinds of this build that a run lacks or has in another form, but for those that the
// run has in a newer one. Empty where there are none.
func newerKinds(r *run.Run) (string, error) {
	theirs, err := kindsOf(r)
	if err != nil {
		return "", err
	}
	ours, err := Kinds()
	if err != nil {
		return "", err
	}
	newer := evidence.Kinds{}
	for name, k := range ours {
		old, ok := theirs[name]
		if ok && old.Schema > k.Schema {
			continue
		}
		was, err := evidence.Canonical(old)
		if err != nil {
			return "", err
		}
		is, err := evidence.Canonical(k)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(was, is) {
			newer[name] = k
		}
	}
	if len(newer) == 0 {
		return "", nil
	}
	text, err := evidence.Canonical(newer)
	return string(text), err
}

// addNewer takes a judgement's newer kinds into the world: a field of them that the run's facts do not say is unknown,
// and a kind that the run's build did not know was not collected.
func (w *world) addNewer(text string) error {
	if text == "" {
		return nil
	}
	newer, err := parseKinds(newerName, []byte(text))
	if err != nil {
		return err
	}
	for name := range newer {
		if _, known := w.kinds[name]; !known {
			w.newer = append(w.newer, name)
		}
	}
	slices.Sort(w.newer)
	maps.Copy(w.kinds, newer)
	return nil
}
