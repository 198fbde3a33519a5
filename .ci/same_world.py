#!/usr/bin/env python3
"""Compare two recordings of the world: same_world.py FOLDER.

FOLDER holds old.json and new.json (test --json), old-rows.json and new-rows.json (coverage --all --json). Ids that
moto draws are no names: what they belong to is compared, and how often. Of each row of coverage: status, reason and
calls by their status.
"""
import collections, json, re, sys

drawn = re.compile(r"(snap|vol|ami|key/(mrk-)?)-?[0-9a-f-]{17,36}|\d{4}(-\d\d){4}|backup/[0-9a-f-]+")


def name(text):
    return drawn.sub(r"\1*", text)


def results(path):
    return collections.Counter((i["control"], name(i["fact"]), i["verdict"]) for i in json.load(open(path))["items"])


def rows(path):
    return collections.Counter((r["id"], r["status"], name(r.get("reason", "")), json.dumps(r.get("calls", {}), sort_keys=True)) for r in json.load(open(path))["rows"])


differ = False
for what, read, suffix in [("items", results, ""), ("rows of coverage", rows, "-rows")]:
    old, new = (read(f"{sys.argv[1]}/{side}{suffix}.json") for side in ("old", "new"))
    for side, extra in [("embedded alone", old - new), ("recorded anew alone", new - old)]:
        for key, n in sorted(extra.items()):
            print(side, key, n)
    print(sum(old.values()), what, "embedded,", sum(new.values()), "recorded anew")
    differ |= old != new or not old
sys.exit(differ)
