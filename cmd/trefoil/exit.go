package main

import (
	"fmt"
	"strings"
)

// Exit codes; see exitTable.
const (
	exitDone       = 0
	exitCould      = 1
	exitFailed     = 2
	exitUnjudged   = 3
	exitUnverified = 4
)

// exitTable is the one table of exit codes; --help prints it.
var exitTable = []struct {
	code    int
	meaning string
}{
	{exitDone, "done, and all that was judged holds"},
	{exitCould, "could not do the job"},
	{exitFailed, "a selected control failed or drifted (test, audit, drift)"},
	{exitUnjudged, "nothing failed, but something selected could not be judged (test, audit, drift)"},
	{exitUnverified, "the evidence does not verify"},
}

// exitHelp is the table as text for --help.
func exitHelp() string {
	var b strings.Builder
	b.WriteString("EXIT CODES (where several apply: 4, 1, 2, 3):\n")
	for _, e := range exitTable {
		fmt.Fprintf(&b, "   %d  %s\n", e.code, e.meaning)
	}
	return b.String()
}
