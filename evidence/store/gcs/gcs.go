// Package gcs keeps objects in Google Cloud Storage, through the SDK's HTTP client (that over gRPC
// is not used: it cannot retain single objects).
//
// It needs storage.objects.create, .get, .list; with object retention also storage.objects.setRetention;
// and storage.buckets.get. It never deletes and never changes a bucket.
package gcs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

// Settings say which bucket, and as whom.
type Settings struct {
	Bucket      string
	Prefix      string            // of all objects, without slashes at its ends; may be empty
	Credentials string            // file with a service account's or a federated identity's credentials; empty: Application Default Credentials
	Endpoint    string            // empty: Google's own. Another one gets no credentials
	Transport   http.RoundTripper // nil: the default
}

// Bucket is a store in Google Cloud Storage.
type Bucket struct {
	settings Settings
	client   *storage.Client

	mu    sync.Mutex
	attrs *storage.BucketAttrs // as the bucket was when it was first asked
}

const (
	chunk    = 16 << 20 // what an upload holds in memory, to send it again
	attempts = 5
)

// Open makes a client. It asks nothing yet. The caller closes it.
func Open(ctx context.Context, s Settings) (*Bucket, error) {
	transport := s.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	opts := []option.ClientOption{storage.WithJSONReads(), option.WithTelemetryDisabled()}
	if s.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(s.Endpoint, "/")+"/storage/v1/"))
	} else {
		auth := []option.ClientOption{option.WithScopes(storage.ScopeReadWrite)}
		if s.Credentials != "" {
			kind, err := credentialsKind(s.Credentials)
			if err != nil {
				return nil, fmt.Errorf("store gs://%s: credentials: %w", s.Bucket, err)
			}
			auth = append(auth, option.WithAuthCredentialsFile(kind, s.Credentials))
		}
		var err error
		if transport, err = htransport.NewTransport(ctx, transport, auth...); err != nil {
			return nil, fmt.Errorf("store gs://%s: credentials: %w", s.Bucket, err)
		}
	}
	hc := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	client, err := storage.NewClient(ctx, append(opts, option.WithHTTPClient(hc))...)
	if err != nil {
		return nil, fmt.Errorf("store gs://%s: %w", s.Bucket, err)
	}
	client.SetRetry(storage.WithMaxAttempts(attempts))
	return &Bucket{settings: s, client: client}, nil
}

// Close frees the client's connections.
func (b *Bucket) Close() error { return b.client.Close() }

func (b *Bucket) key(name string) string {
	if b.settings.Prefix == "" {
		return name
	}
	return b.settings.Prefix + "/" + name
}

func (b *Bucket) object(name string) *storage.ObjectHandle {
	return b.client.Bucket(b.settings.Bucket).Object(b.key(name))
}

// Put implements store.Bucket with ifGenerationMatch=0. Google gets no SHA-256, so the bytes are
// held against it here, before the upload is finished.
func (b *Bucket) Put(ctx context.Context, name string, o store.Object) error {
	body, err := o.Open()
	if err != nil {
		return err
	}
	err = b.upload(ctx, name, o, body)
	if err := errors.Join(err, body.Close()); err != nil {
		switch status(err) {
		case http.StatusPreconditionFailed:
			err = store.ErrExists
		case http.StatusConflict:
			err = fmt.Errorf("%w: %w", store.ErrBusy, err)
		}
		return fmt.Errorf("object %s: %w", name, err)
	}
	return nil
}

func (b *Bucket) upload(ctx context.Context, name string, o store.Object, body io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // without Close before, this drops the upload
	w := b.object(name).If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ChunkSize = chunk
	if o.Lock != nil {
		about, err := b.about(ctx)
		if err != nil {
			return err
		}
		if about.ObjectRetentionMode != "" {
			w.Retention = &storage.ObjectRetention{Mode: retentionMode(o.Lock.Mode), RetainUntil: o.Lock.Until}
		}
	}
	// The last byte is held back until all are seen to be those that were promised: what was
	// sent whole may be kept, even where the client goes away.
	sum := sha256.New()
	n, err := io.CopyBuffer(w, io.TeeReader(io.LimitReader(body, max(o.Size-1, 0)), sum), make([]byte, 1<<20))
	if err != nil {
		return err
	}
	tail, err := io.ReadAll(io.LimitReader(body, 2))
	if err != nil {
		return err
	}
	sum.Write(tail)
	if got := hex.EncodeToString(sum.Sum(nil)); n+int64(len(tail)) != o.Size || got != o.SHA256 {
		return fmt.Errorf("its bytes have sha256 %s, expected %s: the file changed while it was read", got, o.SHA256)
	}
	if _, err := w.Write(tail); err != nil {
		return err
	}
	return w.Close()
}

// status is the HTTP status of an answer that is an error; 0 where there was no answer.
func status(err error) int {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}

// Get implements store.Bucket.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.object(name).NewReader(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		err = store.ErrAbsent
	}
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", name, err)
	}
	return r, nil
}

// List implements store.Bucket.
func (b *Bucket) List(ctx context.Context, under string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		objects := b.client.Bucket(b.settings.Bucket).Objects(ctx, &storage.Query{Prefix: b.key(under), Projection: storage.ProjectionNoACL})
		for {
			attrs, err := objects.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			if err != nil {
				yield(store.Info{}, fmt.Errorf("list store: %w", err))
				return
			}
			name, ok := strings.CutPrefix(attrs.Name, b.key(""))
			if ok && !yield(store.Info{Name: name, Size: attrs.Size}, nil) {
				return
			}
		}
	}
}
