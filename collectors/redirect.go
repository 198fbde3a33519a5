package collectors

import (
	"os"
	"strings"
)

// Redirection is something of this machine's configuration that sends requests elsewhere, or
// lets another authority vouch for who answers.
type Redirection struct {
	What  string // the variable, or the file and line, for people
	Sort  RedirectionSort
	Value string // may hold a password, as of a proxy: it is compared, never shown
}

// RedirectionSort says which override of an engagement could speak of a redirection.
type RedirectionSort string

// The sorts. What is Elsewhere cannot be said by any override.
const (
	ByEndpoint RedirectionSort = "endpoint"
	ByProxy    RedirectionSort = "proxy"
	ByCA       RedirectionSort = "ca"    // authorities beside those of our clients
	ByRoots    RedirectionSort = "roots" // in the place of the system's authorities
	Elsewhere  RedirectionSort = "elsewhere"
)

// RedirectingVariables finds environment variables that redirect: those that every HTTP client
// of this process honours, and those that sort knows. Sort gives "" for what it does not know.
func RedirectingVariables(sort func(name, value string) RedirectionSort) []Redirection {
	var found []Redirection
	for _, env := range os.Environ() {
		name, value, _ := strings.Cut(env, "=")
		if value == "" {
			continue
		}
		s := common(name)
		if s == "" {
			s = sort(name, value)
		}
		if s != "" {
			found = append(found, Redirection{What: "environment variable " + name, Sort: s, Value: value})
		}
	}
	return found
}

func common(name string) RedirectionSort {
	switch strings.ToUpper(name) {
	case "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY":
		return ByProxy
	}
	switch name {
	case "SSL_CERT_FILE", "SSL_CERT_DIR": // in the place of the system's authorities: crypto/x509
		return ByRoots
	}
	return ""
}
