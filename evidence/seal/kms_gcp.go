//go:build kms_gcp

package seal

// Sigstore's providers register themselves.
import _ "github.com/sigstore/sigstore/pkg/signature/kms/gcp"
