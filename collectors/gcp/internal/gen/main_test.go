package main

import (
	"bytes"
	"os"
	"testing"
)

// The table is what the generator makes of the package as it stands, so that neither can rot unseen.
func TestTableIsCurrent(t *testing.T) {
	const out = "../../names_table.go"
	want, err := table(out)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("names_table.go is not what the generator makes; go generate ./collectors/gcp")
	}
}
