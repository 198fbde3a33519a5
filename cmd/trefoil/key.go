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

	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// maxPassphrase bounds what is read of a passphrase.
const maxPassphrase = 4096

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
		b, err = os.ReadFile(file)
	default:
		in, ok := c.App.Reader.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return nil, &codeError{code: exitCould, message: "the signing key needs a passphrase, and there is no terminal to ask on", hint: "use --passphrase-file FILE or --passphrase-fd N"}
		}
		fmt.Fprint(c.App.ErrWriter, prompt)
		b, err = term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.App.ErrWriter)
	}
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	if b = bytes.TrimRight(b, "\r\n"); len(b) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	return b, nil
}

// loadTrust reads trust.yaml.
func loadTrust(path string) (*seal.Trust, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	return seal.ParseTrust(path, text, func(name string) ([]byte, error) {
		return os.ReadFile(beside(path, name))
	})
}
