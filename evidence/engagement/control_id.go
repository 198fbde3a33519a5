package engagement

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// controlWords say where ids of controls are found.
const controlWords = "`trefoil controls list` shows them"

var looseControl = regexp.MustCompile(`^(?:EDS)?[-_ ]?([A-Z]{3})[-_ ]?([0-9]{1,3})$`)

// meantControl asks after the id that was meant by one in small letters, or with another number of zeros.
func meantControl(id string) string {
	m := looseControl.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(id)))
	if m == nil {
		return ""
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n > 99 {
		return ""
	}
	return fmt.Sprintf("did you mean EDS-%s-%02d? ", m[1], n)
}
