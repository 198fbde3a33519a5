# Crashes and full disks; sourced by .ci/integration.
kills() {
  go build -o "$cache/trefoil" ./cmd/trefoil && timeout 900 .ci/kill.py "$cache/trefoil" "$cache/killed" "${TREFOIL_SEED:-$(date +%s)}" 200 60 800
}
# A disk of 1 MB: each command says that it is full, and leaves no run, judgement or workbook.
full_disk() {
  rm -rf "$cache/full"
  mkdir -p "$cache/full/disk"
  go build -o "$cache/trefoil" ./cmd/trefoil || return 1
  unshare -rm bash -c '
    cd "$1" && mount -t tmpfs -o size=600k none disk || exit 2
    if "$2" demo --out disk/demo 2>said; then echo "a demonstration fitted in"; exit 1; fi
    cat said
    grep -q "no space left on device" said && grep -q "hint: there is no room" said || exit 1
    [ ! -e disk/demo/run ] && [ -z "$(find disk -name "*.tmp-*")" ]
  ' _ "$cache/full" "$cache/trefoil"
}
crashes() {
  check "200 collections and 60 other commands killed at random moments: whole runs or none, and nothing in the way" kills
  if unshare -rm true 2>/dev/null; then
    check "a full disk is said, and leaves nothing" full_disk
  else
    skip "a full disk is said, and leaves nothing" "unshare -rm is not allowed here"
  fi
}
