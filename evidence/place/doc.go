// Package place is the region table: which token of a provider lies in which country, which
// regions a multi-region may mean, and which countries form a group.
//
// What comes in: a pinned, dated, sourced YAML text ([Default] is the one of this build; a
// judgement keeps a whole copy, so that a new table can judge an old recording). What goes out:
// three-valued answers. Places are compared through [Table.Within] alone.
//
// What it does not promise: completeness. A token that the table does not list is unknown, and
// unknown is never inside.
package place
