# Plug-ins under the real Python of this machine; sourced by .ci/integration.

# The inventory's own tests, and what it writes of its sample.
inventory() {
  python3 collectors/plugin/inventory/inventory_test.py
}

# The twenty lines of docs/plugins.md, with the manifest and the register that stand there, audited as the page says.
twenty() {
  local work=$cache/twenty
  rm -rf "$work" && mkdir -p "$work/home" && go build -o "$cache/trefoil" ./cmd/trefoil || return 1
  python3 - docs/plugins.md "$work" <<'PY' || return 1
import hashlib, re, sys
page, work = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
def block(heading, language):
    return re.search(r"^#+ %s\n.*?```%s\n(.*?)```" % (heading, language), page, re.S | re.M).group(1)
files = {"shed.py": block("Twenty lines", "python"), "shed.py.manifest.json": block("The manifest", "json"),
         "volumes.csv": "name,site\nmessages,hamar-1\n", "register.yaml": block("Places", "yaml")}
for name, text in files.items():
    open(work + "/" + name, "w", encoding="utf-8").write(text)
pin = {n: hashlib.sha256(t.encode()).hexdigest() for n, t in files.items()}
open(work + "/engagement.yaml", "w").write("""name: n
auditor: a
auditee: b
period: {from: 2026-01-01, to: 2026-12-31}
plugins:
  - {name: shed, path: shed.py, sha256: %s, manifest_sha256: %s, interpreter: {path: %s, args: [-I, -B]}, inputs: {volumes.csv: volumes.csv}}
signing: {key: firm, timestamp: none}
files: {register: register.yaml}
controls: [EDS-RES-01]
""" % (pin["shed.py"], pin["shed.py.manifest.json"], sys.executable))
PY
  export XDG_CONFIG_HOME=$work/home
  echo correct horse >"$work/pass"
  "$cache/trefoil" init "$work/made" --key firm --passphrase-file "$work/pass" &&
    "$cache/trefoil" audit -c "$work/engagement.yaml" -o "$work/run" --passphrase-file "$work/pass" &&
    rm "$work/shed.py" "$work/volumes.csv" &&
    "$cache/trefoil" verify --trust "$work/made/trust.yaml" --reperform --report "$work/run.xlsx" "$work/run"
}

plugins() {
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    skip "plug-ins in Python" "python3 of 3.9 or later is not installed"
    return
  fi
  check "inventory: its tests, and its sample byte for byte" inventory
  check "docs/plugins.md: its twenty lines are audited, and re-performed without them" twenty
}
