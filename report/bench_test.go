package report

import (
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// BenchmarkWorkbook writes a workbook of many stores, made while they are asked for, and says how
// many bytes of heap it holds at most and how many a store: what is held must not grow with the
// rows, but for the deflated sheets.
func BenchmarkWorkbook(b *testing.B) {
	const stores = 50_000
	in, p := sample(b, nil)
	fact, item := p.facts[0], p.items[len(p.items)-1]
	in.Facts = func() iter.Seq2[*evidence.Fact, error] {
		return func(yield func(*evidence.Fact, error) bool) {
			for i := range stores {
				f := *fact
				f.ID = fmt.Sprintf("arn:aws:s3:::store-%09d", i)
				if !yield(&f, nil) {
					return
				}
			}
		}
	}
	in.Items = func(keep func(int) bool) iter.Seq2[controls.Item, error] {
		return func(yield func(controls.Item, error) bool) {
			for i := range stores {
				if keep != nil && !keep(i) {
					continue
				}
				it := item
				it.Fact = fmt.Sprintf("arn:aws:s3:::store-%09d", i)
				if !yield(it, nil) {
					return
				}
			}
		}
	}
	peak := uint64(0)
	watch := in.Facts
	in.Facts = func() iter.Seq2[*evidence.Fact, error] {
		return func(yield func(*evidence.Fact, error) bool) {
			n := 0
			for f, err := range watch() {
				if n++; n%10_000 == 0 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
				if !yield(f, err) {
					return
				}
			}
		}
	}
	for b.Loop() {
		if err := Workbook(context.Background(), in, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "MB-heap")
	b.ReportMetric(float64(peak)/stores, "B/store")
}
