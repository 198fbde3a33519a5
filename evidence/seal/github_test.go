package seal

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

const (
	jobBearer = "bearer-of-the-job"
	workflow  = "https://github.com/example/audit/.github/workflows/audit.yaml@refs/heads/main"
	githubOf  = "https://token.actions.githubusercontent.com"
)

// actions plays the endpoint by which GitHub Actions gives a job its identity token
// (docs.github.com, "OpenID Connect reference"): one query of its own, a bearer, an audience.
func actions(t *testing.T, answer func(w http.ResponseWriter)) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/idtoken" || q.Get("api-version") != "2.0" || q.Get("audience") != "sigstore" || r.Header.Get("Authorization") != "bearer "+jobBearer {
			t.Errorf("asked %s %s, %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		answer(w)
	}))
	t.Cleanup(s.Close)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", s.URL+"/idtoken?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", jobBearer)
}

// A job's token becomes a certificate, by Sigstore's own client of Fulcio, and signatures by it verify as the workflow.
func TestGitHubSigns(t *testing.T) {
	s := sealtest.New(t)
	asked := 0
	actions(t, func(w http.ResponseWriter) {
		asked++
		_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": s.Token(workflow, githubOf)})
	})
	signer := &Signer{Token: TokenFromGitHub(nil), Services: Services{Fulcio: s.Fulcio, Authorities: []string{s.Authority}}}
	sig := signed(t, signer, file)
	got, err := timed(t, s, identityYAML(workflow, githubOf)).Verify(Run, evidence.Digest(file), sig, At(now))
	if err != nil || got.Signer.SAN != workflow || asked != 1 {
		t.Errorf("%+v, %v, asked %d times", got, err, asked)
	}
	if strings.Contains(string(sig), jobBearer) {
		t.Error("the signature holds the job's bearer")
	}
	wants(t, timed(t, s, identityYAML(workflow+"2", githubOf)), sig, ErrUntrusted, workflow)
}

// Whatever goes wrong ends in an error that says what, and quotes neither the bearer nor a token.
func TestGitHubRefuses(t *testing.T) {
	const token = "eyJhbGciOiJub25lIn0.secret-claims.signature"
	say := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		words  string
	}{
		"no permission":      {say(403, `{"message":"`+token+`"}`), "answered 403 Forbidden; give the job permissions: {id-token: write}"},
		"a broken service":   {say(500, token), "answered 500"},
		"no JSON":            {say(200, token), "answer holds none"},
		"no token":           {say(200, `{"count":0}`), "holds no token"},
		"prose":              {say(200, `{"value":"secret-claims"}`), "holds no token"},
		"an endless token":   {say(200, `{"value":"`+strings.Repeat("secret-claims.", maxToken/8)+`"}`), "answer holds none"},
		"another sort":       {say(200, `{"value":{"secret-claims":1}}`), "answer holds none"},
		"a page of a proxy":  {say(200, "<html>"+token), "answer holds none"},
		"it closes the line": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "ask GitHub Actions"},
	} {
		t.Run(name, func(t *testing.T) {
			actions(t, c.answer)
			signer := &Signer{Token: TokenFromGitHub(nil), Services: Services{Fulcio: "http://127.0.0.1:1"}}
			_, err := signer.Sign(context.Background(), Run, "run.json", evidence.Digest(file), nil)
			if err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), "identity token") {
				t.Fatalf("got %v, want %q", err, c.words)
			}
			for _, secret := range []string{jobBearer, "secret-claims", "eyJhbGciOiJub25lIn0"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error quotes what is secret: %v", err)
				}
			}
		})
	}
	t.Run("no job", func(t *testing.T) {
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "")
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", jobBearer)
		if _, err := TokenFromGitHub(nil)(t.Context()); err == nil || !strings.Contains(err.Error(), "permissions: {id-token: write}") || strings.Contains(err.Error(), jobBearer) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no URL", func(t *testing.T) {
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://a b/\x7f")
		t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", jobBearer)
		if _, err := TokenFromGitHub(nil)(t.Context()); err == nil || strings.Contains(err.Error(), jobBearer) {
			t.Errorf("got %v", err)
		}
	})
}

// The bearer goes to the address that GitHub names, and to no other that this one sends the client to.
func TestGitHubBearerIsNotForwarded(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("another address was asked, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	actions(t, func(w http.ResponseWriter) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if _, err := TokenFromGitHub(nil)(t.Context()); err == nil || !strings.Contains(err.Error(), "answered 307") {
		t.Errorf("got %v", err)
	}
}
