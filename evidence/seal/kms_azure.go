//go:build kms_azure

package seal

// Sigstore's providers register themselves.
import _ "github.com/sigstore/sigstore/pkg/signature/kms/azure"
