//go:build kms_gcp && kms_azure

package seal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Google's and Azure's key services are linked by their build tags. A key that is no key's name, and a service that is
// not reached, end in an error that names the key and says why, and quotes no credential.
func TestOtherClouds(t *testing.T) {
	credentials := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(credentials, []byte(`{"type":"authorized_user","client_id":"us","client_secret":"our-secret","refresh_token":"our-secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": credentials, "AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111",
		"AZURE_CLIENT_ID": "11111111-1111-1111-1111-111111111111", "AZURE_CLIENT_SECRET": "our-secret", "HTTPS_PROXY": "http://127.0.0.1:1", "PATH": t.TempDir()} {
		t.Setenv(name, value)
	}
	const google, azure = "gcpkms://projects/p/locations/europe-north1/keyRings/r/cryptoKeys/k", "azurekms://evidence.vault.azure.net/k"
	for uri, words := range map[string]string{
		"gcpkms://projects/p/keys/k":       "in the format gcpkms://projects/",
		"azurekms://evidence":              "in the format azurekms://",
		google + "/cryptoKeyVersions/1":    "",
		azure:                              "",
		"azurekms://127.0.0.1:1/k/0123abc": "",
	} {
		_, err := OpenKMS(t.Context(), uri)
		if err == nil || !strings.Contains(err.Error(), "open signing key "+uri) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v", uri, err)
			continue
		}
		if strings.Contains(err.Error(), "does not link") || strings.Contains(err.Error(), "our-secret") {
			t.Errorf("%s: %v", uri, err)
		}
		t.Log(err)
	}
}
