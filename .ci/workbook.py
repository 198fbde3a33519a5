#!/usr/bin/env python3
"""Reads a workbook with openpyxl, a reader that we did not write, and checks what an auditor relies on:
every sheet is there, no cell is a formula but the tie-outs of Integrity, each of those comes to the
value that stands in it when it is counted again, and all of them tie."""
import re
import sys

import openpyxl

SHEETS = ["Read me", "Engagement", "Control summary", "Test results", "Exceptions", "Populations", "Data locations", "Access",
          "Coverage", "Evidence index", "Integrity"]
RANGE = r"'([^']+)'!\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)"


def column(book, m):
    sheet, letter, first, last = m.groups()[:4]
    return [book[sheet][f"{letter}{row}"].value for row in range(int(first), int(last) + 1)]


def count(book, formula, row):
    """Evaluates the few forms of formula that Trefoil writes; anything else is an error."""
    total = 0
    for part in formula.lstrip("=").split("+"):
        if m := re.fullmatch(rf"SUM\({RANGE}\)", part):
            total += sum(v for v in column(book, m) if isinstance(v, (int, float)))
        elif m := re.fullmatch(rf'COUNTIF\({RANGE},"([^"]*)"\)', part):
            word = re.compile(re.escape(m[5]).replace(r"\*", ".*"), re.IGNORECASE | re.DOTALL)
            total += sum(1 for v in column(book, m) if isinstance(v, str) and word.fullmatch(v))
        elif m := re.fullmatch(rf'SUMIF\({RANGE},"([^"]*)",{RANGE}\)', part):
            words, items = column(book, m), column(book, re.fullmatch(RANGE, part[part.rindex(",") + 1:-1]))
            total += sum(n for v, n in zip(words, items, strict=True) if isinstance(v, str) and v.lower() == m[5].lower())
        elif re.fullmatch(rf"E{row}-F{row}-G{row}", part):
            total += book["Integrity"][f"E{row}"].value - book["Integrity"][f"F{row}"].value - book["Integrity"][f"G{row}"].value
        elif part == f'IF(H{row}=0,"Ties","DOES NOT TIE")':
            return "Ties" if book["Integrity"][f"H{row}"].value == 0 else "DOES NOT TIE"
        else:
            raise SystemExit(f"Integrity row {row}: a formula that is not ours: {formula}")
    return total


def main(path):
    formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    if formulas.sheetnames != SHEETS:
        raise SystemExit(f"the sheets are {formulas.sheetnames}")
    wrong, cells, counted = [], 0, 0
    for sheet in formulas:
        refs = 0
        for line in sheet.iter_rows():
            for cell in line:
                cells += cell.value is not None
                refs += cell.column == 1 and str(cell.value).startswith("R-")
                if cell.data_type == "e":
                    wrong.append(f"{sheet.title}!{cell.coordinate} is an error: {cell.value}")
                if cell.data_type != "f":
                    continue
                if sheet.title != "Integrity":
                    wrong.append(f"{sheet.title}!{cell.coordinate} is a formula: {cell.value}")
                    continue
                counted += 1
                shown, again = values["Integrity"][cell.coordinate].value, count(values, cell.value, cell.row)
                if shown != again or shown == "DOES NOT TIE":
                    wrong.append(f"Integrity!{cell.coordinate} shows {shown}; counted again it is {again}: {cell.value}")
        if refs == 0 and sheet.title != "Read me":
            wrong.append(f"{sheet.title} has no row with a reference")
        if not sheet.protection.sheet or sheet.page_setup.orientation != "landscape" or "Page" not in (sheet.oddFooter.center.text or ""):
            wrong.append(f"{sheet.title} is not protected, not landscape or has no page numbers")
    if counted < 40:
        wrong.append(f"only {counted} formulas were counted again")
    print(f"{cells} cells on {len(SHEETS)} sheets; {counted} formulas, all ours, counted again")
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main(sys.argv[1])
