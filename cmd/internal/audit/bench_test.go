package audit

import (
	"context"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// sizes are the numbers of facts to judge: TREFOIL_BENCH_FACTS, else few enough for every CI run.
func sizes(b *testing.B) []int {
	var out []int
	for _, text := range []string{os.Getenv("TREFOIL_BENCH_FACTS"), os.Getenv("TREFOIL_BENCH_FACTS_2")} {
		if n, err := strconv.Atoi(text); err == nil {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		out = []int{10_000}
	}
	return out
}

func judgementInputs(b *testing.B, r *run.Run) map[string]string {
	loaded, err := EngagementOf(r)
	if err != nil {
		b.Fatal(err)
	}
	inputs := controls.Default()
	inputs[placesName] = string(place.Default())
	for name, text := range loaded.Raw {
		inputs[name] = string(text)
	}
	return inputs
}

// BenchmarkJudge judges the recorded world many times over, by the whole catalogue, up to the last
// line of results, and compares with decoding its facts once.
func BenchmarkJudge(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := scale(b, n, 0)
			inputs := judgementInputs(b, s.run)
			var floor, took, floorCPU, tookCPU time.Duration
			results := 0
			for b.Loop() {
				begin, cpu := time.Now(), cpuTime(b)
				for line, err := range linesOf(s.run, bundle.FactsName) {
					if err == nil {
						_, err = evidence.DecodeFact(line)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				floor, floorCPU = floor+time.Since(begin), floorCPU+cpuTime(b)-cpu
				begin, cpu = time.Now(), cpuTime(b)
				results = judgeAll(b, s.run, inputs)
				took, tookCPU = took+time.Since(begin), tookCPU+cpuTime(b)-cpu
			}
			each := float64(b.N * s.facts)
			b.ReportMetric(float64(took)/float64(floor), "ratio")
			b.ReportMetric(float64(tookCPU)/float64(floorCPU), "cpu-ratio")
			b.ReportMetric(float64(floor.Nanoseconds())/each, "decode-ns/fact")
			b.ReportMetric(float64(took.Nanoseconds())/each, "judge-ns/fact")
			b.ReportMetric(float64(s.bytes)/float64(s.facts), "B/fact")
			b.ReportMetric(float64(results)/float64(s.facts), "results/fact")
		})
	}
}

// cpuTime is what this process has used of all cores. On a machine with other work it says more than
// the clock does.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func judgeAll(b *testing.B, r *run.Run, inputs map[string]string) (results int) {
	w, err := judge(context.Background(), r, inputs, r.Record.AsOf)
	if err != nil {
		b.Fatal(err)
	}
	for _, err := range w.results.Encoded() {
		if err != nil {
			b.Fatal(err)
		}
		results++
	}
	if err := w.results.Close(); err != nil {
		b.Fatal(err)
	}
	return results
}

// BenchmarkJudgeMemory says how far the live heap grows with each fact while a run is judged.
func BenchmarkJudgeMemory(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := scale(b, n, 0)
			inputs := judgementInputs(b, s.run)
			for b.Loop() {
				peak := watchHeap(func() { judgeAll(b, s.run, inputs) })
				b.ReportMetric(float64(peak)/float64(s.facts), "heap-B/fact")
				b.ReportMetric(float64(peak)/(1<<20), "heap-MB")
			}
		})
	}
}

// watchHeap gives by how much the live heap rose at most while f ran.
func watchHeap(f func()) int64 {
	live := func() int64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	before := live()
	var done atomic.Bool
	peak := make(chan int64)
	go func() {
		most := before
		for !done.Load() {
			most = max(most, live())
			time.Sleep(time.Millisecond)
		}
		peak <- most - before
	}()
	f()
	done.Store(true)
	return <-peak
}
