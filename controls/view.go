package controls

import (
	"fmt"
	"iter"

	"github.com/trefoil-audit/trefoil/evidence"
)

// View shows a run's facts as the tests see them: copies placed, keys told whose they are, each
// thing ruled in or out of scope. What people read is made of it, so that a sheet cannot say
// something else than the test read.
type View struct {
	j          *joins
	homes      map[string]string // see homesOf
	people     people
	approved   []string        // countries where people may work from
	collectors map[string]bool // roles by which accounts were asked
}

// View indexes a run's facts by a judgement's inputs. Errors: facts that cannot be read.
func (c *Catalogue) View(in Input) (*View, error) {
	in.kinds = c.kinds
	j, err := indexLines(&in, nil)
	if err != nil {
		return nil, err
	}
	v := &View{j: j, homes: homesOf(in.Register), people: peopleOf(in.Roster), collectors: j.collectorRoles()}
	if in.Table != nil {
		if v.approved, err = in.Table.Allowed(in.Parameters.ApprovedCountries); err != nil {
			return nil, fmt.Errorf("approved_countries: %w", err)
		}
	}
	return v, j.fault
}

// Facts streams the run's facts, joined, in their recorded order.
func (v *View) Facts() iter.Seq2[*evidence.Fact, error] {
	return func(yield func(*evidence.Fact, error) bool) {
		for line, err := range v.j.in.Facts() {
			var f *evidence.Fact
			if err == nil {
				f, err = evidence.DecodeFact(line)
			}
			if err == nil {
				f = v.j.resolve(f)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// Scope says whether a fact is in scope, and by which rule: the register's, "default", or
// "graph:" and the id of what it is a copy of, or opens.
func (v *View) Scope(f *evidence.Fact) (Scope, string) {
	r := v.j.scopeOf(f)
	return r.scope, r.rule
}
