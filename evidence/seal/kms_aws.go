//go:build kms_aws

package seal

// Sigstore's providers register themselves.
import _ "github.com/sigstore/sigstore/pkg/signature/kms/aws"
