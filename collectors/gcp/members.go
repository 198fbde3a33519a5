package gcp

import (
	"regexp"
	"slices"
	"strings"
)

// member is whom a policy names.
type member struct {
	written string
	public  bool
	project string // id of the project that it belongs to; empty where it belongs to none
	pool    bool   // it comes through an identity pool, whosever that is: an issuer says who it is
	number  string // the same by number, where only that is known
}

// agentProjects are the projects of Google in which it keeps its service agents ("Service agents",
// IAM reference), beside those that begin with gcp-sa-. Anybody may name an account of a project of
// their own service-<number>, so the name alone makes none an agent.
const agentProjects = `gs-project-accounts|compute-system|container-engine-robot|containerregistry|container-analysis|dataproc-accounts|` +
	`dataflow-service-producer-prod|cloudcomposer-accounts|serverless-robot-prod|gcf-admin-robot|service-networking|sourcerepo-service-accounts|` +
	`cloud-redis|cloud-memcache-sa|cloud-filer|cloud-tpu|endpoints-portal|firebase-rules|remotebuildexecution|dlp-api|gcp-gae-service|` +
	`(?:gae-api-prod|cloud-ml|genomics-api)\.google\.com`

var (
	ownAccount   = regexp.MustCompile(`^[^@]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com$`)
	scopedOwn    = regexp.MustCompile(`^[^@]+@([a-z0-9-]+)\.([a-z0-9.-]+)\.iam\.gserviceaccount\.com$`) // example.com:project
	serviceAgent = regexp.MustCompile(`^service-([0-9]+)@(?:gcp-sa-[a-z0-9-]+|` + agentProjects + `)\.iam\.gserviceaccount\.com$`)
	numbered     = regexp.MustCompile(`^([0-9]+)(?:-compute)?@(?:developer|cloudservices|cloudbuild)\.gserviceaccount\.com$`)
	appEngine    = regexp.MustCompile(`^([a-z0-9-]+)(?:\.([a-z0-9.-]+))?@appspot\.gserviceaccount\.com$`)
	poolMember   = regexp.MustCompile(`^principal(?:Set)?://iam\.googleapis\.com/(?:projects/[0-9]+/)?locations/[a-z0-9-]+/work(?:loadIdentity|force)Pools/([^/]+)/`)
)

// readMember reads one member of a policy.
func readMember(written string) member {
	m := member{written: written}
	kind, name, _ := strings.Cut(written, ":")
	if kind == "deleted" {
		kind, name, _ = strings.Cut(name, ":")
		name, _, _ = strings.Cut(name, "?uid=")
	}
	switch kind {
	case "allUsers", "allAuthenticatedUsers":
		m.public = true
	case "projectOwner", "projectEditor", "projectViewer":
		m.project = name
	case "serviceAccount":
		m.project, m.number = homeOf(name)
	default:
		if p := poolMember.FindStringSubmatch(written); p != nil {
			if clusters, ok := strings.CutSuffix(p[1], ".svc.id.goog"); ok { // Google's own pool for a project's clusters
				m.project = undotted(clusters)
			} else {
				m.pool = true
			}
		}
	}
	return m
}

// homeOf finds the project of a service account by its address. Service agents of Google name
// the number of the project that they act for.
func homeOf(email string) (project, number string) {
	email, _, _ = strings.Cut(email, "[") // workload identity: project.svc.id.goog[namespace/name]
	if p, ok := strings.CutSuffix(email, ".svc.id.goog"); ok {
		return undotted(p), ""
	}
	if p := serviceAgent.FindStringSubmatch(email); p != nil {
		return "", p[1]
	}
	if p := ownAccount.FindStringSubmatch(email); p != nil {
		return p[1], ""
	}
	if p := scopedOwn.FindStringSubmatch(email); p != nil {
		return p[2] + ":" + p[1], ""
	}
	if p := numbered.FindStringSubmatch(email); p != nil {
		return "", p[1]
	}
	if p := appEngine.FindStringSubmatch(email); p != nil {
		return undotted(strings.TrimSuffix(p[1]+"."+p[2], ".")), ""
	}
	return "", ""
}

// undotted is the id of the project that a name without its colon is made of: mail, or, of a domain's project,
// mail.example.com. No id has a dot but a domain's.
func undotted(name string) string {
	project, domain, ok := strings.Cut(name, ".")
	if !ok || strings.Contains(name, ":") {
		return name
	}
	return domain + ":" + project
}

// reach is who a list of members lets in from outside a project.
type reach struct {
	public []string // allUsers, allAuthenticatedUsers
	shared []string // gcp:<project id>, gcp:projects/<number>, or the member as written
}

// reachOf says whom members let in besides the project itself; members of its identity pools are not its own. A number that cannot be told
// from the project's own, since that is not known, counts as outside.
func reachOf(members []string, project, number string) reach {
	var r reach
	for _, written := range members {
		m := readMember(written)
		switch {
		case m.public:
			r.public = append(r.public, written)
		case m.pool:
			r.shared = append(r.shared, written)
		case m.project != "" && m.project == project, m.number != "" && m.number == number:
		case m.project != "":
			r.shared = append(r.shared, projectID(m.project))
		case m.number != "":
			r.shared = append(r.shared, "gcp:projects/"+m.number)
		default:
			r.shared = append(r.shared, written)
		}
	}
	r.public, r.shared = sorted(r.public), sorted(r.shared)
	return r
}

// outsiders lists members, as written, that are the project's neither by id nor by number, and those of
// identity pools, its own too.
func outsiders(members []string, project, number string) []string {
	var out []string
	for _, written := range members {
		if m := readMember(written); m.public || m.pool || (m.project != project || project == "") && (m.number != number || number == "") {
			out = append(out, written)
		}
	}
	slices.Sort(out)
	return append([]string{}, out...)
}
