// Package engagement reads what the auditor asked for: engagement.yaml (targets, exclusions,
// overrides, signing, which controls gate, accepted gaps), register.yaml (scope rules, trusted
// accounts, gateways, legacy copies), roster.csv (people) and waivers.yaml.
//
// What comes in: bytes that somebody else wrote, bounded by [MaxFile]. What goes out: typed
// values in which every id, date and reference was checked, or a [*FileError] that names the
// file, the line, the cause and the cure. Unknown fields and duplicate keys are errors: a
// misspelt exclusion must not silently widen or narrow an audit.
package engagement
