package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Classes of failure.
const (
	failStart   = "start"   // it could not be started
	failTimeout = "timeout" // its time was up
	failFlood   = "flood"   // it wrote too much
	failExit    = "exit"    // it ended with another status than 0
)

// maxStderr bounds what is kept of a plug-in's standard error.
const maxStderr = 4 << 10

// grace is how long killed processes have to let go of their output.
const grace = 2 * time.Second

// run starts the plug-in once and gives what it wrote. The files that it is given are copies of
// the bytes that were digested, in a folder of its own: nothing can be changed in between.
func (p *Plugin) run(ctx context.Context) collectors.Told {
	notes := map[string]string{}
	dir, argv, err := p.stage(notes)
	if dir != "" {
		defer func() { _ = removeAll(dir) }() // copies alone; what cannot be removed does no harm
	}
	if err != nil {
		notes["error"] = cause(err)
		return collectors.Told{Failure: failStart, Notes: notes}
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(p.Spec.LimitSeconds)*time.Second)
	defer cancel()
	body, failure, err := watch(limited, dir, argv, notes)
	if err != nil {
		notes["error"] = cause(err)
	}
	return collectors.Told{Body: body, Failure: failure, Notes: notes}
}

// cause is an error without the folder of the moment.
func cause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return clean(err.Error(), 300)
}

// stage copies the plug-in and its inputs into a new folder, read-only, and gives the command line.
func (p *Plugin) stage(notes map[string]string) (dir string, argv []string, err error) {
	if dir, err = os.MkdirTemp("", "trefoil-plugin-"); err != nil {
		return "", nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, "inputs"), 0o700); err != nil {
		return dir, nil, err
	}
	for name, text := range p.Inputs {
		if err := os.WriteFile(filepath.Join(dir, "inputs", name), text, 0o400); err != nil {
			return dir, nil, err
		}
	}
	file := filepath.Join(dir, "plugin")
	// While it is open for writing nothing may fork: a child that held it would keep it from being run.
	syscall.ForkLock.RLock()
	err = os.WriteFile(file, p.Executable, 0o500)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return dir, nil, err
	}
	for _, d := range []string{filepath.Join(dir, "inputs"), dir} {
		if err := os.Chmod(d, 0o500); err != nil {
			return dir, nil, err
		}
	}
	argv = append([]string{file}, p.Spec.Args...)
	if in := p.Spec.Interpreter; in != nil {
		if notes["interpreter_sha256"], err = p.interpreter(); err != nil {
			return dir, nil, err
		}
		argv = append(append([]string{in.Path}, in.Args...), argv...)
	}
	return dir, argv, nil
}

// interpreter digests what will run the script, and holds it against its pin where there is one.
func (p *Plugin) interpreter() (string, error) {
	in := p.Spec.Interpreter
	b, err := readFile("/", in.Path, MaxExecutable)
	if err != nil {
		return "", fmt.Errorf("plug-in %s: interpreter: %w", p.Spec.Name, err)
	}
	got := evidence.Digest(b)
	if in.SHA256 != "" && in.SHA256 != got {
		return got, &PinError{p.Spec.Name, "interpreter.sha256", in.Path, in.SHA256, got}
	}
	return got, nil
}

// removeAll removes a folder whose parts are read-only.
func removeAll(dir string) error {
	return errors.Join(os.Chmod(dir, 0o700), os.Chmod(filepath.Join(dir, "inputs"), 0o700), os.RemoveAll(dir))
}

// watch runs a command to its end and gives what it wrote, bounded. When it gives up, and when the
// command ends, every process of the command's group is killed.
func watch(ctx context.Context, dir string, argv []string, notes map[string]string) (body []byte, failure string, err error) {
	closeOnExec()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, []string{} // not nil, which would hand on our own
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, failStart, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, failStart, err
	}
	if err := cmd.Start(); err != nil {
		return nil, failStart, err
	}
	var out, said sink
	out.most, said.most, said.drain = MaxOutput, maxStderr, true
	read := make(chan struct{})
	go func() {
		defer close(read)
		var both sync.WaitGroup
		both.Go(func() { out.from(stdout) })
		both.Go(func() { said.from(stderr) })
		both.Wait()
	}()
	failure = await(ctx, cmd, read, &out, notes)
	body, stderrText := out.text(), said.text()
	if len(stderrText) > 0 {
		notes["stderr"] = clean(string(stderrText), 500)
	}
	return body, failure, nil
}

// await waits until all output was read and the process has ended, until it writes too much, or
// until its time is up; then it kills the whole group.
func await(ctx context.Context, cmd *exec.Cmd, read <-chan struct{}, out *sink, notes map[string]string) (failure string) {
	// The group has the number of its first process, which is ours until Wait has reaped it.
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	select {
	case <-ctx.Done():
		failure = failTimeout
	case <-out.flooded():
		failure = failFlood
	case <-read:
	}
	if failure != "" {
		kill()
		// A process that left the group may hold the pipes still: Wait closes our ends of them.
		select {
		case <-read:
		case <-time.After(grace):
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done(): // it closed its output and went on
		failure = failTimeout
		kill()
		err = <-ended
	}
	kill() // what it left behind in its group
	var exit *exec.ExitError
	switch {
	case failure != "" || err == nil:
	case errors.As(err, &exit):
		failure, notes["exit"] = failExit, exit.String()
	default:
		failure, notes["error"] = failExit, cause(err)
	}
	return failure
}

// sink takes what comes out of a pipe, up to a bound.
type sink struct {
	most  int
	drain bool // read on beyond the bound, and drop it

	mu    sync.Mutex
	got   []byte
	over  chan struct{}
	start sync.Once
}

func (s *sink) flooded() chan struct{} {
	s.start.Do(func() { s.over = make(chan struct{}) })
	return s.over
}

func (s *sink) from(r io.Reader) {
	buffer := make([]byte, 64<<10)
	full := false
	for {
		n, err := r.Read(buffer)
		s.mu.Lock()
		room := s.most - len(s.got)
		s.got = append(s.got, buffer[:min(n, room)]...)
		s.mu.Unlock()
		if n > room && !full && !s.drain {
			full = true
			close(s.flooded())
		}
		if err != nil {
			return
		}
	}
}

func (s *sink) text() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// closeOnExec keeps descriptors that somebody handed to us, such as that of a passphrase, from a
// plug-in. Go marks its own; those that we were started with are not marked.
func closeOnExec() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // no such folder: Go's own are marked all the same
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// meaning says what a failure means, in one sentence.
func meaning(failure string, limit int, notes map[string]string) string {
	var what string
	switch failure {
	case failStart:
		what = "could not be started: " + notes["error"]
	case failTimeout:
		what = fmt.Sprintf("did not end, or held its output open, for %d seconds, and was killed", limit)
	case failFlood:
		what = fmt.Sprintf("wrote over %d bytes, and was killed", MaxOutput)
	default:
		what = "ended with " + notes["exit"] + notes["error"]
	}
	return what
}
