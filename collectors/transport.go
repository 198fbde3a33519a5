package collectors

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// RefusedError says that a request was not sent: the guard, a bound, or a replay without a
// match. SDKs must not try it again.
type RefusedError struct {
	Operation string
	Cause     error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s refused: %v", e.Operation, e.Cause) }
func (e *RefusedError) Unwrap() error { return e.Cause }

// RetryableError tells the AWS SDK not to retry.
func (e *RefusedError) RetryableError() bool { return false }

// Causes of a refusal.
var (
	ErrNotDeclared = errors.New("the operation is not declared by its collector")
	ErrNotRecorded = errors.New("no such request in the recording")
	ErrEndless     = errors.New("the answers do not come to an end")
	ErrNotGenuine  = errors.New("the answer is not genuine")
	ErrWithheld    = errors.New("the request is made of a value that is withheld")
)

// Namer finds the declared name of the operation that a request belongs to.
type Namer func(*http.Request) (string, error)

// transport is what SDK clients of one session and region talk to.
type transport struct {
	session *Session
	region  string
	name    Namer
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	call := callOf(req.Context())
	name, err := t.name(req)
	if err != nil {
		return nil, &RefusedError{Operation: req.Method + " " + req.URL.Path, Cause: err}
	}
	op, ok := t.session.info.Operation(name)
	if !ok || call == nil || call.operation != name {
		return nil, &RefusedError{Operation: name, Cause: ErrNotDeclared}
	}
	x, out, err := canonicalRequest(req)
	if err != nil {
		return nil, &RefusedError{Operation: name, Cause: err}
	}
	x.Collector, x.Target, x.Region, x.Operation = t.session.info.Name, t.session.target.ID, t.region, name
	if rule, ok := asksWithheld(&x, t.session.rules); ok {
		return nil, &RefusedError{Operation: name, Cause: fmt.Errorf("%w by rule %s", ErrWithheld, rule)}
	}
	call.attempts++
	x.Attempt = call.attempts
	unlock := t.session.number(&x)
	defer unlock()
	if x.Seq >= MaxEqual {
		return nil, &RefusedError{Operation: name, Cause: fmt.Errorf("%w: the same request was sent %d times before", ErrEndless, MaxEqual)}
	}
	a, err := t.session.source.answer(out, &x, op)
	if err != nil {
		return nil, err
	}
	t.session.record(x)
	call.add(x)
	return a.response(req, op, &x)
}

// answer is what came back: bytes and headers, or a failure of transport.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	failure error
}

// response hands an answer to the SDK: as it is, or as an error where the transport failed or
// the answer is not genuine.
func (a answer) response(req *http.Request, op Operation, x *evidence.Exchange) (*http.Response, error) {
	if a.failure != nil {
		return nil, a.failure
	}
	if x.Outcome == evidence.Failed && a.status >= 200 && a.status < 300 {
		return nil, &RefusedError{Operation: op.Name, Cause: fmt.Errorf("%w: %s", ErrNotGenuine, x.Reason)}
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}, nil
}

// source answers requests: the network, or a recording.
type source interface {
	answer(req *http.Request, x *evidence.Exchange, op Operation) (answer, error)
	tell(ctx context.Context, x *evidence.Exchange, run func(context.Context) Told, read Reading) ([]byte, error)
	live() bool
	ended() bool           // nothing more is to be asked
	cutOff(err error) bool // a call that sent nothing was not made since the run had to stop
}

// network sends requests and keeps what comes back.
type network struct {
	base   http.RoundTripper
	vault  Vault
	clock  func() time.Time
	limits limits
	stop   func() bool // nil: never
	idle   sync.Pool   // of *bytes.Buffer, into which answers are read

	withholding Withholding
}

func (n *network) live() bool        { return true }
func (n *network) ended() bool       { return n.stop != nil && n.stop() }
func (n *network) cutOff(error) bool { return n.ended() }

func (n *network) answer(req *http.Request, x *evidence.Exchange, op Operation) (answer, error) {
	waited := n.limits.wait(req.Context(), x.Target, x.Operation)
	begin := n.clock()
	x.Start = begin.UTC().Truncate(time.Microsecond)
	var resp *http.Response
	var body []byte
	err := waited
	if err == nil {
		resp, err = n.base.RoundTrip(req)
	}
	if err == nil {
		body, err = n.read(resp.Body)
	}
	x.Duration = n.clock().Sub(begin).Microseconds()
	if err != nil {
		x.Failure = FailureClass(err)
		x.Outcome, x.Reason = evidence.Failed, "transport: "+x.Failure
		return answer{failure: &TransportError{Class: x.Failure}}, nil
	}
	if op.Scrub != nil {
		body, x.Scrubbed = op.Scrub(body)
	}
	x.Status, x.Answer = resp.StatusCode, keep(resp.Header, keptAnswer)
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		leaf := resp.TLS.PeerCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		x.TLSLeaf, x.TLSIssuer = hex.EncodeToString(sum[:]), leaf.Issuer.String()
	}
	header := headerOf(x.Answer)
	body = n.withholding.keep(op, x, header, body)
	if len(body) > 0 {
		if x.Body, err = n.vault.AddBody(body); err != nil {
			return answer{}, &StorageError{err}
		}
		x.BodySize = int64(len(body))
	}
	return answer{status: x.Status, header: header, body: body}, nil
}

func headerOf(kept map[string]string) http.Header {
	h := make(http.Header, len(kept))
	for name, v := range kept {
		h.Set(name, v)
	}
	return h
}

// read reads an answer to its end. Few say how long they are: they are read into a buffer that is used
// again, and copied.
func (n *network) read(r io.ReadCloser) ([]byte, error) {
	defer r.Close()
	buffer, ok := n.idle.Get().(*bytes.Buffer)
	if !ok {
		buffer = &bytes.Buffer{}
	}
	buffer.Reset()
	if _, err := buffer.ReadFrom(io.LimitReader(r, MaxAnswer+1)); err != nil {
		return nil, err
	}
	if buffer.Len() > MaxAnswer {
		return nil, fmt.Errorf("answer of over %d bytes", MaxAnswer)
	}
	if buffer.Cap() > maxKept {
		return buffer.Bytes(), nil
	}
	defer n.idle.Put(buffer)
	return bytes.Clone(buffer.Bytes()), nil
}

// maxKept bounds a buffer that is used again; a longer one is the answer itself.
const maxKept = 1 << 20

// TransportError stands for a failure below HTTP. It says the class alone, so that a replay
// gives the same error as the day it happened.
type TransportError struct{ Class string }

func (e *TransportError) Error() string { return "transport: " + e.Class }

// Timeout implements net.Error.
func (e *TransportError) Timeout() bool { return e.Class == "timeout" }

// Temporary implements net.Error; the AWS SDK retries such errors, a bounded number of times.
func (e *TransportError) Temporary() bool { return e.Class != "canceled" && e.Class != "tls" }

// StorageError says that an answer could not be kept, as on a full disk: the run must stop.
type StorageError struct{ Err error }

func (e *StorageError) Error() string        { return "keep an answer: " + e.Err.Error() }
func (e *StorageError) Unwrap() error        { return e.Err }
func (e *StorageError) RetryableError() bool { return false }

// FailureClass says in one word what kept a request from being answered: canceled, timeout, dns,
// refused, reset, tls or other. It holds no address and no secret.
func FailureClass(err error) string {
	var dns *net.DNSError
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "reset"
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "x509:"):
		return "tls"
	}
	return "other"
}
