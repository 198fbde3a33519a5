# Signatures, checked by programs that we did not write. .ci/integration reads this file; it uses its check, skip
# and $cache. The tools are built once, from their sources, into .cache.
cosign=v3.1.3
timestamp_server=v2.1.3

signing=$cache/signing
trefoil=$cache/trefoil
predicate=https://trefoil-audit.github.io/attestation

# tool NAME MODULE VERSION builds a program where it is not there yet, and puts it on PATH.
tool() {
  local dir=$cache/tools/$3
  PATH=$dir:$PATH
  [ -x "$dir/$1" ] || GOBIN=$dir CGO_ENABLED=0 go install -trimpath "$2@$3"
}
# cut_off runs a command with the network cut off.
cut_off() { unshare -rn "$@"; }
# refused COMMAND... is right where the command fails.
refused() { ! "$@"; }
# refused_as CODE TEXT COMMAND... is right where the command gives that exit code and says that.
refused_as() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >"$signing/refused.log" 2>&1 || got=$?
  cat "$signing/refused.log"
  [ "$got" = "$code" ] && grep -q "$text" "$signing/refused.log"
}
# wait_for URL waits until a server answers.
wait_for() {
  for _ in $(seq 100); do
    python3 -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])" "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}

# engagement DIR SIGNING writes an engagement whose one target is not there: refusals are evidence too, and signatures
# are about bytes. Its key is ci.key, its trust trust.yaml, its public half ci.pub.
engagement() {
  "$trefoil" init "$1" --key ci --passphrase-file "$signing/passphrase" || return 1
  cat >"$1/engagement.yaml" <<YAML
name: signatures
auditor: Example Assurance LLP
auditee: Example Limited
aws: [{accounts: ["111122223333"], role: TrefoilAudit, regions: [eu-west-1]}]
overrides: {aws_endpoint: "http://127.0.0.1:9"}
signing: $2
files: {register: register.yaml, roster: roster.csv, waivers: waivers.yaml}
YAML
}
collect() { # collect DIR takes a run into DIR/run and gives each bundle's manifest a file beside it
  "$trefoil" collect -c "$1/engagement.yaml" -o "$1/run" --passphrase-file "$signing/passphrase" --quiet || return 1
  local zip
  for zip in "$1"/run/bundles/*.zip; do
    mkdir -p "$1/manifests/$(basename "$zip" .zip)"
    unzip -q -d "$1/manifests/$(basename "$zip" .zip)" "$zip" manifest.json manifest.sigstore.json || return 1
  done
}
# cosign_verify KIND SIGNATURE FILE ANCHORS...
cosign_verify() {
  local kind=$1 signature=$2 file=$3
  shift 3
  cut_off cosign verify-blob-attestation --bundle "$signature" --type "$predicate/$kind/v1" "$@" "$file"
}
# change FILE OUT flips one bit in the middle.
change() {
  python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[len(b)//2] ^= 1; open(sys.argv[2], "wb").write(b)' "$1" "$2"
}

setup_signing() {
  rm -rf "$signing"
  mkdir -p "$signing"
  printf 'correct horse\n' >"$signing/passphrase"
  printf '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}' >"$signing/empty.json"
  unset AWS_CA_BUNDLE AWS_ENDPOINT_URL HTTPS_PROXY HTTP_PROXY https_proxy http_proxy ALL_PROXY all_proxy
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  go build -o "$trefoil" ./cmd/trefoil
}

# A key alone: no authority, no log, an empty trusted root.
key_alone() {
  local d=$signing/key
  XDG_CONFIG_HOME=$d.config engagement "$d" '{key: ci, timestamp: none}' && XDG_CONFIG_HOME=$d.config collect "$d"
}
key_alone_cosign() {
  local d=$signing/key m
  set -- --key "$d/ci.pub" --insecure-ignore-tlog --trusted-root "$signing/empty.json"
  cosign_verify run "$d/run/run.sigstore.json" "$d/run/run.json" "$@" || return 1
  for m in "$d"/manifests/*; do
    cosign_verify bundle "$m/manifest.sigstore.json" "$m/manifest.json" "$@" || return 1
  done
}
key_alone_cosign_refuses() {
  local d=$signing/key m
  m=$(ls -d "$d"/manifests/* | head -1)
  set -- --key "$d/ci.pub" --insecure-ignore-tlog --trusted-root "$signing/empty.json"
  change "$d/run/run.json" "$signing/changed.json"
  change "$d/run/run.sigstore.json" "$signing/changed.sigstore.json"
  refused cosign_verify run "$d/run/run.sigstore.json" "$signing/changed.json" "$@" &&
    refused cosign_verify run "$signing/changed.sigstore.json" "$d/run/run.json" "$@" &&
    refused cosign_verify run "$m/manifest.sigstore.json" "$d/run/run.json" "$@" &&
    refused cosign_verify bundle "$d/run/run.sigstore.json" "$d/run/run.json" "$@" &&
    refused cosign_verify run "$d/run/run.sigstore.json" "$d/run/run.json" --key "$signing/other.pub" --insecure-ignore-tlog --trusted-root "$signing/empty.json"
}

# A real timestamp authority.
tsa=http://127.0.0.1:5557
start_tsa() {
  timestamp-server serve --timestamp-signer=memory --host 127.0.0.1 --port 5557 --disable-ntp-monitoring >"$cache/tsa.log" 2>&1 &
  wait_for $tsa/api/v1/timestamp/certchain &&
    python3 -c "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())" $tsa/api/v1/timestamp/certchain >"$signing/tsa.pem" &&
    cosign trusted-root create --tsa="url=$tsa,certificate-chain=$signing/tsa.pem" --out "$signing/tsa.json"
}
# trust DIR LINES... writes DIR/trusted.yaml: the key of DIR/trust.yaml, and the lines in the place of what stands before it.
trust() {
  local d=$1
  shift
  { printf '%s\n' "$@"; sed -n '/^keys:/,$p' "$d/trust.yaml"; } >"$d/trusted.yaml"
}
key_tsa() {
  local d=$signing/tsa
  XDG_CONFIG_HOME=$d.config engagement "$d" "{key: ci, timestamp: $tsa/api/v1/timestamp}" && XDG_CONFIG_HOME=$d.config collect "$d" &&
    trust "$d" 'timestamp: required' 'trusted_root: ../tsa.json' 'max_signing_delay: 10m' &&
    cut_off "$trefoil" verify --trust "$d/trusted.yaml" --reperform "$d/run" && ! grep -q 'NO TIMESTAMP' "$cache/check.log"
}
key_tsa_cosign() {
  local d=$signing/tsa m
  set -- --key "$d/ci.pub" --insecure-ignore-tlog --use-signed-timestamps --trusted-root "$signing/tsa.json"
  cosign_verify run "$d/run/run.sigstore.json" "$d/run/run.json" "$@" || return 1
  for m in "$d"/manifests/*; do
    cosign_verify bundle "$m/manifest.sigstore.json" "$m/manifest.json" "$@" || return 1
  done
  refused cosign_verify run "$signing/key/run/run.sigstore.json" "$signing/key/run/run.json" --key "$signing/key/ci.pub" \
    --insecure-ignore-tlog --use-signed-timestamps --trusted-root "$signing/tsa.json"
}
# A token of another signature stamps other bytes; a token is asked for and not there; the key had run out at the token's time.
key_tsa_refusals() {
  local d=$signing/tsa bad=$signing/swapped
  rm -rf "$bad"
  cp -r "$d/run" "$bad"
  python3 - "$d/run/run.sigstore.json" "$(ls "$d"/manifests/*/manifest.sigstore.json | head -1)" "$bad/run.sigstore.json" <<'PY' || return 1
