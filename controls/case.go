package controls

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// caseRow stands where a case does not say a field.
const caseRow = "case: not said"

// caseTime is the instant at which cases are judged.
var caseTime = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

// caseTrusted are the accounts that cases trust; caseHomes those of them that are others'; caseRoster lists the people
// of cases, and caseAuditor who is the auditor there.
var (
	caseTrusted = map[string]bool{"aws:111122223333": true, "gcp:enclave": true, "aws:222233334444": true, "aws:333344445555": true, "aws:444455556666": true}
	caseHomes   = map[string]string{"aws:222233334444": "IE", "aws:333344445555": "US", "aws:444455556666": ""}
	caseRoster  = people{"user:ann@example.com": {"IE"}, "user:bob@example.com": {"US"}, "user:desk@example.com": {"IE", "US"}}
	caseAuditor = []string{"user:auditor@example.org"}
)

// fact makes the case's fact. Fields that Set does not say are unknown, so that a case passes
// only by what it says.
func (c *Case) fact(kinds evidence.Kinds) (*evidence.Fact, error) {
	k, ok := kinds[c.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind %q", c.Kind)
	}
	if c.Name == "" {
		return nil, fmt.Errorf("it has no name")
	}
	id := c.ID
	if id == "" {
		id = "case:" + c.Name
	}
	f := evidence.NewFact(k, id, c.Name).Because("c:" + caseRow)
	f.Target, f.Region, f.Seen = "case", "case", caseTime
	for _, ptr := range slices.Sorted(maps.Keys(c.Set)) {
		v := c.Set[ptr]
		if v == nil {
			f.None(k, ptr)
			continue
		}
		// Numbers of YAML become those of JSON, as facts have them.
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ptr, err)
		}
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			return nil, fmt.Errorf("%s: %w", ptr, err)
		}
		f.Set(ptr, plain)
	}
	for _, ptr := range c.CutAt {
		f.Unknown(caseRow, ptr+"/-")
	}
	if _, na := k.NotApplicable["/tags"]; !na {
		f.Unknown(caseRow, "/tags")
	}
	fill(f, k, "", "", k.Top(), f.Fields)
	if err := f.Check(k); err != nil {
		return nil, err
	}
	return f, nil
}

// fill says of every field that is not set that it is unknown. Where a copy lies is left to the
// join. declared is the pointer with - for indices, as kinds write it.
func fill(f *evidence.Fact, k *evidence.Kind, at, declared string, fields []evidence.Field, in map[string]any) {
	for _, field := range fields {
		ptr, generic := at+"/"+field.Name, declared+"/"+field.Name
		_, na := k.NotApplicable[generic]
		v, said := in[field.Name]
		switch {
		case na:
		case !said && field.Join:
		case !said:
			f.Unknown(caseRow, ptr)
		case field.Type != evidence.Record:
		case field.List:
			list, _ := v.([]any)
			for i, e := range list {
				if m, ok := e.(map[string]any); ok {
					fill(f, k, ptr+"/"+strconv.Itoa(i), generic+"/-", field.Fields, m)
				}
			}
		default:
			if m, ok := v.(map[string]any); ok {
				fill(f, k, ptr, generic, field.Fields, m)
			}
		}
	}
}

// caseFault is a case that a control judged otherwise than the case says.
type caseFault struct {
	Case      string
	Want, Got Verdict
	Why       string
}

func (f caseFault) String() string {
	return fmt.Sprintf("case %q: %s, should be %s (%s)", f.Case, f.Got, f.Want, f.Why)
}

// witness runs a control's cases with the default parameters, but for those that a case says. It leaves the world as it was.
func (c *Catalogue) witness(ctx context.Context, control *Control, in *Input) (Witness, []caseFault, error) {
	old := *c.env.world
	defer func() { *c.env.world = old }()
	*c.env.world = world{asOf: caseTime, table: in.Table, trusted: caseTrusted, homes: caseHomes, people: caseRoster, auditor: caseAuditor}
	params, err := parameterValues(engagement.DefaultParameters(), in.Table)
	if err != nil {
		return Witness{}, nil, err
	}
	var w Witness
	var faults []caseFault
	for _, set := range []struct {
		want  Verdict
		cases []Case
		count *int
	}{{Pass, control.Cases.Good, &w.Good}, {Fail, control.Cases.Bad, &w.Bad}, {Insufficient, control.Cases.Unknown, &w.Unknown}} {
		for i := range set.cases {
			got, why, err := c.judgeCase(ctx, control, &set.cases[i], params)
			if err != nil {
				return w, nil, fmt.Errorf("control %s: case %q: %w", control.ID, set.cases[i].Name, err)
			}
			if got != set.want {
				faults = append(faults, caseFault{set.cases[i].Name, set.want, got, why})
				continue
			}
			*set.count++
		}
	}
	return w, faults, nil
}

// judgeCase judges a case in a world of its own.
func (c *Catalogue) judgeCase(ctx context.Context, control *Control, cs *Case, params map[string]any) (Verdict, string, error) {
	var facts []*evidence.Fact
	for _, each := range append([]Case{*cs}, cs.With...) {
		f, err := each.fact(c.kinds)
		if err != nil {
			return Error, "", err
		}
		facts = append(facts, f)
	}
	in := &Input{AsOf: caseTime, JudgedAsOf: caseTime, Register: &engagement.Register{}, kinds: c.kinds}
	j, err := index(in, facts)
	if err != nil {
		return Error, "", err
	}
	c.env.world.pools, c.env.world.issuers = &j.pools, cs.Providers
	if len(cs.Providers) > 0 {
		params = maps.Clone(params)
		params["params.identity_providers"] = cs.Providers
	}
	f := j.resolve(facts[0])
	got, inside := c.test(ctx, control, f, params, func(*compiled) bool { return true })
	if !inside {
		return NotApplicable, "no test of the control is about it", nil
	}
	return got.verdict, fmt.Sprint(got.missing, got.err), nil
}

// Prove runs a control's cases against a table of places and says what is not as the cases say.
func (c *Catalogue) Prove(ctx context.Context, control *Control, table *place.Table) ([]string, error) {
	if !c.loaded {
		return nil, errUnloaded
	}
	_, faults, err := c.witness(ctx, control, &Input{Table: table})
	var out []string
	for _, f := range faults {
		out = append(out, f.String())
	}
	return out, err
}
