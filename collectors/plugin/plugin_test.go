package plugin

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// TestMain is also the plug-in: this binary, started with -plugin MODE, writes what the mode says.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "-plugin" {
		os.Exit(behave(os.Args[2]))
	}
	os.Exit(m.Run())
}

const (
	thing = `{"fact":{"id":"dc:thing/1","kind":"dc.thing","name":"one","fields":{"store":{"class":"block","engine":"x"},"located":["site:a"],"attrs":{"size":3}}}}` + "\n"
	ended = `{"end":{"counts":{"dc.thing":1,"dc.other":0}}}` + "\n"
	none  = `{"end":{"counts":{"dc.thing":0,"dc.other":0}}}` + "\n"
)

// modes are what the plug-in can do. What is a plain text is written, and that is all.
var modes = map[string]string{
	"good": thing + ended, "empty": none, "silent": "", "garbage": "\x00\x01<html>\n", "no end": thing, "cut off": thing + strings.TrimSuffix(ended, "\n"),
	"miscounted": thing + none, "after the end": thing + ended + thing, "not UTF-8": strings.Replace(thing, "one", "\xff\xfe", 1) + ended,
	"undeclared kind": strings.ReplaceAll(thing, `"dc.thing"`, `"dc.ghost"`) + ended, "foreign id": strings.Replace(thing, "dc:thing/1", "arn:aws:s3:::clover", 1) + ended,
	"twice":     thing + thing + `{"end":{"counts":{"dc.thing":2,"dc.other":0}}}` + "\n",
	"missed":    thing + `{"missed":{"operation":"dc:ListThings","status":"denied","reason":"no\u0007 right"}}` + "\n" + ended,
	"forgotten": strings.Replace(thing, `,"engine":"x"`, ``, 1) + ended, "wrong type": strings.Replace(thing, `"size":3`, `"size":"three"`, 1) + ended,
}

func behave(mode string) int {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if text, ok := modes[mode]; ok {
		out.WriteString(text)
		return 0
	}
	switch mode {
	case "input":
		b, err := os.ReadFile("inputs/things.csv")
		if err != nil || len(os.Environ()) > 0 || os.WriteFile("inputs/more", nil, 0o600) == nil && os.Getuid() != 0 {
			fmt.Fprintln(os.Stderr, err, os.Environ())
			return 1
		}
		if n, _ := os.Stdin.Read(make([]byte, 1)); n > 0 {
			return 1
		}
		out.WriteString(strings.Replace(thing, `"one"`, `"`+strings.TrimSpace(string(b))+`","lines":["things.csv#1"]`, 1) + ended)
	case "exit":
		out.WriteString(thing + ended)
		fmt.Fprint(os.Stderr, "Traceback:\n\x1b[31mboom\x1b[0m = \"")
		return 3
	case "hang":
		out.WriteString(thing + ended)
		out.Flush()
		select {}
	case "closes and goes on":
		out.WriteString(thing + ended)
		out.Flush()
		os.Stdout.Close()
		os.Stderr.Close()
		for {
			time.Sleep(time.Hour)
		}
	case "flood":
		line := strings.Repeat("x", 1<<16)
		for {
			fmt.Println(line)
		}
	case "mutters": // a flood of its standard error does no harm
		for range 1 << 14 {
			fmt.Fprintln(os.Stderr, strings.Repeat("y", 100))
		}
		out.WriteString(thing + ended)
	case "grandchild", "escaped":
		child := exec.Command(os.Args[0], "-plugin", "hang")
		child.Stdout = os.Stdout
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: mode == "escaped"}
		if child.Start() != nil {
			return 1
		}
		if mode == "escaped" { // the test kills it: it has left our group
			fmt.Fprintf(os.Stderr, "pid=%d", child.Process.Pid)
		}
		out.WriteString(thing + ended)
	case "dies":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return 0
}

const manifest = `{"protocol":1,"name":"test","version":"1","provider":"dc","doc":"","inputs":[{"name":"things.csv","optional":true,"doc":""}],
 "operations":[{"name":"dc:ListThings","kinds":["dc.thing"],"doc":""},{"name":"dc:ListOthers","kinds":["dc.other"],"doc":""},{"name":"dc:GetSize","parent":"dc:ListThings","doc":""}],
 "kinds":[{"name":"dc.thing","schema":1,"facets":["store","located"],"not_applicable":{"/tags":"none"},"attrs":[{"name":"size","type":"int"}]},
  {"name":"dc.other","schema":1,"facets":["located"],"not_applicable":{"/tags":"none"}}]}`

