//go:build kms_vault

package seal

// Sigstore's providers register themselves.
import _ "github.com/sigstore/sigstore/pkg/signature/kms/hashivault"
