package gcp

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
)

// service is one Google API: its host, the path that its methods' paths are under, and those
// of its methods that are declared.
type service struct {
	host, path string
	methods    []method
}

// method is one declared operation: its HTTP method and its path, where {} stands for one
// segment or the rest of one.
type method struct{ verb, template, name string }

// namer finds the declared name of a request of one service that goes to one host.
func namer(serviceName, host string) collectors.Namer {
	svc := services[serviceName]
	return func(req *http.Request) (string, error) {
		if req.URL.Host != host {
			return "", fmt.Errorf("host %q is not that of %s", req.URL.Host, serviceName)
		}
		return svc.operation(req.Method, req.URL.EscapedPath())
	}
}

// operation finds the one declared method that a path belongs to: of several that fit, the one
// with the most literal segments.
func (s service) operation(verb, path string) (string, error) {
	rest, ok := strings.CutPrefix(path, s.path)
	best, most, twice := "", -1, false
	for _, m := range s.methods {
		if !ok || m.verb != verb {
			continue
		}
		n, fits := literals(m.template, rest)
		switch {
		case !fits || n < most:
		case n == most:
			twice = true
		default:
			best, most, twice = m.name, n, false
		}
	}
	if best == "" || twice {
		return "", fmt.Errorf("%s %s belongs to no declared operation", verb, path)
	}
	return best, nil
}

// domainProject is the id of a project of a domain: its colon begins no custom method, whose names have no dot
// before it.
var domainProject = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.[a-z]{2,}:[a-z][a-z0-9-]*$`)

// literals counts the literal segments of a template that fits a path. A path's last segment
// must have the template's verb after the colon, or no colon but that of a project's id, so that a custom method is
// never taken for the plain one.
func literals(template, path string) (n int, fits bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return 0, false
	}
	for i, w := range want {
		tail, variable := strings.CutPrefix(w, "{}")
		switch {
		case !variable:
			if w != have[i] {
				return 0, false
			}
			n++
		default:
			value, ok := strings.CutSuffix(have[i], tail)
			project := i > 0 && want[i-1] == "projects" && domainProject.MatchString(value)
			if !ok || value == "" || i == len(want)-1 && strings.Contains(value, ":") && !project {
				return 0, false
			}
			if tail != "" {
				n++
			}
		}
	}
	return n, true
}
