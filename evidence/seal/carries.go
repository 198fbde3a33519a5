package seal

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// carriesName is the member of a predicate in which a signer says what the signature was to carry. In-toto
// lets any object have members that are named by a URI, and its clients pass over those that they don't know.
const carriesName = "https://trefoil-audit.github.io/attestation/carries/v1"

// carries says how many timestamps and log entries a signature was to carry. They are not signed themselves:
// one that was taken out of the file could not be missed without this. A statement of an older build, or of
// another program, does not say it.
type carries struct {
	LogEntries int `json:"log_entries"`
	Timestamps int `json:"timestamps"`
}

// into adds what the signature was to carry to a predicate, which must be a JSON object.
func (c carries) into(predicate any) (rawJSON, error) {
	text, err := evidence.Canonical(predicate)
	if err != nil {
		return nil, err
	}
	if with, ok := evidence.PutMember(text, carriesName, c.text()); ok {
		return with, nil
	}
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, fmt.Errorf("a predicate of type %T is no JSON object", predicate)
	}
	members[carriesName] = c.text()
	return evidence.Canonical(members)
}

// text is its canonical JSON.
func (c carries) text() []byte {
	return []byte(`{"log_entries":` + strconv.Itoa(c.LogEntries) + `,"timestamps":` + strconv.Itoa(c.Timestamps) + `}`)
}

func readCarries(text []byte) (*carries, error) {
	c := &carries{}
	if err := json.Unmarshal(text, c); err != nil || !bytes.Equal(c.text(), text) || c.LogEntries < 0 || c.Timestamps < 0 {
		return nil, fmt.Errorf("%w: its predicate's %s says no numbers of timestamps and log entries", ErrFormat, carriesName)
	}
	return c, nil
}

// outOf takes what the signature was to carry out of a predicate, and gives the rest; nil where it does not say.
func outOf(predicate rawJSON) (*carries, rawJSON, error) {
	if len(predicate) == 0 || predicate[0] != '{' {
		return nil, predicate, nil
	}
	if said, rest, ok := evidence.CutMember(predicate, carriesName); ok && said == nil {
		return nil, predicate, nil
	} else if ok {
		c, err := readCarries(said)
		return c, rest, err
	}
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(predicate, &members); err != nil {
		return nil, nil, fmt.Errorf("%w: its predicate: %w", ErrFormat, err)
	}
	said, ok := members[carriesName]
	if !ok {
		return nil, predicate, nil
	}
	c, err := readCarries(said)
	if err != nil {
		return nil, nil, err
	}
	delete(members, carriesName)
	rest, err := evidence.Canonical(members)
	return c, rest, err
}

// whole refuses a signature that has lost what it was to carry.
func (c *carries) whole(s *Signature) error {
	switch {
	case c == nil:
	case s.Tokens < c.Timestamps:
		return fmt.Errorf("%w: it was signed to carry %d timestamps, and carries %d: the rest was removed", ErrTime, c.Timestamps, s.Tokens)
	case s.LogEntries < c.LogEntries:
		return fmt.Errorf("%w: it was signed to carry %d entries of transparency logs, and carries %d: the rest was removed", ErrUntrusted, c.LogEntries, s.LogEntries)
	}
	return nil
}
