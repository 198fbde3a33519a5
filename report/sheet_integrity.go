package report

import (
	"context"
	"fmt"
)

const integritySheet = "Integrity"

// writeIntegrity writes digests, counts that must agree, and how to check both. It holds no verdict
// of a verification: a workbook cannot vouch for itself.
func writeIntegrity(_ context.Context, b *book, s sheet) error {
	f, err := b.form(s.name, []float64{14, 27, 26, 27, 11, 11, 11, 11, 15})
	if err != nil {
		return err
	}
	if err := f.heading(s.name, s.says); err != nil {
		return err
	}
	for _, part := range []func(*form) error{origins, inputFiles, bundleFiles, tieOutRows, byHand} {
		if err := part(f); err != nil {
			return err
		}
	}
	return f.close()
}

// origins says which recording and which judgement the workbook is of, and which builds made them.
func origins(f *form) error {
	if err := f.section("What this workbook is a function of"); err != nil {
		return err
	}
	r, j := f.in.Run, f.in.Judgement
	source := map[Source]string{Live: "asked of the providers", Replay: "played from a recording", Demonstration: "a demonstration"}[r.Source]
	if r.ReplayOf != "" {
		source += ", recording sha256:" + r.ReplayOf
	}
	judgement := "NOT RECORDED: the results were not kept as a signed judgement"
	if j.Digest != "" {
		judgement = "sha256:" + j.Digest
	}
	previous := "none: this run is not chained to another"
	if r.Previous.Digest != "" {
		previous = "sha256:" + r.Previous.Digest + ", verified when this run was made: " + r.Previous.Verified
	}
	for _, row := range []struct{ file, name, value string }{
		{"run.json", "Run digest", "sha256:" + r.Digest}, {"run.json", "Snapshot as of", instant(r.AsOf)}, {"run.json", "Source of answers", orElse(source, string(r.Source))},
		{"run.json", "Collected by", toolText(r.Tool)}, {"run.json", "Run before it", previous},
		{"judgement.json", "Judgement digest", judgement}, {"judgement.json", "Judged as of", instant(j.AsOf)}, {"judgement.json", "Judged by", toolText(j.Tool)},
		{"judgement.json", "Judgements of this run", fmt.Sprintf("%d known when this one was made, itself included", j.Siblings)},
	} {
		if err := f.stated(Subject{File: row.file, Entry: row.name}, row.name, row.value, prose); err != nil {
			return err
		}
	}
	return nil
}

// inputFiles lists what was given, with digests: as it was at collection, and as it was judged by.
func inputFiles(f *form) error {
	for _, part := range []struct {
		title, folder string
		files         []File
	}{
		{"Inputs at collection (RUN/inputs)", "inputs/", f.in.Run.Inputs},
		{"Inputs of the judgement (whole copies stand in judgement.json)", "judgement.json ", f.in.Judgement.Inputs},
	} {
		if err := f.section(part.title); err != nil {
			return err
		}
		g, err := f.grid([]int{1, 2, 5, 1}, []style{refText, plainText, proseMono, count}, headRef, "File", "SHA-256", "Bytes")
		if err != nil {
			return err
		}
		for _, file := range part.files {
			if err := g.add(Subject{File: part.folder + file.Name}, file.Name, file.SHA256, int(file.Size)); err != nil {
				return err
			}
		}
	}
	return nil
}

// bundleFiles lists the bundles with the digests of each file and of its manifest.
func bundleFiles(f *form) error {
	if err := f.section("Bundles of evidence (RUN/bundles): one zip a target"); err != nil {
		return err
	}
	g, err := f.grid([]int{1, 1, 3, 1, 1, 1, 1}, []style{refText, plainText, proseMono, count, count, count, count},
		headRef, "Bundle", "SHA-256 of the file, and of its manifest.json (which is signed)", "Calls", "Coverage", "Facts", "Bytes")
	if err != nil {
		return err
	}
	for _, file := range f.in.Run.Bundles {
		if err := g.add(Subject{File: "bundles/" + file.File}, file.File, file.SHA256+"\n"+file.Manifest, file.Exchanges, file.Rows, file.Facts, int(file.Size)); err != nil {
			return err
		}
	}
	return nil
}

// byHand says how to check digests and signatures, with the program and without it.
func byHand(f *form) error {
	if err := f.section("How to check it"); err != nil {
		return err
	}
	bundle := "BUNDLE"
	if len(f.in.Run.Bundles) > 0 {
		bundle = "RUN/bundles/" + f.in.Run.Bundles[0].File
	}
	for _, p := range []struct {
		name, text string
		look       style
	}{
		{"With Trefoil", "trefoil verify --trust trust.yaml --expect " + f.in.Run.Digest + " --reperform --report report.xlsx RUN", proseMono},
		{"Run digest", "sha256sum RUN/run.json\nIt must print the run digest above. run.json names the digest of each input and bundle:\nsha256sum RUN/inputs/* RUN/bundles/*.zip", proseMono},
		{"One answer", "unzip -p " + bundle + " bodies/DIGEST | sha256sum\nAn answer's name is its own digest. Evidence index names bundle and entry of each.", proseMono},
		{"Signature of a bundle", "unzip -p " + bundle + " manifest.json > manifest.json\nunzip -p " + bundle + " manifest.sigstore.json > manifest.sigstore.json\n" +
			"cosign verify-blob-attestation --key signer.pub --bundle manifest.sigstore.json \\\n  --type https://trefoil-audit.github.io/attestation/bundle/v1 --insecure-ignore-tlog manifest.json", proseMono},
		{"Contents of a bundle", "manifest.json lists size and SHA-256 of every entry; unzip -p BUNDLE ENTRY | sha256sum compares one.", prose},
		{"This workbook", "REPORT.sigstore.json beside it is a signature of its bytes. Whoever changes a cell breaks it. Yellow cells are yours: keep the signed original beside your copy.", prose},
		{"Whom to trust", "Keys come from a trust.yaml that you hold from the signer, never from the run and never from this workbook.", prose},
		{"What is not said here", "Whether any of this verifies. A workbook cannot vouch for itself: the verdict is the command's, and yours.", prose},
	} {
		if err := f.pair(p.name, p.text, p.look); err != nil {
			return err
		}
	}
	return nil
}
