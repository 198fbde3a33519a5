package aws

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
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
}

// root reports whether it is the account's root user, which the ARN says: the name may be withheld.
func (u reportedUser) root() bool { return strings.HasSuffix(u.arn, ":root") }

type reportedKey struct {
	id            string
	active        bool
	created, used string
}

// reportColumns are the columns that are read. See "Get credential reports for your AWS account".
var reportColumns = []string{"user", "arn", "password_enabled", "password_last_used", "password_last_changed", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date"}

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
		k := reportedKey{id: key, active: truth(key + "_active"), created: instant(key + "_last_rotated"), used: instant(key + "_last_used_date")}
		if k.active || k.created != "" {
			u.keys = append(u.keys, k)
		}
	}
	return u, errors.Join(errs...)
}

// setCredentials says a user's long-lived credentials, each by the name that the report gives it.
func setCredentials(f *evidence.Fact, u reportedUser) {
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
		list = append(list, map[string]any{"kind": "access_key", "id": k.id, "active": k.active, "created": orNone(k.created), "last_used": orNone(k.used)})
	}
	f.Set("/principal/credentials", list).Set("/principal/mfa", u.mfa).Set("/attrs/console", u.console)
}
