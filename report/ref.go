package report

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
)

// refAlphabet is Crockford's: no I, L, O or U, so that a reference can be read aloud.
var refAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// RefOf gives the reference of the row that a sheet has about an item of a control. Control or
// item is empty where the row is about the other alone.
func RefOf(sheet, control, item string) string {
	h := sha256.New()
	for _, part := range []string{"trefoil row", sheet, control, item} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return "R-" + refAlphabet.EncodeToString(h.Sum(nil))[:10]
}
