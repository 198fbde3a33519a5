package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hanging is a server whose answers wait until a script lets them go; whose the credentials are it says at once.
type hanging struct {
	asked, open chan struct{}
	first, let  sync.Once
}

func (h *hanging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if body, err := io.ReadAll(r.Body); err == nil && strings.Contains(string(body), "Action=GetCallerIdentity") {
		io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/a</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		return
	}
	h.first.Do(func() { close(h.asked) })
	<-h.open
	w.WriteHeader(http.StatusForbidden)
	io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>`)
}

func (h *hanging) release() { h.let.Do(func() { close(h.open) }) }

type hangingKey struct{}

// hang starts a server that leaves its first caller waiting, at $ENDPOINT. `hang asked` waits until
// somebody asks; `hang release` lets all answers go.
func hang(ts *testscript.TestScript, neg bool, args []string) {
	h, _ := ts.Value(hangingKey{}).(*hanging)
	switch args[0] {
	case "start":
		server := httptest.NewServer(h)
		ts.Setenv("ENDPOINT", server.URL)
		ts.Defer(func() { h.release(); server.Close() })
	case "asked":
		select {
		case <-h.asked:
		case <-time.After(time.Minute):
			ts.Fatalf("nobody asks")
		}
	case "release":
		h.release()
	}
}