func testPlugin(t testing.TB, mode string) *Plugin {
	t.Helper()
	m, err := ParseManifest([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return &Plugin{Spec: engagement.Plugin{Name: "test", SHA256: evidence.Digest(binary), Args: []string{"-plugin", mode}, LimitSeconds: 60},
		Manifest: m, ManifestText: []byte(manifest), Executable: binary, Inputs: map[string][]byte{"things.csv": []byte("first\n")}}
}

// vault keeps bodies in memory.
type vault struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

func (v *vault) AddBody(b []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := evidence.Digest(b)
	v.bodies[d] = slices.Clone(b)
	return d, nil
}

// collect runs a plug-in, plays what was recorded again without its bytes, and wants the same.
func collect(t *testing.T, p *Plugin) collectors.Outcome {
	t.Helper()
	out, _ := collectBy(t, p, nil)
	return out
}

// collectBy does so by rules that withhold, and gives all that was kept, too.
func collectBy(t *testing.T, p *Plugin, rules collectors.Withholding) (collectors.Outcome, *vault) {
	t.Helper()
	v := &vault{bodies: map[string][]byte{}}
	w := collectors.NewWork(p.Target(), time.Now(), nil, v, time.Now)
	w.Withhold(rules)
	if err := w.Collect(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	out := w.Finish()
	if len(out.Exchanges) != 1 {
		t.Fatalf("%d exchanges", len(out.Exchanges))
	}
	gone := *p
	gone.Executable = nil
	r, err := collectors.NewRecording(out.Exchanges, func(d string) ([]byte, error) { return v.bodies[d], nil })
	if err != nil {
		t.Fatal(err)
	}
	again := collectors.ReplayWork(p.Target(), time.Now(), r, &vault{bodies: map[string][]byte{}})
	again.Withhold(rules)
	if err := again.Collect(t.Context(), &gone, nil); err != nil {
		t.Fatal(err)
	}
	second := again.Finish()
	if !reflect.DeepEqual(out.Rows, second.Rows) || !reflect.DeepEqual(out.Exchanges, second.Exchanges) || len(out.Facts) != len(second.Facts) {
		t.Errorf("played again, it comes to other contents:\n%+v\n%+v", out.Rows, second.Rows)
	}
	for i := range out.Facts {
		a, _ := out.Facts[i].Encode()
		if b, _ := second.Facts[i].Encode(); string(a) != string(b) {
			t.Errorf("fact %s\nagain %s", a, b)
		}
	}
	if len(r.Left()) > 0 {
		t.Error("the exchange was not asked for")
	}
	return out, v
}

func TestGoodPlugin(t *testing.T) {
	out := collect(t, testPlugin(t, "input"))
	if len(out.Facts) != 1 || out.Facts[0].Name != "first" || len(out.Facts[0].From) != 2 || !strings.HasPrefix(out.Facts[0].From[0], "i:") {
		t.Fatalf("%+v %+v", out.Facts, out.Exchanges[0])
	}
	want := map[string]evidence.Status{"plugin:test": evidence.OK, "dc:ListThings": evidence.OK, "dc:ListOthers": evidence.Empty, "dc:GetSize": evidence.OK}
	for _, r := range out.Rows {
		if r.Status != want[r.Operation] {
			t.Errorf("%s: %s %s", r.Operation, r.Status, r.Reason)
		}
	}
	for _, r := range collect(t, testPlugin(t, "empty")).Rows {
		if r.Status != evidence.Empty {
			t.Errorf("an empty list that is proven: %s is %s", r.Operation, r.Status)
		}
	}
	if out := collect(t, testPlugin(t, "mutters")); len(out.Facts) != 1 || len(out.Exchanges[0].Answer["stderr"]) > 2000 {
		t.Errorf("%d facts, %q", len(out.Facts), out.Exchanges[0].Answer)
	}
}

// Whatever goes wrong ends in an error of every row, with a reason, and in no fact.
func TestHostilePlugin(t *testing.T) {
	for mode, want := range map[string]string{
		"silent": "wrote nothing", "garbage": "line 1 of its output: is no record", "no end": "without an end record", "cut off": "cut off",
		"miscounted": "counts 0 of dc.thing, and 1 were written", "after the end": "goes on after its end record", "not UTF-8": "no UTF-8",
		"undeclared kind": "dc.ghost is not declared", "foreign id": "does not begin with dc:", "twice": "was said before",
		"forgotten": "/store/engine: not set", "wrong type": "/attrs/size", "exit": `exit status 3; it wrote to stderr: "Traceback: [31mboom [0m = \""`,
		"dies": "signal: killed", "flood": "wrote over 67108864 bytes",
	} {
		t.Run(mode, func(t *testing.T) { refused(t, collect(t, testPlugin(t, mode)), want) })
	}
}

func refused(t *testing.T, out collectors.Outcome, want string) {
	t.Helper()
	if len(out.Facts) > 0 {
		t.Errorf("%d facts were taken", len(out.Facts))
	}
	if x := out.Exchanges[0]; x.Outcome != evidence.Failed || !strings.Contains(x.Reason, want) || strings.ContainsAny(x.Reason, "\n\x1b") {
		t.Errorf("%s: %q, want %q", x.Outcome, x.Reason, want)
	}
	if len(out.Rows) != 4 {
		t.Errorf("%d rows", len(out.Rows))
	}
	for _, r := range out.Rows {
		if r.Status != evidence.Failed || r.Reason == "" {
			t.Errorf("%s: %s %q", r.Operation, r.Status, r.Reason)
		}
	}
}

// A plug-in whose time is up is killed, with what it started.
func TestTimeIsUp(t *testing.T) {
	for _, mode := range []string{"hang", "closes and goes on", "grandchild", "escaped"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := testPlugin(t, mode)
			p.Spec.LimitSeconds = 1
			out := collect(t, p)
			refused(t, out, "for 1 seconds, and was killed")
			var pid int
			if n, _ := fmt.Sscanf(out.Exchanges[0].Answer["stderr"], "pid=%d", &pid); n == 1 && pid > 1 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
	}
}

func TestCancelledRunStops(t *testing.T) {
	p := testPlugin(t, "hang")
	ctx, cancel := context.WithCancel(t.Context())
	v := &vault{bodies: map[string][]byte{}}
	w := collectors.NewWork(p.Target(), time.Now(), nil, v, func() time.Time { cancel(); return time.Now() })
	if err := w.Collect(ctx, p, nil); err == nil {
		t.Error("a cancelled run went on")
	}
	for _, r := range w.Finish().Rows {
		if r.Status.Seen() {
			t.Errorf("%s: %s", r.Operation, r.Status)
		}
	}
}

// A part that was missed gates its own population and keeps the rest.
func TestMissedPart(t *testing.T) {
	out := collect(t, testPlugin(t, "missed"))
	if len(out.Facts) != 1 {
		t.Errorf("%d facts", len(out.Facts))
	}
	want := map[string]evidence.Status{"plugin:test": evidence.OK, "dc:ListThings": evidence.Denied, "dc:ListOthers": evidence.Empty, "dc:GetSize": evidence.Denied}
	for _, r := range out.Rows {
		if r.Status != want[r.Operation] || r.Operation == "dc:ListThings" && r.Reason != "no right" {
			t.Errorf("%s: %s %q", r.Operation, r.Status, r.Reason)
		}
	}
}

// What the plug-in is run with is the key of the exchange: another digest, input, argument or
// manifest does not get the recorded answer.
func TestReplayOfAnotherIsRefused(t *testing.T) {
	p := testPlugin(t, "good")
	v := &vault{bodies: map[string][]byte{}}
	w := collectors.NewWork(p.Target(), time.Now(), nil, v, time.Now)
	if err := w.Collect(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Plugin){
		"digest":  func(p *Plugin) { p.Spec.SHA256 = strings.Repeat("0", 64) },
		"input":   func(p *Plugin) { p.Inputs = map[string][]byte{"things.csv": []byte("second\n")} },
		"args":    func(p *Plugin) { p.Spec.Args = nil },
		"version": func(p *Plugin) { m := *p.Manifest; m.Version = "2"; p.Manifest = &m },
		"runner":  func(p *Plugin) { p.Spec.Interpreter = &engagement.Interpreter{Path: "/bin/sh"} },
	} {
		other := *p
		change(&other)
		r, err := collectors.NewRecording(w.Finish().Exchanges, func(d string) ([]byte, error) { return v.bodies[d], nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := collectors.ReplayWork(p.Target(), time.Now(), r, v).Collect(t.Context(), &other, nil); err == nil {
			t.Errorf("another %s was answered from the recording", name)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return evidence.Digest([]byte(text))
	}
	script, declared := write("p.sh", "#!/bin/sh\n"), write("p.json", manifest)
	program := write("program", "\x7fELF")
	write("things.csv", "x")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := engagement.Plugin{Name: "test", Path: "program", SHA256: program, Manifest: "p.json", ManifestSHA256: declared, Inputs: map[string]string{"things.csv": "things.csv"}}
	if p, err := Load(dir, good); err != nil || len(p.Kept()) != 2 {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*engagement.Plugin){
		"(sha256): nothing was run": func(p *engagement.Plugin) { p.SHA256 = script },
		"(manifest_sha256)":         func(p *engagement.Plugin) { p.ManifestSHA256 = script },
		"(interpreter.sha256)": func(p *engagement.Plugin) {
			p.Interpreter = &engagement.Interpreter{Path: filepath.Join(dir, "p.sh"), SHA256: program}
		},
		"interpreter: stat":                   func(p *engagement.Plugin) { p.Interpreter = &engagement.Interpreter{Path: "/nowhere/sh"} },
		"is a script: name what runs it":      func(p *engagement.Plugin) { p.Path, p.SHA256 = "p.sh", script },
		"declares no input others.csv":        func(p *engagement.Plugin) { p.Inputs = map[string]string{"others.csv": "things.csv"} },
		"input things.csv: stat":              func(p *engagement.Plugin) { p.Inputs = map[string]string{"things.csv": "gone.csv"} },
		"pipe is no regular file":             func(p *engagement.Plugin) { p.Inputs = map[string]string{"things.csv": "pipe"} },
		`plug-in other: its manifest is of "`: func(p *engagement.Plugin) { p.Name = "other" },
	} {
		bad := good
		change(&bad)
		if _, err := Load(dir, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The descriptor of a passphrase does not reach a plug-in.
func TestDescriptorsStayHere(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, r.Fd(), syscall.F_SETFD, 0); errno != 0 {
		t.Fatal(errno)
	}
	closeOnExec()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, r.Fd(), syscall.F_GETFD, 0)
	if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
		t.Errorf("flags %d, %v", flags, errno)
	}
}
