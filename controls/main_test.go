package controls

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie for longer: a third of the tests' time goes to collecting it. What is measured keeps the
// default.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
