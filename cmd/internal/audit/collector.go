package audit

import (
	"runtime"
	"slices"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// callerKinds are the kinds of facts whose id is who asked.
var callerKinds = []string{"aws.sts.caller"}

// note keeps who the providers said was asking.
func (d *desk) note(facts []*evidence.Fact) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range facts {
		if slices.Contains(callerKinds, f.Kind) {
			d.callers = append(d.callers, f.ID)
		}
	}
}

// collector is inputs/collector.json of a run that this program takes.
func collector(build run.Build, callers []string, clocks []seal.Offset) ([]byte, error) {
	catalogue, err := evidence.Canonical(controls.Default())
	if err != nil {
		return nil, err
	}
	c := run.Collector{Schema: run.CollectorSchema, Build: build, Catalogue: evidence.Digest(catalogue),
		Host: run.Host{OS: runtime.GOOS, Arch: runtime.GOARCH}, Callers: slices.Sorted(slices.Values(callers)), Clocks: clocks}
	c.Callers = slices.Compact(c.Callers)
	if c.Callers == nil {
		c.Callers = []string{}
	}
	if c.Clocks == nil {
		c.Clocks = []seal.Offset{}
	}
	return evidence.Canonical(c)
}
