package engagement

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
)

// NotKept stands in the kept copy of engagement.yaml where an external id stood: whoever has the
// evidence must not learn what opens the roles.
const NotKept = "not-kept"

// externalID is the form of an external id (IAM, AssumeRole), but for how long it is.
var externalID = regexp.MustCompile(`^[\w+=,.@:/-]+$`)

// naming finds the lines that say an external id, from the name on.
var naming = regexp.MustCompile(`(?m)external_id.*$`)

// comment finds comments. What stands in a value like one is taken for one too: see [Loaded.withhold].
var comment = regexp.MustCompile(`(?m)(^|[ \t])#.*$`)

// said finds, in a comment, an external id that somebody put aside there, however the name is spelt: to the end of
// its line, since an id may hold commas; where nothing follows the name, with the comment in the next line.
var said = regexp.MustCompile(`(?mi)((?:^|[ \t])#.*external[ _-]?id["']?[ \t]*(?:[:=]|\b(?:is|was)\b))(?:([ \t]*\r?\n[ \t]*#).*|.*)$`)

// withhold makes the bytes those that a run keeps: without external ids, in comments too, and otherwise as they
// are. A file that would then say something else is refused, and one in which one is left: see [Loaded.keptOut].
func (l *Loaded) withhold() error {
	f := *l.File
	f.AWS = slices.Clone(f.AWS)
	var ids [][]byte
	for i := range f.AWS {
		if id := f.AWS[i].ExternalID; id != "" {
			ids, f.AWS[i].ExternalID = append(ids, []byte(id)), NotKept
		}
	}
	// The longest first: one may be the beginning of another.
	slices.SortFunc(ids, func(a, b []byte) int { return len(b) - len(a) })
	without := func(text []byte) []byte {
		for _, id := range ids {
			text = bytes.ReplaceAll(text, id, []byte(NotKept))
		}
		return text
	}
	kept := map[string][]byte{}
	for name, text := range l.Raw {
		if name == RosterName { // it has no comments
			continue
		}
		if name == FileName {
			text = naming.ReplaceAllFunc(text, without)
		}
		kept[name] = said.ReplaceAll(comment.ReplaceAllFunc(text, without), []byte("${1}${2} "+NotKept))
	}
	refused := func(name string) error {
		return &FileError{File: l.Paths[name], Cause: "an external_id cannot be kept out of the evidence", Hint: "write it plainly, on the line of its name, and in no value behind a #"}
	}
	again, err := ParseFile(FileName, kept[FileName])
	if err == nil {
		f.name, f.tree = again.name, again.tree
	}
	if err != nil || !reflect.DeepEqual(*again, f) {
		return refused(FileName)
	}
	if again, err := ParseRegister(RegisterName, kept[RegisterName]); err != nil || !reflect.DeepEqual(again, l.Register) {
		return refused(RegisterName)
	}
	if again, err := ParseWaivers(WaiversName, kept[WaiversName]); err != nil || !reflect.DeepEqual(again, l.Waivers) {
		return refused(WaiversName)
	}
	for name, text := range kept {
		l.Raw[name] = text
	}
	return l.keptOut(ids, &f)
}

// tellable is how long an external id must be to be searched for in all that is kept: a shorter one stands in words.
const tellable = 8

// keptOut refuses files in which an external id still stands after the cuts, such as in a reason or in the roster; also
// where YAML spells it otherwise, since a judgement keeps what was read. It does not say the id.
func (l *Loaded) keptOut(ids [][]byte, f *File) error {
	for _, id := range ids {
		if len(id) < tellable || string(id) == NotKept {
			continue
		}
		for name, read := range sorted(map[string]any{FileName: f, RegisterName: l.Register, RosterName: l.Roster, WaiversName: l.Waivers}) {
			fault := &FileError{File: l.Paths[name], Cause: "an external_id of engagement.yaml stands here, and this file is kept in the evidence", Hint: "take it out; where the same text must stand here, such as a role's name, have the role ask for another external id"}
			if at := bytes.Index(l.Raw[name], id); at >= 0 {
				fault.Line = 1 + bytes.Count(l.Raw[name][:at], []byte("\n"))
				return fault
			}
			said, err := json.Marshal(read)
			if err != nil || bytes.Contains(said, id) {
				return fault
			}
		}
	}
	return nil
}
