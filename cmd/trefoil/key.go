package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Bounds of what is read.
const (
	maxPassphrase = 4096
	maxKey        = 64 << 10
	maxTrustFile  = 8 << 20 // trust.yaml, signing_config.json and what they name
)

// keyPath is where a signing key lies: a plain name means a file of the user's configuration
// folder, anything else a path relative to engagement.yaml.
func keyPath(name, config string) (string, error) {
	if !strings.ContainsAny(name, `/\`) && !strings.HasSuffix(name, ".key") {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", fmt.Errorf("find the configuration folder: %w", err)
		}
		return filepath.Join(dir, "trefoil", name+".key"), nil
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Join(filepath.Dir(config), name), nil
}

// readPassphrase takes a passphrase from a descriptor, a file, or the terminal. It is never a
// flag's value, and never empty.
func readPassphrase(c *cli.Context, file, prompt string) ([]byte, error) {
	var b []byte
	var err error
	switch fd := c.Int(passphraseD.Name); {
	case fd >= 0:
		f := os.NewFile(uintptr(fd), "passphrase")
		if f == nil {
			return nil, fmt.Errorf("passphrase: descriptor %d is not open", fd)
		}
		b, err = io.ReadAll(io.LimitReader(f, maxPassphrase))
	case file == "-":
		b, err = io.ReadAll(io.LimitReader(c.App.Reader, maxPassphrase))
	case file != "":
		warnReadable(c, file)
		b, err = readBounded(file, maxPassphrase)
	default:
		in, ok := c.App.Reader.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return nil, &codeError{code: exitCould, message: "the signing key needs a passphrase, and there is no terminal to ask on", hint: "use --passphrase-file FILE or --passphrase-fd N"}
		}
		tell(c.App.ErrWriter, "%s", prompt)
		b, err = term.ReadPassword(int(in.Fd()))
		tell(c.App.ErrWriter, "\n")
	}
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	if b = bytes.TrimRight(b, "\r\n"); len(b) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	return b, nil
}

// warnReadable says where others on this machine can read a passphrase. It is no refusal: files
// that an orchestrator mounts for one container often look like that.
func warnReadable(c *cli.Context, path string) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		tell(c.App.ErrWriter, "trefoil: warning: others can read the passphrase in %s (mode %04o); chmod 600 keeps it to you\n", path, info.Mode().Perm())
	}
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: over %d bytes", path, limit)
	}
	return b, err
}

// loadTrust reads trust.yaml.
func loadTrust(path string) (*seal.Trust, error) {
	trust, _, err := readTrust(path)
	return trust, err
}

// readTrust reads trust.yaml, and gives the digest of what was read.
func readTrust(path string) (*seal.Trust, string, error) {
	text, err := readBounded(path, maxTrustFile)
	if err != nil {
		return nil, "", fmt.Errorf("trust: %w", err)
	}
	trust, err := seal.ParseTrust(path, text, func(name string) ([]byte, error) {
		return readBounded(beside(path, name), maxTrustFile)
	})
	return trust, evidence.Digest(text), err
}
