package main

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What opens a cloud, a role or a key is nowhere in what the program leaves or says, whether the
// cloud refuses, echoes what it was sent, or the program fails.
func TestSecretsStayOut(t *testing.T) {
	seeds := map[string]string{"access key": "AKIASEEDEDKEYEXAMPLE", "secret key": "seeded-secret-access-key", "session token": "seeded-session-token", "external id": "seeded-external-id", "passphrase": "seeded passphrase"}
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = asked || strings.Contains(string(body), seeds["external id"]) && strings.Contains(r.Header.Get("Authorization"), seeds["access key"])
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>"+r.Header.Get("Authorization")+r.Header.Get("X-Amz-Security-Token")+string(body)+"</Message></Error></ErrorResponse>")
	}))
	defer server.Close()
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{"XDG_CONFIG_HOME": t.TempDir(), "HOME": t.TempDir(), "AWS_ACCESS_KEY_ID": seeds["access key"], "AWS_SECRET_ACCESS_KEY": seeds["secret key"],
		"AWS_SESSION_TOKEN": seeds["session token"], "AWS_EC2_METADATA_DISABLED": "true", "SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "AWS_CA_BUNDLE": ""} {
		t.Setenv(name, value)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pass", seeds["passphrase"]+"\n")
	write("wrong", seeds["passphrase"]+" or not\n")
	var said bytes.Buffer
	call := func(want int, command string) {
		t.Helper()
		before := said.Len()
		if code := trefoil(context.Background(), strings.Fields(command), strings.NewReader(""), &said, &said); code != want {
			t.Fatalf("%s: exit %d, want %d: %s", command, code, want, said.String()[before:])
		}
	}
	call(exitDone, "trefoil init e --key e --passphrase-file pass")
	write("e/engagement.yaml", "name: n\nauditor: a\nauditee: b\naws:\n  - {accounts: [\"111122223333\"], role: R, regions: [eu-west-1], external_id: "+seeds["external id"]+"}\n"+
		"overrides: {aws_endpoint: \""+server.URL+"\"}\nsigning: {key: e, timestamp: none}\nfiles: {register: register.yaml, roster: roster.csv, waivers: waivers.yaml}\n")
	call(exitUnjudged, "trefoil audit -c e/engagement.yaml -o run --passphrase-file pass")
	if !asked {
		t.Fatal("the role was not asked for with the external id")
	}
	call(exitDone, "trefoil verify --trust e/trust.yaml --reperform --report run.xlsx run")
	call(exitDone, "trefoil coverage --all --json run")
	call(exitCould, "trefoil collect -c e/engagement.yaml -o other --passphrase-file wrong")
	call(exitCould, "trefoil collect -c e/engagement.yaml -o run --passphrase-file pass")
	check := func(where string, text []byte) {
		t.Helper()
		for name, seed := range seeds {
			if bytes.Contains(text, []byte(seed)) {
				t.Errorf("the %s is in %s", name, where)
			}
		}
	}
	check("what was said", said.Bytes())
	files := 0
	for _, root := range []string{"run", "run.xlsx", "run.xlsx.sigstore.json"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			files++
			check(path, text)
			if z, zerr := zip.NewReader(bytes.NewReader(text), int64(len(text))); zerr == nil {
				for _, f := range z.File {
					part, err := f.Open()
					if err != nil {
						return err
					}
					content, err := io.ReadAll(part)
					if err != nil {
						return err
					}
					check(path+" "+f.Name, content)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 9 {
		t.Errorf("only %d files were looked through", files)
	}
}
