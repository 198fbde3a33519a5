package gcp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"google.golang.org/api/option"

	"github.com/trefoil-audit/trefoil/collectors"
)

// Bounds of retries. The attempts are counted, so a replay is finite.
const (
	maxAttempts = 3
	maxWait     = 30 * time.Second
)

// options are what a generated client of a service is made with. Everything that could differ
// between machines is set here, not taken from the environment.
func (a *Access) options(s *collectors.Session, region, serviceName string) []option.ClientOption {
	svc := services[serviceName]
	endpoint := "https://" + svc.host
	host := svc.host
	if a.settings.Endpoint != "" && s.Live() {
		endpoint = strings.TrimSuffix(a.settings.Endpoint, "/")
		_, host, _ = strings.Cut(endpoint, "://")
	}
	client := &http.Client{
		Transport:     &retrying{access: a, session: s, next: s.Transport(region, namer(serviceName, host))},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return []option.ClientOption{option.WithHTTPClient(client), option.WithEndpoint(endpoint + svc.path),
		option.WithLogger(slog.New(slog.DiscardHandler)), option.WithTelemetryDisabled()}
}

// retrying tries a call again where the service is busy. It stands above the recorder, so every
// attempt is recorded; generated clients do not retry by themselves.
type retrying struct {
	access  *Access
	session *collectors.Session
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drain(req)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		out := req.Clone(req.Context())
		if body != nil {
			out.Body = io.NopCloser(bytes.NewReader(body))
		}
		if r.access.quota != "" && r.session.Live() {
			out.Header.Set("X-Goog-User-Project", r.access.quota)
		}
		resp, err := r.next.RoundTrip(out)
		if attempt == maxAttempts || !again(resp, err) && !limited(resp) {
			return resp, err
		}
		if err := r.wait(req.Context(), resp, attempt); err != nil {
			return nil, err
		}
	}
}

func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(io.LimitReader(req.Body, collectors.MaxRequest+1))
}

// again reports whether an attempt ended in a way that passes.
func again(resp *http.Response, err error) bool {
	var failure *collectors.TransportError
	if errors.As(err, &failure) {
		return failure.Temporary()
	}
	if err != nil {
		return false
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// limited reports a refusal for the rate that comes as 403, as the older APIs write it (BigQuery's
// "Error messages", Cloud Storage's "HTTP status and error codes"). The body stays to be read.
func limited(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusForbidden {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, collectors.MaxRequest))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	type reason struct {
		Reason string `json:"reason"`
	}
	var e struct {
		Error struct {
			Errors []reason `json:"errors"`
		} `json:"error"`
	}
	if err != nil || json.Unmarshal(body, &e) != nil {
		return false
	}
	return slices.ContainsFunc(e.Error.Errors, func(one reason) bool {
		return one.Reason == "rateLimitExceeded" || one.Reason == "userRateLimitExceeded"
	})
}

// wait waits as long as the answer asks for, or longer from attempt to attempt; a replay does
// not wait.
func (r *retrying) wait(ctx context.Context, resp *http.Response, attempt int) error {
	after := ""
	if resp != nil {
		after = resp.Header.Get("Retry-After")
		resp.Body.Close()
	}
	if !r.session.Live() {
		return ctx.Err()
	}
	timer := time.NewTimer(pause(after, attempt))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// pause is how long to wait: the seconds that Retry-After names, else half a second, doubled
// with each attempt.
func pause(after string, attempt int) time.Duration {
	d := time.Second / 4 << attempt
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 && seconds <= int(maxWait/time.Second) {
		d = time.Duration(seconds) * time.Second
	} else if err == nil && seconds > 0 {
		d = maxWait
	}
	return min(d, maxWait)
}
