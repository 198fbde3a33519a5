package seal

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// schemes are the key services that Sigstore knows, and the build tag that links each. Any other
// scheme X:// is asked of the program sigstore-kms-X, as is one that this build does not link.
var schemes = map[string]string{"awskms://": "kms_aws", "gcpkms://": "kms_gcp", "azurekms://": "kms_azure", "hashivault://": "kms_vault", "openbao://": "kms_vault"}

// IsService reports whether the name of a key is that of a key in a service.
func IsService(name string) bool { return strings.Contains(name, "://") }

// OpenKMS opens a signing key that lies in a key service: awskms://, gcpkms://, azurekms://,
// hashivault:// where this build links them, and any X:// by the program sigstore-kms-X on PATH.
// Credentials come from the environment of that service's own tools. Only P-256 keys sign.
func OpenKMS(ctx context.Context, uri string) (*Key, error) {
	sv, err := kms.Get(ctx, uri, crypto.SHA256)
	var missing *kms.ProviderNotFoundError
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("open signing key %s: %s", uri, unlinked(uri))
	}
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", uri, err)
	}
	public, err := sv.PublicKey(options.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: its public half: %w", uri, err)
	}
	key, err := newKey(public, func(ctx context.Context, data []byte) ([]byte, error) {
		signature, err := sv.SignMessage(bytes.NewReader(data), options.WithContext(ctx))
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", uri, err)
		}
		return signature, nil
	})
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", uri, err)
	}
	return key, nil
}

// unlinked says what would open such a key.
func unlinked(uri string) string {
	scheme, _, _ := strings.Cut(uri, "://")
	plugin := "there is no program sigstore-kms-" + scheme + " on PATH"
	tag, known := schemes[scheme+"://"]
	if !known || linked(scheme+"://") {
		return plugin
	}
	return fmt.Sprintf("this build does not link %s (it was built without -tags %s), and %s", scheme, tag, plugin)
}

// linked reports whether this build has a provider of a scheme.
func linked(scheme string) bool { return slices.Contains(kms.SupportedProviders(), scheme) }
