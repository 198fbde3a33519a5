# Sourced by .ci/integration: every case of the tamper matrix, done over with the program itself. It uses its check and $cache.
tampered() {
  rm -rf "$cache/tampered"
  mkdir -p "$cache/tampered" && go build -o "$cache/trefoil" ./cmd/trefoil &&
    TREFOIL_TAMPERED=$cache/tampered go test -count=1 -run 'TestTamperMatrix$' ./evidence/run/ && python3 .ci/tampered.py "$cache/trefoil" "$cache/tampered"
}
tamper() {
  check "each case of the tamper matrix ends with exit code 4, and none crashes" tampered && tail -n 1 "$cache/check.log"
}
