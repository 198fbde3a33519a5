package collectors

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Bounds of what is read of one request or answer, and of how often is asked: a server whose pages
// never end must end in coverage, not in the collector.
const (
	MaxRequest = 1 << 20
	MaxAnswer  = 256 << 20
	MaxEqual   = 100       // times that one and the same request is sent, attempts included
	MaxPages   = 1_000_000 // calls of one list operation in one region of one target
)

// keptRequest and keptAnswer are allow lists: a header that is not named here (credentials,
// signatures, tokens, dates, ids of the moment) never reaches a recording.
var (
	keptRequest = []string{"Content-Type", "X-Amz-Target", "Smithy-Protocol", "X-Amz-Account-Id", "X-Amz-Expected-Bucket-Owner",
		"X-Goog-Api-Version", "X-Goog-User-Project"}
	keptAnswer = []string{"Content-Type", "Date", "Retry-After", "X-Amzn-Errortype", "X-Amz-Bucket-Region", "X-Amzn-Requestid",
		"X-Amz-Request-Id", "X-Amz-Crc32", "X-Amz-Bucket-Location-Type", "X-Amz-Bucket-Location-Name", "X-Amz-Access-Point-Alias"}
)

func keep(h http.Header, names []string) map[string]string {
	var kept map[string]string
	for _, name := range names {
		if v := h.Get(name); v != "" {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = v
		}
	}
	return kept
}

// canonicalRequest puts a request in the form that two identical questions share, whatever
// order the SDK wrote them in, without anything that signs or varies. It returns a copy of the
// request whose body can be sent; a RoundTripper changes no header, so the two may share them.
func canonicalRequest(req *http.Request) (evidence.Exchange, *http.Request, error) {
	x := evidence.Exchange{Method: req.Method, Host: req.URL.Host, Path: req.URL.EscapedPath(), Headers: keep(req.Header, keptRequest)}
	q, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return x, nil, fmt.Errorf("query of %s %s: %w", req.Method, x.Path, err)
	}
	for name := range q {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") || lower == "access_token" || lower == "key" {
			delete(q, name)
		}
	}
	x.Query = q.Encode()
	out := req.WithContext(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return x, out, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, MaxRequest+1))
	if err != nil {
		return x, nil, fmt.Errorf("body of %s %s: %w", req.Method, x.Path, err)
	}
	if len(body) > MaxRequest {
		return x, nil, fmt.Errorf("body of %s %s: over %d bytes", req.Method, x.Path, MaxRequest)
	}
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	x.Request, err = canonicalBody(req.Header.Get("Content-Type"), body)
	return x, out, err
}

func canonicalBody(contentType string, body []byte) (string, error) {
	switch {
	case len(body) == 0:
		return "", nil
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		q, err := url.ParseQuery(string(body))
		if err != nil {
			return "", fmt.Errorf("form body: %w", err)
		}
		return q.Encode(), nil
	case strings.Contains(contentType, "json"):
		b, err := evidence.Canonicalize(body)
		return string(b), err
	}
	return string(body), nil
}