import json, sys
run, other = (json.load(open(p)) for p in sys.argv[1:3])
run["verificationMaterial"]["timestampVerificationData"] = other["verificationMaterial"]["timestampVerificationData"]
json.dump(run, open(sys.argv[3], "w"), sort_keys=True, separators=(",", ":"))
PY
  refused_as 4 'run.sigstore.json.*timestamp' cut_off "$trefoil" verify --trust "$d/trusted.yaml" "$bad" &&
    refused cosign_verify run "$bad/run.sigstore.json" "$bad/run.json" --key "$d/ci.pub" --insecure-ignore-tlog --use-signed-timestamps --trusted-root "$signing/tsa.json" || return 1
  trust "$signing/key" 'timestamp: required' 'trusted_root: ../tsa.json'
  refused_as 4 'no timestamp' cut_off "$trefoil" verify --trust "$signing/key/trusted.yaml" "$signing/key/run" || return 1
  trust "$d" 'timestamp: required' 'trusted_root: ../tsa.json'
  sed -i 's/^\( *\)public_key:/\1not_after: 2026-01-02T00:00:00Z\n&/' "$d/trusted.yaml"
  refused_as 4 'does not count at' cut_off "$trefoil" verify --trust "$d/trusted.yaml" "$d/run"
}

sigstore() {
  if ! unshare -rn true 2>/dev/null; then
    skip "signatures, checked by programs that we did not write" "unshare -rn is not allowed here"
    return
  fi
  check "cosign $cosign and timestamp-server $timestamp_server are built" sigstore_tools || return
  check "a key alone: init, collect" key_alone
  check "cosign, offline: run.json and each manifest by a key alone" key_alone_cosign
  check "cosign, offline: refuses what is changed, of another kind, by another key" key_alone_cosign_refuses
  check "timestamp authority: started, its chain in a trusted root" start_tsa
  check "key and timestamp: collect, verify offline" key_tsa
  check "cosign, offline: key and timestamp" key_tsa_cosign
  check "verify refuses: token of another signature, no token, key that had run out" key_tsa_refusals
}
sigstore_tools() {
  setup_signing && tool timestamp-server github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server $timestamp_server &&
    tool cosign github.com/sigstore/cosign/v3/cmd/cosign $cosign &&
    openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout >"$signing/other.pub"
}
