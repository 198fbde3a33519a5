// Package cut finds named values in recorded answers and puts something else in their place, so that what
// an engagement withholds is never written.
//
// What comes in: a [Path] that somebody wrote, and a body: JSON, XML, or a table (CSV) that one of their
// texts holds in base64. What goes out: the body with other values and otherwise the same bytes, and how
// many were replaced.
//
// # Paths
//
//	/Accounts/*/Email                            JSON: members by name, * for each member or element
//	/AccessControlList/Grant/Grantee/DisplayName XML: elements by local name, below the root element
//	/TagSet/Tag[Key=owner]/Value                 only where the child Key is owner; patterns with * match any run
//	/bindings/*/members/*[=user:*]               only where the value itself matches
//	/GetCredentialReportResult/Content#user      the column of a table that the text holds in base64
//
// In a name, ~1 stands for / and ~0 for ~, as in JSON Pointer (RFC 6901), and ~2 for [, ~3 for #.
//
// What it does not promise: that a value stands nowhere else in the body.
package cut
