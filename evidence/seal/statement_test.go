package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// What is taken for a statement inside a signature has one form and names files by their digests; what
// is not is an ErrFormat.
func FuzzStatement(f *testing.F) {
	k, _ := testKey(f)
	var whole map[string]any
	if err := json.Unmarshal(mustSign(f, k, Run, file), &whole); err != nil {
		f.Fatal(err)
	}
	envelope := whole["dsseEnvelope"].(map[string]any)
	good, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	if err != nil {
		f.Fatal(err)
	}
	_, after, _ := bytes.Cut(good, []byte(`"predicate":`))
	said, _, found := bytes.Cut(after, []byte(`,"predicateType"`))
	if !found {
		f.Fatalf("no predicate stands in %s", good)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"subject":[`), []byte(`"subject":[],"subject":[`), 1))
	f.Add(bytes.Replace(good, []byte("{"), []byte(`{"a":1,`), 1))
	for _, predicate := range []string{`{"b":1,"a":2}`, `{ }`, `{"a":1.0}`, `{"a":"\u0041"}`, `{"a":1,"a":1}`, `{"a":[1,{"b":null}]}`, `{"by":"test"}`, `{"` + carriesName + `":{}}`, `null`} {
		f.Add(bytes.Replace(good, said, []byte(predicate), 1))
	}
	for _, without := range []string{`"predicate":` + string(said) + `,`, `,"name":"run.json"`} { // what others may leave out
		f.Add(bytes.Replace(good, []byte(without), nil, 1))
	}
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		envelope["payload"] = base64.StdEncoding.EncodeToString(payload)
		text, err := evidence.Canonical(whole)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := Claimed(text)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("an error of no known type: %v", err)
			}
			return
		}
		if again, err := evidence.Canonicalize(payload); err != nil || !bytes.Equal(again, payload) || !isDigest(digest) {
			t.Fatalf("taken: %q, digest %q", payload, digest)
		}
	})
}

// The statement that was signed is taken, and what it is about is read.
func TestClaimed(t *testing.T) {
	k, _ := testKey(t)
	if got, err := Claimed(mustSign(t, k, Run, file)); err != nil || got != evidence.Digest(file) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Claimed([]byte("{}")); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v", err)
	}
}
