package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/evidence/seal"
)

//go:embed templates
var templates embed.FS

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "write a set of files to start an engagement from, and a signing key", ArgsUsage: "DIR",
		Description: "Writes engagement.yaml, register.yaml, roster.csv, waivers.yaml, trust.yaml and .gitignore, with comments. The signing key\ngoes, encrypted, to your configuration folder; its public half into trust.yaml and, for other programs, NAME.pub.\n\nExample:\n   trefoil init clover-2026",
		Flags:       []cli.Flag{passphraseF, passphraseD, &cli.StringFlag{Name: "key", Usage: "`NAME` of the signing key; default: the folder's name"}},
		Action:      initialise,
	}
}

func initialise(c *cli.Context) error {
	dir, err := onlyArg(c, "DIR")
	if err != nil {
		return err
	}
	name := c.String("key")
	if name == "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		name = strings.ToLower(filepath.Base(abs))
	}
	if !keyName.MatchString(name) {
		return &usageError{fmt.Errorf("key name %q: use lower-case letters, digits and - (--key NAME)", name)}
	}
	keyFile, err := keyPath(name, "")
	if err != nil {
		return err
	}
	files, err := templateFiles(name)
	if err != nil {
		return err
	}
	for file := range files {
		if _, err := os.Lstat(filepath.Join(dir, file)); err == nil {
			return &codeError{code: exitCould, message: filepath.Join(dir, file) + " already exists", hint: "name an empty folder"}
		}
	}
	if _, err := os.Lstat(keyFile); err == nil {
		return &codeError{code: exitCould, message: keyFile + " already exists", hint: "a key is never overwritten; name another with --key NAME"}
	}
	passphrase, err := readPassphrase(c, c.String(passphraseF.Name), "Passphrase for the new signing key: ")
	if err != nil {
		return err
	}
	private, public, err := seal.GenerateKey(passphrase)
	if err != nil {
		return err
	}
	files["trust.yaml"] = trustTemplate(name, string(public))
	files[name+".pub"] = string(public)
	if err := os.MkdirAll(filepath.Dir(keyFile), 0o700); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := writeNew(keyFile, private, 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	for file, text := range files {
		if err := writeNew(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	tell(c.App.Writer, "%s: engagement.yaml, register.yaml, roster.csv, waivers.yaml, trust.yaml\nsigning key: %s (encrypted)\n\nEdit %s, then:\n  trefoil audit -c %s -o %s\n", dir, keyFile,
		filepath.Join(dir, "engagement.yaml"), filepath.Join(dir, "engagement.yaml"), filepath.Join(dir, "run-1"))
	return nil
}

// templateFiles are the files that init writes, but for trust.yaml's key.
func templateFiles(key string) (map[string]string, error) {
	files := map[string]string{"trust.yaml": "", key + ".pub": "", ".gitignore": "run-*\n*.xlsx\n*.sigstore.json\n*.lock\ncopy*/\n*.salts.jsonl\npassphrase*\n"}
	entries, err := fs.ReadDir(templates, "templates")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := templates.ReadFile("templates/" + e.Name())
		if err != nil {
			return nil, err
		}
		files[e.Name()] = strings.ReplaceAll(string(text), "KEYNAME", key)
	}
	return files, nil
}

func writeNew(path string, text []byte, mode os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(text)
	return err
}

func trustTemplate(name, public string) string {
	return strings.ReplaceAll(strings.ReplaceAll(trustText, "KEYNAME", name), "PUBLICKEY",
		strings.ReplaceAll(strings.TrimSpace(public), "\n", "\n      "))
}

//go:embed trust.yaml
var trustText string
