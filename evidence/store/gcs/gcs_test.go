package gcs_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/trefoil-audit/trefoil/evidence/store"
	"github.com/trefoil-audit/trefoil/evidence/store/gcs"
	"github.com/trefoil-audit/trefoil/evidence/store/storetest"
)

func TestGCS(t *testing.T) {
	at := os.Getenv("TREFOIL_GCS")
	if at == "" {
		t.Skip("TREFOIL_GCS names no server; .ci/integration starts one")
	}
	name := fmt.Sprintf("suite-%d", time.Now().UnixNano())
	c, err := storage.NewClient(t.Context(), option.WithEndpoint(at+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Bucket(name).Create(t.Context(), "project", nil); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	again := func(t testing.TB) store.Bucket {
		b, err := gcs.Open(t.Context(), gcs.Settings{Bucket: name, Prefix: fmt.Sprintf("deep/%d", n.Load()), Endpoint: at})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	t.Run("a store that ignores the condition is refused", func(t *testing.T) { ignoring(t, at, name) })
	storetest.Run(t, storetest.Options{Again: again, Open: func(t testing.TB) store.Bucket {
		n.Add(1)
		return again(t)
	}})
}

// ignoring puts a proxy before the server that takes the condition away.
func ignoring(t *testing.T, at, name string) {
	server, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		query := r.Out.URL.Query()
		query.Del("ifGenerationMatch")
		r.Out.URL.RawQuery = query.Encode()
	}})
	defer proxy.Close()
	b, err := gcs.Open(t.Context(), gcs.Settings{Bucket: name, Prefix: "ignoring", Endpoint: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	about, err := b.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Push(t.Context(), b, about, store.Upload{Run: storetest.MakeRun(t, 1, 10, 1), Name: "r", Clock: time.Now})
	var unsafe *store.UnsafeError
	if !errors.As(err, &unsafe) {
		t.Errorf("got %v", err)
	}
	for info, err := range b.List(t.Context(), "r/") {
		t.Errorf("uploaded: %v, %v", info, err)
	}
}
