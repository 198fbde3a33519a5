package aws

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// credentialReport is IAM's CSV of users and their long-lived credentials.
type credentialReport struct {
	row   string
	from  []string
	users []reportedUser
}

// reportedUser is a line of it.
type reportedUser struct {
	name, arn   string
	console     bool
	consoleUsed string // instant; empty: never
	consoleSet  string
	mfa         bool
	keys        []reportedKey
	more        bool // it has credentials that the report does not list
}

// root reports whether it is the account's root user, which the ARN says: the name may be withheld.
func (u reportedUser) root() bool { return strings.HasSuffix(u.arn, ":root") }

// reportedKey is an access key, or a certificate by which requests are signed.
type reportedKey struct {
	kind, id      string
	active        bool
	created, used string
}

// moreColumn says of a user with more than two access keys or certificates how many more there are, and how
// to list them. Reports from before it was there lack it.
const moreColumn = "additional_credentials_info"

// reportColumns are the columns that are read. See "Get credential reports for your AWS account".
var reportColumns = []string{"user", "arn", "password_enabled", "password_last_used", "password_last_changed", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"}

// parseReport reads the report. A column that is missing, a line of more or fewer columns than the
// head, a value of an unknown form, and a report without the root user's line, or of several
// accounts, are errors: none must read like "no user" or "no credential".
func parseReport(text []byte) ([]reportedUser, error) {
	r := csv.NewReader(bytes.NewReader(text)) // each line has as many columns as the first
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("credential report: %w", err)
	}
	at := map[string]int{}
	for _, name := range reportColumns {
		i := slices.Index(head, name)
		if i < 0 {
			return nil, fmt.Errorf("credential report: it has no column %q", name)
		}
		at[name] = i
	}
	more := slices.Index(head, moreColumn)
	var out []reportedUser
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			if err := wholeReport(out); err != nil {
				return nil, fmt.Errorf("credential report: %w", err)
			}
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("credential report: %w", err)
		}
		u, err := parseUser(func(name string) string { return line[at[name]] })
		if err != nil {
			return nil, fmt.Errorf("credential report: user %q: %w", line[at["user"]], err)
		}
		u.more = more >= 0 && line[more] != "" && line[more] != "N/A"
		out = append(out, u)
	}
}

// wholeReport wants the root user, once, and beside it users of its account alone, each once.
func wholeReport(users []reportedUser) error {
	root := slices.IndexFunc(users, reportedUser.root)
	if root < 0 {
		return errors.New("it lacks the line of the root user, which every account has")
	}
	account := strings.TrimSuffix(users[root].arn, ":root")
	seen := map[string]bool{}
	for i, u := range users {
		if i != root && !strings.HasPrefix(u.arn, account+":user/") {
			return fmt.Errorf("user %q is %q, of another account than %s", u.name, u.arn, users[root].arn)
		}
		if seen[u.arn] {
			return fmt.Errorf("user %q stands twice", u.name)
		}
		seen[u.arn] = true
	}
	return nil
}

func parseUser(get func(string) string) (reportedUser, error) {
	u := reportedUser{name: get("user"), arn: get("arn")}
	var errs []error
	truth := func(name string) bool {
		switch v := get(name); v {
		case "true", "TRUE":
			return true
		case "false", "FALSE":
			return false
		case "not_supported":
			if name == "password_enabled" { // of the root user: that it has none is said as FALSE
				return true
			}
		}
		errs = append(errs, fmt.Errorf("%s is %q", name, get(name)))
		return false
	}
	instant := func(name string) string {
		switch v := get(name); v {
		case "N/A", "no_information", "not_supported":
			return ""
		default:
			if evidence.IsMarker(v) {
				return v // the fact's field becomes unknown
			}
			t, err := time.Parse(time.RFC3339, v)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s is %q", name, v))
			}
			return t.UTC().Format(time.RFC3339)
		}
	}
	u.console, u.mfa = truth("password_enabled"), truth("mfa_active")
	u.consoleUsed, u.consoleSet = instant("password_last_used"), instant("password_last_changed")
	for _, key := range []string{"access_key_1", "access_key_2"} {
		k := reportedKey{kind: "access_key", id: key, active: truth(key + "_active"), created: instant(key + "_last_rotated"), used: instant(key + "_last_used_date")}
		if k.active || k.created != "" {
			u.keys = append(u.keys, k)
		}
	}
	for _, cert := range []string{"cert_1", "cert_2"} {
		k := reportedKey{kind: kindCertificate, id: cert, active: truth(cert + "_active"), created: instant(cert + "_last_rotated")}
		if k.active || k.created != "" {
			u.keys = append(u.keys, k)
		}
	}
	return u, errors.Join(errs...)
}

// kindCertificate is the kind of credentials that are X.509 signing certificates.
const kindCertificate = "certificate"

// setCredentials says a user's long-lived credentials, each by the name that the report gives it. Row is
// the report's, for those that it counts and does not list.
func setCredentials(f *evidence.Fact, u reportedUser, row string) {
	list := []map[string]any{}
	orNone := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	if u.console {
		list = append(list, map[string]any{"kind": "password", "id": "console", "active": true, "created": orNone(u.consoleSet), "last_used": orNone(u.consoleUsed)})
	}
	for _, k := range u.keys {
		c := map[string]any{"kind": k.kind, "id": k.id, "active": k.active, "created": orNone(k.created)}
		if k.kind == kindCertificate {
			f.Unknown("the credential report does not say when a certificate was used", "/principal/credentials/"+strconv.Itoa(len(list))+"/last_used")
		} else {
			c["last_used"] = orNone(k.used)
		}
		list = append(list, c)
	}
	if u.more {
		f.Unknown(row, "/principal/credentials/-")
	}
	f.Set("/principal/credentials", list).Set("/principal/mfa", u.mfa).Set("/attrs/console", u.console)
}
