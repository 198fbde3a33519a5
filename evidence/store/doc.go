// Package store keeps runs where they outlive the machine that took them: in a folder, in S3, or
// in Google Cloud Storage (packages s3 and gcs, so that only who needs an SDK links it).
//
// # Layout
//
//	<store>/trefoil.probe            one small object: the proof that the store creates only what is absent
//	<store>/<run>/run.json, …        a run, file by file, by the names that package run gives them
//
// # The life of an upload
//
//	probe       refuse a store that writes over what is there
//	plan        all files of the run, with their digests
//	list        what is there already; plan − there is what is left to do, so an upload that died is taken up by calling [Push] again
//	put         each file only if absent; where somebody was faster, equal bytes are fine and others an error
//	read back   every file of the plan, to the end: digest, and retention where the bucket has it
//	judgements  likewise, judgement.json last
//	run.json    last of all: without it, what lies there is no run
//
// [Pull] goes the other way: into a folder beside the place, all digests checked, then one rename.
//
// # What it does not promise
//
// A store's owner can still refuse to answer, and can hide a whole judgement. In a versioned bucket a
// newer version can be put over an object after a delete marker; Pull then finds other bytes and says
// so, and the retained version is still there. Retention is the store's promise, read back; what a
// provider does with it is not shown. Two uploads of one run may work at once, also from two
// machines; that they are of one run is what is checked.
package store
