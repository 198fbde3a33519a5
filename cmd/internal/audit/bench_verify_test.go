package audit

import (
	"archive/zip"
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// BenchmarkVerify verifies a run with TREFOIL_BENCH_BYTES of answers, by two workers, and compares with
// what cannot be spared: inflating and hashing its contents, with as many workers. "ratio-with-files" counts
// the digests of the whole files, which the order of verification wants too, with the floor; "throughput"
// is that of verify by that of the floor.
func BenchmarkVerify(b *testing.B) {
	const workers = 2
	answers, err := strconv.ParseInt(os.Getenv("TREFOIL_BENCH_BYTES"), 10, 64)
	if err != nil {
		answers = 32 << 20 // small enough for every CI run
	}
	s := scale(b, 5_000, answers)
	files, err := filepath.Glob(filepath.Join(s.run.Path, "bundles", "*.zip"))
	if err != nil || len(files) == 0 {
		b.Fatal("no bundles", err)
	}
	var contents, whole, took, contentsCPU, tookCPU time.Duration
	var bytes int64
	for b.Loop() {
		bytes = 0
		begin, cpu := time.Now(), cpuTime(b)
		for _, file := range files {
			bytes += inflateAndHash(b, file, workers)
		}
		contents, contentsCPU = contents+time.Since(begin), contentsCPU+cpuTime(b)-cpu
		begin = time.Now()
		for _, file := range files {
			hashFile(b, file)
		}
		whole += time.Since(begin)
		begin, cpu = time.Now(), cpuTime(b)
		if _, _, err := Verify(context.Background(), Verification{Path: s.run.Path, Trust: s.trust, Workers: workers}); err != nil {
			b.Fatal(err)
		}
		took, tookCPU = took+time.Since(begin), tookCPU+cpuTime(b)-cpu
	}
	b.ReportMetric(float64(took)/float64(contents), "ratio")
	b.ReportMetric(float64(tookCPU)/float64(contentsCPU), "cpu-ratio")
	b.ReportMetric(float64(contents)/float64(took), "throughput")
	b.ReportMetric(float64(took)/float64(contents+whole), "ratio-with-files")
	b.ReportMetric(float64(bytes)*float64(b.N)/took.Seconds()/1e6, "MB/s")
	b.ReportMetric(float64(bytes)/1e6, "MB")
}

// inflateAndHash is the floor: each worker inflates and hashes one entry after the other, the largest first.
func inflateAndHash(b *testing.B, path string, workers int) (bytes int64) {
	z, err := zip.OpenReader(path)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	slices.SortFunc(z.File, func(a, b *zip.File) int { return cmp.Compare(b.UncompressedSize64, a.UncompressedSize64) })
	entries := make(chan *zip.File, len(z.File))
	for _, f := range z.File {
		entries <- f
		bytes += int64(f.UncompressedSize64)
	}
	close(entries)
	var g errgroup.Group
	for range workers {
		g.Go(func() error {
			inflate, packed, buffer := flate.NewReader(nil), bufio.NewReaderSize(nil, 256<<10), make([]byte, 256<<10)
			for f := range entries {
				raw, err := f.OpenRaw()
				if err != nil {
					return err
				}
				packed.Reset(raw) // without it, a buffer is made for each entry
				if err := inflate.(flate.Resetter).Reset(packed, nil); err != nil {
					return err
				}
				if _, err := io.CopyBuffer(onlyWriter{sha256.New()}, inflate, buffer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	return bytes
}

// onlyWriter hides other methods, so that io.CopyBuffer uses its buffer.
type onlyWriter struct{ io.Writer }

func hashFile(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyBuffer(onlyWriter{sha256.New()}, io.LimitReader(f, 4<<30), make([]byte, 256<<10)); err != nil {
		b.Fatal(err)
	}
}
