# Signatures, checked by programs that we did not write. .ci/integration reads this file; it uses its check, skip
# and $cache. The tools are built once, from their sources, into .cache.
cosign=v3.1.3
timestamp_server=v2.1.3
fulcio=v1.8.8
rekor=v2.3.0

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

# engagement DIR SIGNING writes an engagement whose two targets are not there: refusals are evidence too, and signatures
# are about bytes. Its key is ci.key, its trust trust.yaml, its public half ci.pub.
engagement() {
  "$trefoil" init "$1" --key ci --passphrase-file "$signing/passphrase" || return 1
  cat >"$1/engagement.yaml" <<YAML
name: signatures
auditor: Example Assurance LLP
auditee: Example Limited
aws: [{accounts: ["111122223333", "444455556666"], role: TrefoilAudit, regions: [eu-west-1]}]
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
  unset SSL_CERT_FILE SSL_CERT_DIR CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE AWS_CA_BUNDLE AWS_ENDPOINT_URL HTTPS_PROXY HTTP_PROXY https_proxy http_proxy ALL_PROXY all_proxy
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

# The rest of a real Sigstore: Fulcio, Rekor v2, and an issuer and a certificate log of ours.
start=2026-01-01T00:00:00Z
start_stack() {
  local d=$signing/stack
  mkdir -p "$d/log" && go build -o "$cache/stubs" ./.ci/stubs || return 1
  "$cache/stubs" "$d" >"$cache/stubs.log" 2>&1 &
  wait_for http://127.0.0.1:5556/keys || return 1
  cat >"$d/fulcio.yaml" <<'YAML'
oidc-issuers: {"http://127.0.0.1:5556": {issuer-url: "http://127.0.0.1:5556", client-id: sigstore, type: email}}
YAML
  fulcio serve --ca=ephemeralca --config-path "$d/fulcio.yaml" --ct-log-url=http://127.0.0.1:6962/test --ct-log-public-key-path="$d/ctlog.pub" \
    --host 127.0.0.1 --port 5555 --grpc-host 127.0.0.1 --grpc-port 5554 --metrics-port 2113 >"$cache/fulcio.log" 2>&1 &
  openssl genpkey -algorithm ed25519 -out "$d/rekor.pem" && openssl pkey -in "$d/rekor.pem" -pubout -out "$d/rekor.pub" || return 1
  posix serve --hostname=rekor-local --storage-dir="$d/log" --signer-filepath="$d/rekor.pem" --http-address 127.0.0.1 --http-port 5558 --grpc-address 127.0.0.1 --grpc-port 5559 \
    --http-metrics-port 2114 --checkpoint-interval=1s --batch-max-age=50ms >"$cache/rekor.log" 2>&1 &
  wait_for http://127.0.0.1:5555/api/v2/trustBundle && wait_for http://127.0.0.1:5558/healthz || return 1
  python3 - http://127.0.0.1:5555/api/v2/trustBundle >"$d/fulcio.pem" <<'PY' || return 1
import json, sys, urllib.request
for chain in json.load(urllib.request.urlopen(sys.argv[1]))["chains"]:
    print("".join(chain["certificates"]).strip())
PY
  cosign trusted-root create --fulcio="url=http://127.0.0.1:5555,certificate-chain=$d/fulcio.pem" --ctfe="url=http://127.0.0.1:6962/test,public-key=$d/ctlog.pub,start-time=$start" \
    --tsa="url=$tsa,certificate-chain=$signing/tsa.pem" --rekor="url=http://rekor-local,public-key=$d/rekor.pub,start-time=$start,origin=rekor-local" --out "$signing/trusted_root.json" &&
    cosign signing-config create --fulcio="url=http://127.0.0.1:5555,api-version=1,start-time=$start,operator=ci" --rekor="url=http://127.0.0.1:5558,api-version=2,start-time=$start,operator=ci" \
      --rekor-config=ANY --tsa="url=$tsa/api/v1/timestamp,api-version=1,start-time=$start,operator=ci" --tsa-config=ANY --out "$signing/signing_config.json"
}
# audited DIR SIGNING takes and judges a run by a profile.
audited() {
  local d=$1 code=0
  export XDG_CONFIG_HOME=$d.config
  engagement "$d" "$2" && "$trefoil" init "$d.auditor" --key auditor --passphrase-file "$signing/passphrase" || return 1
  "$trefoil" audit -c "$d/engagement.yaml" -o "$d/run" --passphrase-file "$signing/passphrase" --quiet || code=$?
  [ $code = 3 ]
}
# countersigned DIR FLAGS... attests by the run's profile, countersigns by the auditor's key, and verifies by a trust.yaml
# that wants both.
countersigned() {
  local d=$1
  shift
  "$trefoil" attest -c "$d/engagement.yaml" --trust "$d/trusted.yaml" --passphrase-file "$signing/passphrase" "$d/run" || return 1
  "$trefoil" countersign --trust "$d/trusted.yaml" --reperform --key auditor --passphrase-file "$signing/passphrase" "$@" "$d/run" || return 1
  {
    printf 'required: [judgement, verdict, countersignature]\n'
    cat "$d/trusted.yaml"
    grep -q '^keys:' "$d/trusted.yaml" || printf 'keys:\n'
    sed -n '/^keys:/,/END PUBLIC KEY/p' "$d.auditor/trust.yaml" | sed '1d; s/roles: .collector./roles: [auditor]/; s/may_sign: .run,/may_sign: [countersignature, run,/'
  } >"$d/countersigned.yaml"
  cut_off "$trefoil" verify --trust "$d/countersigned.yaml" --reperform --report "$d/run.xlsx" "$d/run" && ! grep -q 'NO TIMESTAMP' "$cache/check.log"
}
log_flags=(--profile key+tsa+rekor --services "$signing/signing_config.json" --trusted-root "$signing/trusted_root.json")
key_log() {
  local d=$signing/log
  audited "$d" "{profile: key+tsa+rekor, key: ci, services: ../signing_config.json, trusted_root: ../trusted_root.json}" &&
    trust "$d" 'timestamp: required' 'trusted_root: ../trusted_root.json' 'thresholds: {timestamps: 1, log_entries: 1}' && countersigned "$d" "${log_flags[@]}"
}
# The log has one entry, the run's. Trust that wants one of each signature refuses the run; trust that wants the run's takes it.
run_log() {
  local d=$signing/runlog
  audited "$d" "{profile: key+tsa+rekor, key: ci, log_entries: run, services: ../signing_config.json, trusted_root: ../trusted_root.json}" || return 1
  jq -e '.verificationMaterial.tlogEntries | length == 1' "$d/run/run.sigstore.json" && jq -e '.verificationMaterial | has("tlogEntries") | not' "$d"/run/judgements/*/judgement.sigstore.json || return 1
  trust "$d" 'timestamp: required' 'trusted_root: ../trusted_root.json' 'thresholds: {timestamps: 1, log_entries: 1}'
  refused_as 4 'entries of transparency logs, and trust wants 1' cut_off "$trefoil" verify --trust "$d/trusted.yaml" "$d/run" || return 1
  trust "$d" 'timestamp: required' 'trusted_root: ../trusted_root.json' 'thresholds: {timestamps: 1, log_entries: 1, log_entries_of: [run]}'
  cut_off "$trefoil" verify --trust "$d/trusted.yaml" --reperform --report "$d/run.xlsx" "$d/run" || return 1
  trust "$signing/tsa" 'timestamp: required' 'trusted_root: ../trusted_root.json' 'thresholds: {timestamps: 1, log_entries: 1, log_entries_of: [run]}'
  refused_as 4 'run.sigstore.json.*trust wants 1' cut_off "$trefoil" verify --trust "$signing/tsa/trusted.yaml" "$signing/tsa/run"
}
keyless() {
  local d=$signing/keyless
  audited "$d" "{profile: keyless+tsa+rekor, token: ../stack/token, services: ../signing_config.json, trusted_root: ../trusted_root.json}" || return 1
  cat >"$d/trusted.yaml" <<'YAML'
timestamp: required
trusted_root: ../trusted_root.json
identities:
  - {name: pipeline, roles: [collector], may_sign: [run, bundle, judgement, verdict, report], san: audit@firm.example, issuer: "http://127.0.0.1:5556"}
YAML
  sed -i 's/^thresholds.*//' "$d/trusted.yaml"
  countersigned "$d" "${log_flags[@]}"
}
keyless_refusals() {
  local d=$signing/keyless
  for change in 's/audit@firm.example/other@firm.example/' 's#issuer: "http://127.0.0.1:5556"#issuer: "http://127.0.0.1:5557"#' 's/san:/not_after: 2026-01-02T00:00:00Z, san:/' \
    's#\.\./trusted_root.json#../tsa.json#'; do
    sed "$change" "$d/trusted.yaml" >"$d/refused.yaml"
    refused_as 4 'run.sigstore.json' cut_off "$trefoil" verify --trust "$d/refused.yaml" "$d/run" || return 1
  done
}
# signatures DIR lists what is signed in a run: kind's predicate type, signature, file.
signatures() {
  local run=$1/run f in
  printf '%s\n' "$predicate/run/v1 $run/run.sigstore.json $run/run.json" "$predicate/report/v1 $run.xlsx.sigstore.json $run.xlsx"
  for f in "$run"/judgements/*; do
    printf '%s\n' "$predicate/judgement/v1 $f/judgement.sigstore.json $f/judgement.json"
  done
  for f in "$run"/bundles/*.zip; do
    in=$1/manifests/$(basename "$f" .zip)
    mkdir -p "$in"
    unzip -qo -d "$in" "$f" manifest.json manifest.sigstore.json
    printf '%s\n' "$predicate/bundle/v1 $in/manifest.sigstore.json $in/manifest.json"
  done
  for f in "$run"/seals/*; do
    printf '%s\n' "$(jq -r '.dsseEnvelope.payload | @base64d | fromjson | .predicateType' "$f") $f $run/run.json"
  done
}
# signed_by SIGNATURE says key or auditor or identity.
signed_by() {
  case $(jq -r '.verificationMaterial | keys[]' "$1" | tr '\n' ' ') in
  *certificate*) echo identity ;;
  *) [ "$(jq -r .verificationMaterial.publicKey.hint "$1")" = "$(openssl pkey -pubin -in "$2" -outform DER | openssl dgst -sha256 -binary | base64)" ] && echo key || echo auditor ;;
  esac
}
by_cosign() {
  local d=$1 type signature file n=0
  while read -r type signature file; do
    set -- --key "$d/ci.pub"
    case $(signed_by "$signature" "$d/ci.pub") in
    identity) set -- --certificate-identity audit@firm.example --certificate-oidc-issuer http://127.0.0.1:5556 ;;
    auditor) set -- --key "$d.auditor/auditor.pub" ;;
    esac
    cut_off cosign verify-blob-attestation --bundle "$signature" --type "$type" --trusted-root "$signing/trusted_root.json" --use-signed-timestamps "$@" "$file" || return 1
    n=$((n + 1))
  done < <(signatures "$d")
  echo "$n signatures" && [ $n = 8 ]
}
by_js() {
  local d=$1 type signature file anchors n=0
  while read -r type signature file; do
    anchors="{\"root\":\"$signing/trusted_root.json\",\"timestamps\":1,\"log\":1"
    case $(signed_by "$signature" "$d/ci.pub") in
    identity) anchors="$anchors,\"scts\":1,\"san\":\"audit@firm.example\",\"issuer\":\"http://127.0.0.1:5556\"}" ;;
    auditor) anchors="$anchors,\"key\":\"$d.auditor/auditor.pub\"}" ;;
    *) anchors="$anchors,\"key\":\"$d/ci.pub\"}" ;;
    esac
    cut_off node "$cache/js/verify.js" "$signature" "$file" "$type" "$anchors" || return 1
    refused cut_off node "$cache/js/verify.js" "$signature" "$signing/empty.json" "$type" "$anchors" || return 1
    n=$((n + 1))
  done < <(signatures "$d")
  echo "$n signatures" && [ $n = 8 ]
}
# by_openssl DIR checks every signature by a key, and every token, with openssl alone.
by_openssl() {
  local d=$1 type signature file key w=$signing/openssl n=0
  mkdir -p "$w"
  while read -r type signature file; do
    key=$d/ci.pub
    case $(signed_by "$signature" "$d/ci.pub") in
    identity) jq -r .verificationMaterial.certificate.rawBytes "$signature" | base64 -d | openssl x509 -inform DER -noout -pubkey >"$w/key.pub" && key=$w/key.pub ;;
    auditor) key=$d.auditor/auditor.pub ;;
    esac
    jq -r .dsseEnvelope.payload "$signature" | base64 -d >"$w/payload"
    { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s "$w/payload")"; cat "$w/payload"; } >"$w/pae"
    jq -r '.dsseEnvelope.signatures[0].sig' "$signature" | base64 -d >"$w/sig"
    cut_off openssl dgst -sha256 -verify "$key" -signature "$w/sig" "$w/pae" && jq -e --arg d "$(sha256sum "$file" | cut -d' ' -f1)" '[.subject[].digest.sha256] | index($d) != null' "$w/payload" || return 1
    jq -r '.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp' "$signature" | base64 -d >"$w/token"
    cut_off openssl ts -verify -in "$w/token" -data "$w/sig" -CAfile "$signing/tsa.pem" -untrusted "$signing/tsa.pem" || return 1
    n=$((n + 1))
  done < <(signatures "$d")
  echo "$n signatures" && [ $n = 8 ]
}

sigstore() {
  if ! unshare -rn true 2>/dev/null; then
    skip "signatures, checked by programs that we did not write" "unshare -rn is not allowed here"
    return
  fi
  check "cosign $cosign, timestamp-server $timestamp_server, fulcio $fulcio, rekor-tiles $rekor are built" sigstore_tools || return
  check "a key alone: init, collect" key_alone
  check "cosign, offline: run.json and each manifest by a key alone" key_alone_cosign
  check "cosign, offline: refuses what is changed, of another kind, by another key" key_alone_cosign_refuses
  check "timestamp authority: started, its chain in a trusted root" start_tsa
  check "key and timestamp: collect, verify offline" key_tsa
  check "cosign, offline: key and timestamp" key_tsa_cosign
  check "verify refuses: token of another signature, no token, key that had run out" key_tsa_refusals
  check "fulcio and a rekor-tiles log: started, their keys in a trusted root" start_stack || return
  check "key, timestamp, log: audit, attest, countersign, verify and re-perform offline" key_log
  check "key, timestamp, log of the run alone: taken by trust that says so, refused by trust that wants each" run_log
  check "identity, timestamp, log: audit, attest, countersign, verify and re-perform offline" keyless
  check "verify refuses: another identity, another issuer, window over, another authority" keyless_refusals
  for profile in log keyless; do
    check "cosign, offline: each signature of profile $profile" by_cosign "$signing/$profile"
    check "openssl, offline: each signature and timestamp of profile $profile" by_openssl "$signing/$profile"
  done
  if command -v npm >/dev/null; then
    check "npm: @sigstore/verify is installed" install_js &&
      for profile in log keyless; do check "@sigstore/verify, offline: each signature of profile $profile" by_js "$signing/$profile"; done
    check "docs/auditor.md: each step, offline" guide && check "docs/auditor.md: its steps see each changed file" guide_refuses
  else
    skip "@sigstore/verify" "npm is not installed"
  fi
  check "key services: AWS KMS and Vault sign" go test -count=1 -tags kms_aws,kms_vault -run Cloud ./evidence/seal/
  check "key services: Google's and Azure's link, and say what is wrong" go test -count=1 -tags kms_gcp,kms_azure -run OtherClouds ./evidence/seal/
  check "key services: all compile" go vet -tags kms_aws,kms_gcp,kms_azure,kms_vault ./evidence/seal/
}
# guide runs each block of docs/auditor.md, in order, in a folder with the files that it asks for, with no network: on a
# run of several bundles, judgements and countersignatures.
guide() {
  local d=$signing/guide log=$signing/log blocks code=0
  rm -rf "$d" && mkdir "$d" && cp -r "$log/run" "$log/run.xlsx" "$log/run.xlsx.sigstore.json" "$signing/tsa.pem" "$signing/trusted_root.json" "$d" &&
    cp -r "$signing/keyless/run" "$d/keyless" && cp "$log/ci.pub" "$d/firm.pub" && cp "$log.auditor/auditor.pub" "$d" || return 1
  export XDG_CONFIG_HOME=$log.config
  "$trefoil" test -c "$log/engagement.yaml" --trust "$log/countersigned.yaml" --as-of "$(date -u +%FT%TZ)" --passphrase-file "$signing/passphrase" "$d/run" || code=$?
  [ $code = 3 ] && "$trefoil" countersign --trust "$log/countersigned.yaml" --key auditor --passphrase-file "$signing/passphrase" "${log_flags[@]}" "$d/run" || return 1
  [ "$(ls "$d/run/bundles" | wc -l)" -ge 2 ] && [ "$(ls "$d/run/judgements" | wc -l)" -ge 2 ] && [ "$(ls "$d/run/seals" | wc -l)" -ge 4 ] || return 1
  { echo 'set -euxo pipefail'; sed -n '/^```sh$/,/^```$/p' docs/auditor.md | sed '/^```/d'; } >"$d/guide.sh"
  blocks=$(grep -c '^```sh$' docs/auditor.md)
  (cd "$d" && JS=$cache/js cut_off bash guide.sh) || return 1
  echo "$blocks blocks, $(wc -l <"$d/signatures") signatures" && [ "$blocks" -ge 13 ] && [ "$(wc -l <"$d/signatures")" -ge 10 ]
}
# The guide sees what is wrong: one changed byte in each sort of file, of each bundle, judgement and seal, ends it.
guide_refuses() {
  local d=$signing/guide f
  for f in run/run.json run/run.sigstore.json run/inputs/register.yaml run.xlsx firm.pub tsa.pem keyless/run.json \
    $(cd "$d" && ls run/bundles/*.zip run/judgements/*/results.jsonl run/judgements/*/judgement.json run/seals/*); do
    cp "$d/$f" "$signing/kept" && change "$signing/kept" "$d/$f"
    (cd "$d" && JS=$cache/js refused cut_off bash guide.sh) || { echo "not seen: $f"; return 1; }
    cp "$signing/kept" "$d/$f"
    rm -rf "$d/target"
  done
}
install_js() {
  mkdir -p "$cache/js" && cp .ci/js/* "$cache/js/" && npm --prefix "$cache/js" install --no-audit --no-fund --no-package-lock
}
sigstore_tools() {
  setup_signing && tool timestamp-server github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server $timestamp_server &&
    tool cosign github.com/sigstore/cosign/v3/cmd/cosign $cosign && tool fulcio github.com/sigstore/fulcio $fulcio &&
    tool posix github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix $rekor &&
    openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout >"$signing/other.pub"
}
