package main

import (
	"cmp"
	"runtime/debug"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// keptSettings are those settings of a build that change the binary and name nothing of the machine
// that built it (flags of the linker may).
var keptSettings = []string{"-buildmode", "-compiler", "-race", "-tags", "-trimpath", "CGO_ENABLED", "GOAMD64", "GOARCH", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOOS", "vcs", "vcs.time"}

// buildOf says how a program of this identity was built, as Go stamped it.
func buildOf(t run.Tool) run.Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return stamped(t, info)
}

func stamped(t run.Tool, info *debug.BuildInfo) run.Build {
	b := run.Build{Version: t.Version, Go: t.Go, Binary: t.Binary, Modified: "unknown", Settings: map[string]string{}, Modules: []run.Module{}}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Modified = "yes"
		case s.Key == "vcs.modified" && s.Value == "false":
			b.Modified = "no"
		case slices.Contains(keptSettings, s.Key):
			b.Settings[s.Key] = s.Value
		}
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Modules = append(b.Modules, run.Module{Path: m.Path, Version: m.Version, Sum: m.Sum})
	}
	slices.SortFunc(b.Modules, func(x, y run.Module) int { return cmp.Compare(x.Path, y.Path) })
	return b
}
