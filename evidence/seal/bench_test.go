package seal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// BenchmarkThousandSignatures signs and verifies a thousand manifests, with a key alone and with a time
// of an authority in this process, and compares with the cryptography that cannot be spared, of the same
// run: SHA-256, one signature and one check of it by the key; with a time, the authority's own work (its
// token, as it is asked for over HTTP), reading the token where it comes and where it is checked, which
// is another day's work, and two more checks, of the token and of the certificate that it names.
func BenchmarkThousandSignatures(b *testing.B) {
	const signatures = 1000
	manifests := make([][]byte, signatures)
	for i := range manifests {
		manifests[i] = fmt.Appendf(nil, `{"entries":[],"part":1,"parts":1,"schema":1,"target":"aws-%012d"}`, i)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	key, err := inMemory(private)
	if err != nil {
		b.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		b.Fatal(err)
	}
	services := sealtest.New(b)
	for name, c := range map[string]struct {
		signer *Signer
		trust  *Trust
		checks int // beside that of the key's own signature
	}{
		"key":     {&Signer{Key: key}, mustTrust(b, trustText(pem, "collector", "run")), 0},
		"key+tsa": {&Signer{Key: key, Services: Services{Authorities: []string{services.Authority}}}, timed(b, services, keyYAML(pem)), 2},
	} {
		b.Run(name, func(b *testing.B) {
			var floor, took, floorCPU, tookCPU time.Duration
			for b.Loop() {
				begin, cpu := time.Now(), cpuTime(b)
				for _, m := range manifests {
					floorOf(b, private, m, c.checks, c.signer.Services.Authorities)
				}
				floor, floorCPU = floor+time.Since(begin), floorCPU+cpuTime(b)-cpu
				begin, cpu = time.Now(), cpuTime(b)
				for _, m := range manifests {
					digest := evidence.Digest(m)
					signed, err := c.signer.Sign(context.Background(), Run, "run.json", digest, nil)
					if err == nil {
						_, err = c.trust.Verify(Run, digest, signed, At(time.Now()))
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				took, tookCPU = took+time.Since(begin), tookCPU+cpuTime(b)-cpu
			}
			each := float64(b.N * signatures * 1000)
			b.ReportMetric(float64(took)/float64(floor), "ratio")
			b.ReportMetric(float64(tookCPU)/float64(floorCPU), "cpu-ratio")
			b.ReportMetric(float64(floor)/each, "floor-µs/bundle")
			b.ReportMetric(float64(took)/each, "µs/bundle")
		})
	}
}

func floorOf(b *testing.B, key *ecdsa.PrivateKey, manifest []byte, checks int, authorities []string) {
	sum := sha256.Sum256(manifest)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	for _, url := range authorities {
		ask, err := timestamp.CreateRequest(bytes.NewReader(signature), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true})
		if err != nil {
			b.Fatal(err)
		}
		answer, err := http.Post(url, "application/timestamp-query", bytes.NewReader(ask))
		if err != nil {
			b.Fatal(err)
		}
		token, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			b.Fatal(err)
		}
		for range 2 { // by who signs, and by who verifies
			if _, err := timestamp.ParseResponse(token); err != nil {
				b.Fatal(err)
			}
		}
	}
	for range 1 + checks {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
			b.Fatal("it does not verify")
		}
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
