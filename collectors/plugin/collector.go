package plugin

import (
	"context"
	"fmt"
	"strconv"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Target is the unit of work that a plug-in is: its result is one bundle.
func (p *Plugin) Target() collectors.Target {
	return collectors.Target{ID: "plugin-" + p.Spec.Name, Provider: p.Manifest.Provider, Level: collectors.Plugin, Name: p.Spec.Name + " " + p.Manifest.Version}
}

// Operation is the row of the run of the plug-in as a whole, plugin:NAME; every other row hangs on it.
func (p *Plugin) Operation() string { return "plugin:" + p.Spec.Name }

// Info declares what the manifest does, and the run of the plug-in itself, which lists every kind:
// where it fails, no population of any of them is whole.
func (p *Plugin) Info() collectors.Info {
	whole := collectors.Operation{Name: p.Operation(), List: true, Global: true}
	for _, k := range p.Manifest.Kinds {
		whole.Kinds = append(whole.Kinds, k.Name)
	}
	info := collectors.Info{Name: "plugin/" + p.Spec.Name, Provider: p.Manifest.Provider, Runs: collectors.Plugin, Kinds: p.Manifest.Kinds,
		Operations: []collectors.Operation{whole}}
	for _, op := range p.Manifest.Operations {
		declared := collectors.Operation{Name: op.Name, List: len(op.Kinds) > 0, Kinds: op.Kinds, Parent: op.Parent, Global: true}
		if declared.Parent == "" {
			declared.Parent = whole.Name
		}
		info.Operations = append(info.Operations, declared)
	}
	return info
}

// request is all that the output depends on, as far as Trefoil can know it: what was run, on what.
type request struct {
	Manifest       *Manifest            `json:"manifest"`
	ManifestSHA256 string               `json:"manifest_sha256"`
	SHA256         string               `json:"sha256"`
	Interpreter    string               `json:"interpreter,omitempty"`
	Before         []string             `json:"interpreter_args,omitzero"`
	Args           []string             `json:"args,omitzero"`
	Inputs         map[string]InputFile `json:"inputs"`
	LimitSeconds   int                  `json:"time_limit_s"`
}

func (p *Plugin) request() (string, error) {
	r := request{Manifest: p.Manifest, ManifestSHA256: p.Spec.ManifestSHA256, SHA256: p.Spec.SHA256, Args: p.Spec.Args, Inputs: p.files(), LimitSeconds: p.Spec.LimitSeconds}
	if in := p.Spec.Interpreter; in != nil {
		r.Interpreter, r.Before = in.Path, in.Args
	}
	text, err := evidence.Canonical(r)
	return string(text), err
}

// Collect runs the plug-in, or in a replay reads what it wrote when it was run.
func (p *Plugin) Collect(ctx context.Context, s *collectors.Session) error {
	asked, err := p.request()
	if err != nil {
		return err
	}
	var out *Output
	inputs := p.files()
	status := s.Tell(ctx, p.Operation(), asked, p.run, func(x *evidence.Exchange, body []byte) (evidence.Status, string) {
		var why string
		out, why = p.meaning(x, body, inputs)
		switch {
		case out == nil:
			return evidence.Failed, why
		case len(out.Facts) == 0:
			return evidence.Empty, ""
		}
		return evidence.OK, ""
	})
	if !status.Seen() {
		return nil // the rows take the status of the run
	}
	for _, f := range out.Facts {
		k, _ := p.Manifest.kind(f.Kind)
		s.Emit(k, f)
	}
	p.mark(s, out)
	return nil
}

// meaning is the pure part: facts, or why there are none.
func (p *Plugin) meaning(x *evidence.Exchange, body []byte, inputs map[string]InputFile) (out *Output, why string) {
	if x.Failure != "" {
		why = meaning(x.Failure, p.Spec.LimitSeconds, x.Answer)
	} else {
		var err error
		out, err = p.Manifest.Read(Origin{Target: x.Target, Exchange: x.ID, Seen: x.Start, Inputs: inputs}, body)
		if err != nil {
			why = err.Error()
		}
	}
	if said := x.Answer["stderr"]; why != "" && said != "" {
		why += "; it wrote to stderr: " + strconv.Quote(said)
	}
	if why != "" {
		return nil, fmt.Sprintf("plug-in %s: %s", p.Spec.Name, why)
	}
	return out, ""
}

// mark gives each declared operation its row: what was missed, else whether it listed anything.
func (p *Plugin) mark(s *collectors.Session, out *Output) {
	counts := map[string]int{}
	for _, f := range out.Facts {
		counts[f.Kind]++
	}
	missed := map[string]bool{}
	for _, m := range out.Missed {
		missed[m.Operation] = true
		s.Mark(m.Operation, m.Status, m.Reason)
	}
	for _, op := range p.Manifest.Operations {
		if missed[op.Name] {
			continue
		}
		of := op.Kinds
		if op.Parent != "" {
			parent, _ := p.Manifest.operation(op.Parent)
			of = parent.Kinds
		}
		n := 0
		for _, kind := range of {
			n += counts[kind]
		}
		if n > 0 {
			s.Mark(op.Name, evidence.OK, "")
		} else {
			s.Mark(op.Name, evidence.Empty, "")
		}
	}
}
