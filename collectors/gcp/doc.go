// Package gcp asks Google Cloud: one file a service.
//
// What comes in: an [Access] (live by Application Default Credentials, or of a replay) and a
// target: an organisation (gcp-org-<number>) or a project (gcp-<project id>). What goes out: facts
// of the kinds in kinds.go, by the generated REST clients of google.golang.org/api alone. Ids
// are full resource names (//storage.googleapis.com/bucket), as Cloud Asset Inventory writes
// them; a project is gcp:<project id>, a folder gcp:folders/<number>, an organisation
// gcp:organizations/<number>.
//
// # Names of operations
//
// A request's operation is found by service, method and path in a table made from the discovery
// documents (names.go); a request that is not in it is refused. A verb is no guard at Google:
// getIamPolicy is a POST, and so the declared operations are all that may be asked.
//
// # Answers that say nothing
//
// Many Google list answers leave empty lists out, so that "there is none" is written {}; the
// same two bytes come from a stub that knows nothing. Three sorts of operation follow:
//
//   - marked: the answer always carries a member (kind, readTime, etag, or a list that is never
//     empty, such as log sinks). Without it, {} is an error.
//   - vouched: {} is the API's own way to say none (folders, projects, service accounts, custom
//     roles, key rings, keys). Such an answer counts only where another answer of the same
//     service, to the same target, proves that the service itself speaks (see vouch); without
//     one the list is an error in coverage.
//   - unprovable: no other answer can vouch (Storage Transfer jobs). Then {} is an error.
//
// What vouching does not show is that this one list was empty. Cloud Asset Inventory is asked
// for that: its answers always carry readTime, and gcp.asset.resource facts name the same ids.
//
// # What it does not promise
//
// BigQuery lists only datasets that the caller may read, without saying so, and
// projects.search likewise: only the second source shows what is missing. Grants on single
// objects of buckets without uniform access are not read. Access tokens have the scope
// cloud-platform, since Cloud KMS, Cloud SQL and Organization Policy accept no narrower one:
// what keeps the collector read-only is the role it is given and the table of operations.
package gcp

//go:generate go run ./internal/gen -out names_table.go
