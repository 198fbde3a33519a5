package audit

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Names are what a workbook's custom properties say that it is of: digests.
type Names struct{ Run, Judgement string }

// Bounds of a workbook that somebody gives.
const (
	maxBook       = 1 << 30 // bytes of its file, which are held in memory
	maxProperties = 1 << 20 // of the part that names its run
)

// customProperties is docProps/custom.xml (ECMA-376 Part 1, 22.3).
type customProperties struct {
	Properties []struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"lpwstr"`
	} `xml:"property"`
}

// NamesOf reads which run and judgement a workbook names; one that names none, or one of them twice,
// is an error. What it says is no evidence: it tells what the workbook is to be held against.
func NamesOf(workbook []byte) (Names, error) {
	var n Names
	z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		return n, fmt.Errorf("it cannot be opened: %w", err)
	}
	f, err := z.Open("docProps/custom.xml")
	if err != nil {
		return n, errors.New("its properties name no run")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxProperties))
	if err = errors.Join(err, f.Close()); err != nil {
		return n, fmt.Errorf("its properties: %w", err)
	}
	var all customProperties
	if err := xml.Unmarshal(text, &all); err != nil {
		return n, fmt.Errorf("its properties: %w", err)
	}
	for _, p := range all.Properties {
		into := map[string]*string{"TrefoilRunDigest": &n.Run, "TrefoilJudgementDigest": &n.Judgement}[p.Name]
		if into == nil {
			continue
		}
		if *into != "" {
			return Names{}, fmt.Errorf("its properties say %s twice", p.Name)
		}
		*into = p.Value
	}
	if n.Run == "" || n.Judgement == "" {
		return n, errors.New("its properties do not name a run and a judgement")
	}
	return n, nil
}

// RecordedIn reads back the judgement that the workbook in a file names. A workbook of another run, or
// where a judgement is asked for, of another judgement, is refused: its rows are about other things.
func RecordedIn(r *run.Run, path, judgement string) (*Judged, error) {
	b, err := readFile(path, maxBook)
	if err != nil {
		return nil, err
	}
	named, err := NamesOf(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is no workbook of Trefoil: %w", path, err)
	case named.Run != r.Digest:
		return nil, fmt.Errorf("%s is a workbook of run %s, not of %s, which is run %s", path, named.Run, r.Path, r.Digest)
	case judgement != "" && judgement != named.Judgement:
		return nil, fmt.Errorf("%s is a workbook of judgement %s, not of %s", path, named.Judgement, judgement)
	}
	return Recorded(r, named.Judgement)
}

// readFile reads a file that somebody gives; one that is larger than limit is not read.
func readFile(path string, limit int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() <= limit {
		if b, err = io.ReadAll(io.LimitReader(f, limit+1)); err != nil || int64(len(b)) <= limit {
			return b, err
		}
	}
	return nil, fmt.Errorf("%s: has %d bytes, over %d", path, info.Size(), limit)
}
