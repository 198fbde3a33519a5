// Package plugin runs collectors that are written in another language. It is the only package of
// Trefoil that starts a process. The protocol, for those who write a plug-in, is docs/plugins.md.
//
// What comes in: an executable, its [Manifest] and its input files, each pinned or digested. What
// goes out: one exchange, whose request is all that the plug-in was run with and whose body is
// what it wrote, byte for byte; and the facts and coverage rows that [Manifest.Read], a pure
// function, takes from that body. A replay reads the recorded body by the same function and never
// runs anything, so a run re-performs where the plug-in itself is gone.
//
// The life of one run: [Load] reads each file once and compares it with its pin; run.go copies
// those very bytes into a folder of its own, starts the copy without an environment, without
// input, without a shell and in a process group of its own, and reads what it writes up to a
// bound; when it has ended, or its time is up, the group is killed. All or nothing: where the
// process failed, or one line is not as the protocol says, no fact is taken, every row of the
// target is an error, and no population that the plug-in lists can pass. An empty list counts as
// empty only where the end record says so.
//
// What it does not promise: that a plug-in tells the truth (its facts have the basis stated), or
// that one is harmless. A plug-in runs with the rights of whoever runs Trefoil; a pin says which
// bytes ran, not what they do.
package plugin
