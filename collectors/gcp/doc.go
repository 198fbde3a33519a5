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
// same two bytes come from a stub that knows nothing. Two sorts of operation follow:
//
//   - marked: the answer always carries a member (kind, readTime, etag, or a list that is never
//     empty, such as log sinks). Without it, {} is an error.
//   - bare: {} is the API's own way to say none (folders, projects, service accounts, custom
//     roles, key rings, keys, Cloud SQL, transfer jobs). It counts only where the second source
//     was read to its end and lists nothing of that type there (see vouch); without it, or
//     against it, the operation is an error in coverage.
//
// Identity pools are a third sort: {} too, but no list of Google's shows that the inventory has them. It is asked for
// them by a pattern that cannot fail its call, and that a project has none counts where it lists one elsewhere in the
// organisation (see vouchShown).
//
// The second source is Cloud Asset Inventory: its answers always carry readTime, and it is asked
// first. Its facts (gcp.asset.resource, gcp.asset.node) name the same ids as the native lists, so
// that a judgement can say what one source alone lists.
//
// # What it does not promise
//
// BigQuery lists only datasets that the caller may read, without saying so, and
// projects.search likewise: only the second source shows what is missing. Grants on single
// objects of buckets without uniform access are not read, nor HMAC keys that act as people. The
// second source vouches that a project has no backups by the runs that it lists; whether it lists
// those of instances that are gone nobody here has seen. Access tokens have the scope
// cloud-platform, since Cloud KMS, Cloud SQL and Organization Policy accept no narrower one, and
// userinfo.email, to say who asks:
// what keeps the collector read-only is the role it is given and the table of operations.
package gcp

//go:generate go run ./internal/gen -out names_table.go
