package audit

import (
	"fmt"
	"slices"

	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/controls"
)

// PluginKindsError says that a plug-in's kinds do not fit the catalogue: a control about every
// store, say, would read a field that they do not carry.
type PluginKindsError struct {
	Plugin string
	Err    error
}

func (e *PluginKindsError) Error() string {
	return fmt.Sprintf("plug-in %s: its kinds do not fit the catalogue: %v", e.Plugin, e.Err)
}

func (e *PluginKindsError) Unwrap() error { return e.Err }

// pluginsOf loads the plug-ins of an engagement: their files, or in a replay what the recording
// keeps of them. Nothing is run.
func pluginsOf(c *Collection) ([]*plugin.Plugin, error) {
	var out []*plugin.Plugin
	for _, spec := range c.Engagement.File.Plugins {
		var p *plugin.Plugin
		var err error
		if c.Replay != nil {
			p, err = plugin.Recorded(spec, c.Replay.Input)
		} else {
			p, err = plugin.Load(c.Dir, spec)
		}
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(out, func(o *plugin.Plugin) bool { return o.Manifest.Provider == p.Manifest.Provider }); i >= 0 {
			return nil, fmt.Errorf("plug-in %s: provider %s is that of plug-in %s", spec.Name, p.Manifest.Provider, out[i].Spec.Name)
		}
		if err := fits(p, c.Replay != nil); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// fits refuses, before anything is asked, kinds by which no judgement could be made. A recording is
// played as it is: whether it can be judged is for the judgement to say.
func fits(p *plugin.Plugin, replay bool) error {
	kinds, err := Kinds(p)
	if err != nil {
		return fmt.Errorf("plug-in %s: %w", p.Spec.Name, err)
	}
	if replay {
		return nil
	}
	if _, err := controls.Load(controls.Default(), kinds); err != nil {
		return &PluginKindsError{p.Spec.Name, err}
	}
	return nil
}
