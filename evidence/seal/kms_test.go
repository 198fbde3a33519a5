package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
	"github.com/sigstore/sigstore/pkg/signature/kms/fake"

	"github.com/trefoil-audit/trefoil/evidence"
)

// pluginName is the name by which this test program is a key service itself.
const pluginName = "sigstore-kms-memo"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == pluginName {
		plugin()
		return
	}
	os.Exit(m.Run())
}

// plugin answers one call: its key lies in the file that memo://FILE names.
func plugin() {
	args, err := handler.GetPluginArgs(os.Args)
	if err == nil {
		err = answer(args.InitOptions.KeyResourceID, func(ctx context.Context) error {
			sv, err := fake.LoadSignerVerifier(ctx, crypto.SHA256)
			if err != nil {
				return err
			}
			_, err = handler.Dispatch(os.Stdout, os.Stdin, args, sv)
			return err
		})
	}
	if err != nil {
		_ = handler.WriteErrorResponse(os.Stdout, err)
	}
}

func answer(uri string, then func(context.Context) error) error {
	pem, err := os.ReadFile(strings.TrimPrefix(uri, "memo://"))
	if err != nil {
		return err
	}
	private, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, cryptoutils.SkipPassword)
	if err != nil {
		return err
	}
	return then(context.WithValue(context.Background(), fake.KmsCtxKey{}, private))
}

func memo(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, pluginName)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := cryptoutils.MarshalPrivateKeyToPEM(private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(bin, "key.pem")
	if err := os.WriteFile(path, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return "memo://" + path
}

// A key in a service of its own: the program sigstore-kms-memo on PATH signs.
func TestPluginSigns(t *testing.T) {
	k, err := OpenKMS(t.Context(), memo(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	pem, err := k.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	sig := mustSign(t, k, Run, file)
	if _, err := mustTrust(t, trustText(pem, "collector", "run")).Verify(Run, evidence.Digest(file), sig, At(now)); err != nil {
		t.Error(err)
	}
}

func TestKeysThatDoNotOpen(t *testing.T) {
	p384 := memo(t, elliptic.P384())
	for uri, want := range map[string]string{
		p384:                  "only ECDSA keys on P-256 sign",
		"nobody://key":        "no program sigstore-kms-nobody",
		"gcpkms://projects/x": "-tags kms_gcp",
		"memo:///nowhere":     "nowhere",
	} {
		if strings.Contains(want, "-tags") && linked("gcpkms://") {
			continue
		}
		if _, err := OpenKMS(t.Context(), uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", uri, err, want)
		}
	}
}
