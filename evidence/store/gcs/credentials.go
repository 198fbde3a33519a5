package gcs

import (
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"google.golang.org/api/option"
)

// maxCredentials bounds a file of credentials.
const maxCredentials = 1 << 20

// credentialsKind reads of a file of credentials what kind they are; only those of machines are
// taken, so that evidence is not written in the name of whoever sits at the keyboard.
func credentialsKind(path string) (option.CredentialsType, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxCredentials {
		return "", fmt.Errorf("%s: over %d bytes", path, maxCredentials)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var c struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return "", fmt.Errorf("%s: no credentials in JSON", path) // the cause could quote a key
	}
	switch kind := option.CredentialsType(c.Type); kind {
	case option.ServiceAccount, option.ExternalAccount, option.ImpersonatedServiceAccount:
		return kind, nil
	}
	return "", fmt.Errorf("%s: credentials of type %q; take those of a service account or of a federated identity", path, c.Type)
}
