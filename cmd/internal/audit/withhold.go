package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/cut"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Withholdable lists, by operation, the fields that an engagement may withhold.
func Withholdable() map[string][]string {
	out := aws.Withholdable()
	maps.Copy(out, gcp.Withholdable())
	return out
}

// withholding holds an engagement's rules against what the collectors of this build, and its plug-ins, declare: which
// fields of which operations each names. A rule that would withhold nothing, or what collectors decide by, is a
// *engagement.FileError.
func withholding(f *engagement.File, plugins []*plugin.Plugin) (collectors.Withholding, error) {
	out := collectors.Withholding{}
	may := Withholdable()
	for _, p := range plugins {
		may[p.Operation()] = p.Manifest.Withholdable()
	}
	for i, rule := range f.Withhold {
		at := fmt.Sprintf("$.withhold[%d]", i)
		operations, err := withheldOperations(f, rule, at, plugins)
		if err != nil {
			return nil, err
		}
		for n, text := range rule.Fields {
			path, err := cut.Parse(text)
			if err != nil {
				return nil, err
			}
			hits := 0
			for _, op := range operations {
				if slices.ContainsFunc(may[op], func(declared string) bool { d, err := cut.Parse(declared); return err == nil && path.Within(d) }) {
					out[op] = append(out[op], collectors.Withheld{Rule: rule.ID, Path: path})
					hits++
				}
			}
			if hits == 0 {
				return nil, f.Fault(fmt.Sprintf("%s.fields[%d]", at, n), fmt.Sprintf("%q is no field that may be withheld of %s", text, strings.Join(rule.Operations, ", ")), mayText(may, operations))
			}
		}
		for _, op := range operations { // its error answers, where no field of it is named
			if len(out[op]) == 0 {
				out[op] = append(out[op], collectors.Withheld{Rule: rule.ID})
			}
		}
	}
	return out, nil
}

// withheldOperations lists the operations that a rule names; each of its patterns must name some.
func withheldOperations(f *engagement.File, rule engagement.Withholding, at string, plugins []*plugin.Plugin) ([]string, error) {
	all := map[string]bool{}
	for _, c := range declared() {
		for _, op := range c.Info().Operations {
			all[op.Name] = true
		}
	}
	for _, p := range plugins {
		all[p.Operation()] = true
	}
	found := map[string]bool{}
	for n, pattern := range rule.Operations {
		before := len(found)
		for op := range all {
			if engagement.Match(pattern, op) {
				found[op] = true
			}
		}
		if len(found) == before {
			return nil, f.Fault(fmt.Sprintf("%s.operations[%d]", at, n), fmt.Sprintf("%q names no operation that is asked, or none that the patterns before it do not name", pattern),
				"write it as s3:GetBucketTagging, iam:* or plugin:NAME; docs/minimisation.md lists what may be withheld")
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// mayText says what may be withheld of some operations.
func mayText(may map[string][]string, operations []string) string {
	const shown = 12
	var lines []string
	for _, op := range operations {
		for _, field := range may[op] {
			lines = append(lines, op+" "+field)
		}
	}
	switch {
	case len(lines) == 0:
		return "collectors decide by all that they read of these, so nothing of them may be withheld; a redacted copy can leave it out (trefoil redact)"
	case len(lines) > shown:
		lines = append(lines[:shown], fmt.Sprintf("and %d more in docs/minimisation.md", len(lines)-shown))
	}
	return "these may be: " + strings.Join(lines, "; ")
}

// withheldCounts sums what rules kept out of a run's answers, by rule.
func withheldCounts(rows []evidence.Row) map[string]int {
	out := map[string]int{}
	for _, r := range rows {
		for rule, n := range r.Withheld {
			out[rule] += n
		}
	}
	return out
}

// WithheldRules lists the ids of the rules by which a run keeps values out of the evidence.
func WithheldRules(r *run.Run) ([]string, error) {
	loaded, err := EngagementOf(r)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, w := range loaded.File.Withhold {
		out = append(out, w.ID)
	}
	return out, nil
}
