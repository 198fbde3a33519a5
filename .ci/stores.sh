# Sourced by .ci/integration: evidence stores against servers that we did not write. S3 with object lock is
# versitygw; Google Cloud Storage is fake-gcs-server, which keeps conditions and no retention.
versitygw=v1.8.0 fake_gcs=v1.56.1
s3_port=7070 gcs_port=4443
start_stores() {
  [ -x "$cache/bin/versitygw" ] || GOBIN=$cache/bin go install "github.com/versity/versitygw/cmd/versitygw@$versitygw" || return 1
  [ -x "$cache/bin/fake-gcs-server" ] || GOBIN=$cache/bin go install "github.com/fsouza/fake-gcs-server@$fake_gcs" || return 1
  rm -rf "$cache/s3"
  mkdir -p "$cache/s3/data/evidence" "$cache/s3/versions"
  "$cache/bin/versitygw" --access root --secret rootsecret --region eu-west-1 --port 127.0.0.1:$s3_port posix --versioning-dir "$cache/s3/versions" "$cache/s3/data" >"$cache/s3.log" 2>&1 &
  "$cache/bin/fake-gcs-server" -scheme http -host 127.0.0.1 -port $gcs_port -backend memory -public-host 127.0.0.1:$gcs_port >"$cache/gcs.log" 2>&1 &
  for _ in $(seq 60); do
    python3 - "http://127.0.0.1:$gcs_port" <<'PY' 2>/dev/null && return 0
import sys, urllib.request
body = b'{"name":"evidence"}'
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/storage/v1/b?project=p", body, {"Content-Type": "application/json"}))
PY
    sleep 0.5
  done
  return 1
}
with_stores() { # with_stores COMMAND...: as the store's own identity, and with nothing that redirects requests
  env -u AWS_CA_BUNDLE -u AWS_ENDPOINT_URL -u SSL_CERT_FILE -u SSL_CERT_DIR -u CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE -u HTTPS_PROXY -u HTTP_PROXY -u https_proxy -u http_proxy -u ALL_PROXY -u all_proxy \
    AWS_ACCESS_KEY_ID=root AWS_SECRET_ACCESS_KEY=rootsecret TREFOIL_S3=http://127.0.0.1:$s3_port TREFOIL_S3_BUCKET=s3://evidence \
    TREFOIL_GCS=http://127.0.0.1:$gcs_port TREFOIL_GCS_BUCKET=gs://evidence "$@"
}
# kill -9 of 200 uploads at random moments, in three stores.
killed_uploads() { with_stores env TREFOIL_KILLS=67 go test -count=1 -timeout 20m -run TestKilledUploads ./cmd/trefoil/; }

stores() {
  if start_stores; then
    check "versitygw $versitygw: the suite of stores, object lock set and read back" with_stores go test -count=1 ./evidence/store/s3/
    check "fake-gcs-server $fake_gcs: the suite of stores, a store that ignores conditions is refused" with_stores go test -count=1 ./evidence/store/gcs/
    check "push, verify from the store, pull; a bundle of 256 MiB in bounded memory" with_stores env TREFOIL_LARGE=256 go test -count=1 -run 'TestVerifyFromStore|TestLargeBundle' ./cmd/trefoil/
    check "201 uploads killed at random: a whole run or none, and each is taken up" killed_uploads
  else
    failed=$((failed + 1))
    echo "FAIL versitygw $versitygw or fake-gcs-server $fake_gcs could not be installed or started"
  fi
}
