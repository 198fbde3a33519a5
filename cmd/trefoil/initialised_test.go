package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// initialised DIR KEY leaves what `trefoil init DIR --key KEY` leaves, but for the key's encryption: to open that costs
// a quarter of a second each time, by design. engagement.txtar, passphrase.txtar and the README run init itself.
func initialised(ts *testscript.TestScript, neg bool, args []string) {
	dir, name := ts.MkAbs(args[0]), args[1]
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	open, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	ts.Check(err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}))
	files, err := templateFiles(name)
	ts.Check(err)
	files["trust.yaml"], files[name+".pub"] = trustTemplate(name, public), public
	keys := filepath.Join(ts.Getenv("XDG_CONFIG_HOME"), "trefoil")
	ts.Check(os.MkdirAll(keys, 0o700))
	ts.Check(writeNew(filepath.Join(keys, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	ts.Check(os.MkdirAll(dir, 0o755))
	for file, text := range files {
		ts.Check(writeNew(filepath.Join(dir, file), []byte(text), 0o644))
	}
}
