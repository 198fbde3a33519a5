#!/usr/bin/env python3
"""Does the tamper matrix over with the program: tampered.py TREFOIL FOLDER.

TestTamperMatrix (evidence/run) leaves its cases in FOLDER, each with the trust.yaml of its reader. Each must end with exit
code 4 and a report in JSON whose last check names the file, and crash nothing. The last line says how many did.
"""
import collections, concurrent.futures, fnmatch, json, os, pathlib, subprocess, sys

trefoil, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def verify(case):
    about = json.loads((case / "case.json").read_text())
    expect = [a for digest in about["expect"] for a in ("--expect", digest)]
    done = subprocess.run([trefoil, "verify", "--trust", case / "trust.yaml", "--json", *expect, case / "run"], capture_output=True, timeout=120)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if any(word in said for word in ("panic:", "goroutine ", "runtime error")):
        return about, "it crashed", said
    if done.returncode != 4:
        return about, f"exit code {done.returncode}", said
    try:
        report = json.loads(done.stdout)
        last = report["report"]["checks"][-1]
    except (ValueError, KeyError, TypeError, IndexError) as e:
        return about, f"no report in JSON: {e!r}", said
    if report["verifies"] or last["result"] != "failed" or not any(fnmatch.fnmatchcase(last["file"], f) for f in about["files"]):
        return about, f"its report ends with {last}, want one of {about['files']}", said
    return about, "", said


cases = sorted(p.parent for p in folder.glob("*/case.json"))
sorts, bad = collections.Counter(), 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for about, fault, said in pool.map(verify, cases):
        sorts[about["sort"]] += not fault
        if fault:
            bad += 1
            print(f"{about['sort']}: {about['name']}: {fault}\n{said}")
print(f"tamper matrix: {len(cases)} cases, {sum(sorts.values())} refused by the program with exit code 4 and the file named, {bad} not:", dict(sorted(sorts.items())))
sys.exit(bad > 0 or len(cases) < 400)
