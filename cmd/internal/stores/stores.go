// Package stores opens an evidence store by its URL: s3://bucket/prefix, gs://bucket/prefix, or the
// path of a folder. It alone links the SDKs of all of them.
package stores

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/store"
	"github.com/trefoil-audit/trefoil/evidence/store/gcs"
	"github.com/trefoil-audit/trefoil/evidence/store/s3"
)

// Open opens the store of these settings. Its requests go by the transport; done frees it.
func Open(ctx context.Context, s engagement.Store, transport http.RoundTripper) (b store.Bucket, done func() error, err error) {
	nothing := func() error { return nil }
	scheme := store.Scheme(s.URL)
	if scheme == "" {
		d, err := store.OpenDirectory(s.URL)
		return d, nothing, err
	}
	if u, err := url.Parse(s.Endpoint); s.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http") {
		return nil, nil, fmt.Errorf("the endpoint of a store is no URL such as https://host:port, without user and password")
	}
	if strings.Contains(s.URL, "@") { // what stands before it may be a password
		return nil, nil, fmt.Errorf("the URL of a store carries no user and no password: it %w", store.ErrURL)
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(s.URL, scheme+"://"), "/")
	prefix = strings.Trim(prefix, "/")
	if bucket == "" || strings.ContainsAny(bucket, "?#:") || strings.Contains(prefix, "//") {
		return nil, nil, fmt.Errorf("%q %w", s.URL, store.ErrURL)
	}
	switch scheme {
	case store.S3:
		b, err := s3.Open(ctx, s3.Settings{Bucket: bucket, Prefix: prefix, Region: region(s), Profile: s.Profile, Endpoint: s.Endpoint, Transport: transport})
		return b, nothing, err
	case store.GS:
		b, err := gcs.Open(ctx, gcs.Settings{Bucket: bucket, Prefix: prefix, Credentials: s.Credentials, Endpoint: s.Endpoint, Transport: transport})
		if err != nil {
			return nil, nil, err
		}
		return b, b.Close, nil
	}
	return nil, nil, fmt.Errorf("%q %w", s.URL, store.ErrURL)
}

// region is where requests to S3 are sent: the place, unless it is of another kind (country:IE).
func region(s engagement.Store) string {
	if s.Place != "" && !strings.Contains(s.Place, ":") {
		return s.Place
	}
	return ""
}
