package engagement

import (
	"errors"
	"testing"
)

// Register and waivers: what is refused names its file; what is taken has its ids, once each.
func FuzzRegisterAndWaivers(f *testing.F) {
	f.Add(register)
	f.Add(waivers)
	f.Add("scope: [{id: a, scope: out, names: [x], because: y}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		once := func(id string) {
			if id == "" || seen[id] {
				t.Fatalf("id %q is empty or stands twice", id)
			}
			seen[id] = true
		}
		var fault *FileError
		r, err := ParseRegister(RegisterName, []byte(text))
		if err != nil && (!errors.As(err, &fault) || fault.File != RegisterName) {
			t.Fatalf("an error of no known type: %v", err)
		}
		if err == nil {
			for _, s := range r.Scope {
				once(s.ID)
			}
		}
		clear(seen)
		w, err := ParseWaivers(WaiversName, []byte(text))
		if err != nil && (!errors.As(err, &fault) || fault.File != WaiversName) {
			t.Fatalf("an error of no known type: %v", err)
		}
		for _, v := range w {
			once(v.ID)
			if !v.Approved.Before(v.Until.Time) {
				t.Fatal("a waiver without an end")
			}
		}
	})
}
