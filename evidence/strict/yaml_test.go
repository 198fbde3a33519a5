package strict

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

type sample struct {
	Name string            `yaml:"name"`
	List []string          `yaml:"list"`
	Tags map[string]string `yaml:"tags"`
	N    int               `yaml:"n"`
}

const limit = 1 << 16

// Each fault names the file, the line where it has one, the cause and, where there is one, the cure.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"unknown field":      {"name: a\ncolour: red\n", 2, "unknown field"},
		"duplicate key":      {"name: a\nname: b\n", 2, "already defined"},
		"wrong type":         {"name: a\nn: many\n", 2, "\"many\" is no whole number"},
		"list for a text":    {"name: [a]\n", 1, "cannot unmarshal"},
		"no YAML":            {"name: [a\n", 0, "a.yaml"},
		"tab":                {"tags:\n\ta: b\n", 2, "a tab cannot start any token"},
		"octal":              {"name: a\nlist: [a, 0123]\n", 2, "0123 would be read as 83"},
		"hexadecimal":        {"name: 0x10\n", 1, "0x10 would be read as 16"},
		"zeros of a text":    {"name: 000000000000\n", 1, "would be read as 0"},
		"zeros of a number":  {"name: 1.50\n", 1, "1.50 would be read as 1.5"},
		"large truth":        {"name: a\ntags: {a: TRUE}\n", 2, "TRUE would be read as true"},
		"a number as name":   {"tags:\n  010: b\n", 2, "010 would be read as 8"},
		"anchor":             {"name: a\ntags: &x {a: b}\n", 2, "anchors and aliases"},
		"alias bomb":         {"list: &a [x, x]\ntags: {a: *a}\n", 1, "anchors and aliases"},
		"merge key":          {"tags:\n  <<: {a: b}\n", 2, "anchors and aliases"},
		"several documents":  {"name: a\n---\nname: b\n", 0, "several documents"},
		"too large":          {strings.Repeat("#", limit+1), 0, "over 65536 bytes"},
		"no text":            {"name: \xff\n", 0, "UTF-8"},
		"a zero byte":        {"name: a\x00\n", 0, "UTF-8"},
		"brackets":           {"list: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), 0, "nested deeper"},
		"braces":             {"tags: " + strings.Repeat("{a: ", 10_000), 0, "nested deeper"},
		"a fraction":         {"name: a\nn: 30.5\n", 2, "\"30.5\" is no whole number"},
		"fraction in quotes": {"name: a\nn: \"30.5\"\n", 2, "is no whole number"},
		"fraction of a tag":  {"? \"n\"\n: !!float 30.5\n", 2, "is no whole number"},
		"hidden line":        {"name: a\n# x\rlist: [b]\n", 2, "a carriage return without a line feed"},
		"return at the end":  {"name: a\n# x\r", 2, "a carriage return without a line feed"},
		"list marks":         {"list:\n" + strings.Repeat("- ", 10_000) + "a\n", 0, "nested deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := YAML("a.yaml", []byte(c.text), limit, &sample{})
			var fault *FileError
			if !errors.As(err, &fault) || fault.File != "a.yaml" || fault.Line != c.line && c.line > 0 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v (%#v), want line %d and %q", err, fault, c.line, c.want)
			}
		})
	}
}

// A fault of form names its field and the cure.
func TestHints(t *testing.T) {
	type nested struct {
		Items []struct {
			Tags    map[string]string `yaml:"tags"`
			Allowed []string          `yaml:"allowed_jurisdictions"`
			Kept    string            `yaml:"-"`
		} `yaml:"items"`
	}
	for text, want := range map[string]string{
		"items: [{allowed_jurisdiction: [EU]}]\n":                 "did you mean allowed_jurisdictions? known here are allowed_jurisdictions, tags; `trefoil init`",
		"items:\n  - Tag: {a: b}\n":                               "did you mean tags? known here are allowed_jurisdictions, tags;",
		"items:\n  - colour: red\n":                               "hint: known here are allowed_jurisdictions, tags;",
		"itemz: []\n":                                             "did you mean items? known here are items;",
		"tags: {a: b}\n":                                          "hint: it is known in another place: check its indentation; known here are items;",
		"items:\n  - item: a\n":                                   "hint: known here are allowed_jurisdictions, tags;",
		"? items\n: [{? tag : {}}]\n":                             "did you mean tags? known here are allowed_jurisdictions, tags;",
		"items:\n  - {tags: [data-class=public]}\n":               "a.yaml:2: tags: sequence was used where mapping is expected hint: write names and values, such as tags: {data-class: public}",
		"items:\n  - tags: [a]\n":                                 "a.yaml:2: tags: sequence",
		"items:\n  - tags:\n      - a=b\n":                        "a.yaml:3: sequence",
		"items:\n  - {allowed_jurisdictions: {a: b}, tags: {}}\n": "a.yaml:2: mapping was used where sequence is expected hint: write a list",
	} {
		_, err := YAML("a.yaml", []byte(text), limit, &nested{})
		var fault *FileError
		if !errors.As(err, &fault) || !strings.Contains(fault.Error()+" hint: "+fault.Hint, want) {
			t.Errorf("%q: got %v (%#v), want %q", text, err, fault, want)
		}
	}
}

func TestTaken(t *testing.T) {
	var v sample
	tree, err := YAML("a.yaml", []byte("# words\nname: a\nlist:\n  - b\n  - c\n"), limit, &v)
	if err != nil || v.Name != "a" || len(v.List) != 2 {
		t.Fatalf("%+v %v", v, err)
	}
	if n := Line(tree, "$.list[1]"); n != 5 {
		t.Errorf("line %d, want 5", n)
	}
	if Line(tree, "$.none") != 0 || Line(nil, "$.name") != 0 || Line(tree, "no path") != 0 {
		t.Error("a line of what is not there")
	}
	v = sample{}
	if _, err := YAML("a.yaml", []byte("# words\r\nname: a\r\nn: \"30\"\r\ntags: {version: 1.5}\r\n"), limit, &v); err != nil || v.N != 30 || v.Tags["version"] != "1.5" {
		t.Errorf("lines of two characters, a number in quotes, a fraction as a text: %+v %v", v, err)
	}
	if _, err := YAML("a.yaml", nil, limit, &v); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func FuzzYAML(f *testing.F) {
	for _, seed := range []string{"name: a\n", "list:\n  - a\n  - b\n", "tags: {a: b}\nn: 3\n", "name: &a x\n", "? a\n: b\n", "name: |\n  x\n   y\n", "- - -", "%YAML 1.2\n---\n", "name: !!binary aGk=\n", "# nothing\n", "~\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var fault *FileError
		var got sample
		tree, err := YAML("a.yaml", []byte(text), limit, &got)
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("an error of no known type: %v", err)
		}
		if err == nil {
			Line(tree, "$.list[0]")
			var want sample // as the library reads it, from the text
			if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&want); err != nil && strings.TrimSpace(text) != "" || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v, and from the text %+v (%v)", got, want, err)
			}
		}
	})
}
