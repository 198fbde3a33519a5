package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
)

// BenchmarkRecorder makes calls of a real SDK client to a server in this process, bare and then
// recorded into a bundle, in turns. Answers are of 7 kB, each other than the last; pacing, which is
// there to be slow, does not come into play. "ratio" is recorded by bare.
func BenchmarkRecorder(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(answerKeys))
	defer server.Close()
	for _, flight := range []int{1, 32} {
		b.Run(fmt.Sprint(flight), func(b *testing.B) {
			base := http.DefaultTransport.(*http.Transport).Clone()
			base.MaxIdleConnsPerHost = 64
			w, err := bundle.Create(b.TempDir(), "bench")
			if err != nil {
				b.Fatal(err)
			}
			defer w.Abort()
			var bare, recorded, bareCPU, recordedCPU time.Duration
			var marker atomic.Int64
			turn := func(n int) {
				begin, cpu := time.Now(), cpuTime(b)
				if err := bareCalls(server.URL, base, flight, &marker); err != nil {
					b.Fatal(err)
				}
				bare, bareCPU = bare+time.Since(begin), bareCPU+cpuTime(b)-cpu
				begin, cpu = time.Now(), cpuTime(b)
				if err := recordedCalls(server.URL, base, w, fmt.Sprint("bench-", n), flight, &marker); err != nil {
					b.Fatal(err)
				}
				recorded, recordedCPU = recorded+time.Since(begin), recordedCPU+cpuTime(b)-cpu
			}
			turn(0) // connections are made, pools filled
			bare, recorded, bareCPU, recordedCPU = 0, 0, 0, 0
			n := 0
			for b.Loop() {
				n++
				turn(n)
			}
			calls := float64(b.N * perTurn)
			b.ReportMetric(float64(recorded)/float64(bare), "ratio")
			b.ReportMetric(float64(recordedCPU)/float64(bareCPU), "cpu-ratio")
			b.ReportMetric(float64(bare.Microseconds())/calls, "bare-µs/call")
			b.ReportMetric(float64(recorded.Microseconds())/calls, "recorded-µs/call")
		})
	}
}

// cpuTime is what this process has used of all cores: steadier than the clock on a busy machine.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perTurn is below the burst of the pacing.
const perTurn = 96

// answerKeys answers kms:ListKeys with a list of 50 keys.
func answerKeys(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var out strings.Builder
	out.WriteString(`{"Truncated":false,"Keys":[`)
	for i := range 50 {
		if i > 0 {
			out.WriteByte(',')
		}
		id := evidence.Digest(append(body, byte(i)))
		fmt.Fprintf(&out, `{"KeyArn":"arn:aws:kms:eu-west-1:111122223333:key/%s","KeyId":"%s"}`, id[:36], id[:36])
	}
	out.WriteString(`]}`)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, _ = io.WriteString(w, out.String()) // a client that went away shows on its own side
}

func client(endpoint string, transport http.RoundTripper) *kms.Client {
	return kms.New(kms.Options{Region: "eu-west-1", BaseEndpoint: aws.String(endpoint), Credentials: fixed(), HTTPClient: &http.Client{Transport: transport}})
}

func keysAt(marker *atomic.Int64) *kms.ListKeysInput {
	return &kms.ListKeysInput{Marker: aws.String(fmt.Sprint(marker.Add(1)))}
}

func bareCalls(endpoint string, base http.RoundTripper, flight int, marker *atomic.Int64) error {
	c := client(endpoint, base)
	return inFlight(flight, func() error {
		out, err := c.ListKeys(context.Background(), keysAt(marker))
		if err == nil && len(out.Keys) != 50 {
			err = errors.New("not 50 keys")
		}
		return err
	})
}

func recordedCalls(endpoint string, base http.RoundTripper, w *bundle.Writer, target string, flight int, marker *atomic.Int64) error {
	work := collectors.NewWork(collectors.Target{ID: target, Provider: "aws", Level: collectors.Account}, time.Now(), base, w, time.Now)
	return work.Collect(context.Background(), &listing{func(ctx context.Context, s *collectors.Session) error {
		c := client(endpoint, s.Transport("eu-west-1", operationName))
		return inFlight(flight, func() error {
			got := ask(ctx, s, "eu-west-1", "kms:ListKeys", c.ListKeys, keysAt(marker))
			if got.OK() && len(got.Value.Keys) != 50 {
				return errors.New("not 50 keys")
			}
			return got.Err
		})
	}}, []collectors.Region{{Name: "eu-west-1"}})
}

func inFlight(n int, call func() error) error {
	var g errgroup.Group
	g.SetLimit(n)
	for range perTurn {
		g.Go(call)
	}
	return g.Wait()
}

// listing is a collector that lists keys, and emits nothing.
type listing struct {
	collect func(context.Context, *collectors.Session) error
}

func (l *listing) Info() collectors.Info {
	return collectors.Info{Name: "aws/listing", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindKey},
		Operations: []collectors.Operation{lists("kms:ListKeys", member("Keys", "array"), kindKey)}}
}

func (l *listing) Collect(ctx context.Context, s *collectors.Session) error { return l.collect(ctx, s) }
