"""Tests of inventory.py: python3 inventory_test.py. They run the plug-in as Trefoil does."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = {n: open(os.path.join(HERE, "sample", n), encoding="utf-8").read()
          for n in ["sites.csv", "racks.csv", "devices.csv", "volumes.csv", "links.csv"]}


def run(**changed):
    """Run the plug-in on the sample with some files changed (None: not given; bytes as they are)."""
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(os.path.join(work, "inputs"))
        for name, text in {**SAMPLE, **{k + ".csv": v for k, v in changed.items()}}.items():
            if text is not None:
                with open(os.path.join(work, "inputs", name), "wb") as f:
                    f.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([sys.executable, "-I", "-B", os.path.join(HERE, "inventory.py")], cwd=work, env={}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert "end" in records[-1] and done.stdout.endswith(b"\n")
    facts = {r["fact"]["id"]: r["fact"] for r in records if "fact" in r}
    missed = {(r["missed"]["operation"], r["missed"]["reason"]) for r in records if "missed" in r}
    counts = records[-1]["end"]["counts"]
    for kind, n in counts.items():
        assert n == sum(f["kind"] == kind for f in facts.values()), kind
    said = {op for op, _ in missed}
    for f in facts.values():
        assert set(f["unknown"].values()) <= said, f  # an unknown field leads to a reason
    return facts, missed, done.stdout


class Inventory(unittest.TestCase):
    def missed(self, operation, part, **changed):
        facts, missed, _ = run(**changed)
        self.assertTrue(any(op == operation and part in reason for op, reason in missed), (operation, part, missed))
        return facts

    def test_sample_misses_nothing(self):
        facts, missed, out = run()
        self.assertEqual((len(facts), missed), (9, set()))
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["fields"]["copies"][0]["to"], "dc:volume/dublin-san-1/messages-copy")
        with open(os.path.join(HERE, "sample", "output.jsonl"), "rb") as f:
            self.assertEqual(out, f.read())

    def test_marks_and_line_ends(self):
        self.assertEqual(run()[0], run(**{n[:-4]: "\ufeff" + t.replace("\n", "\r\n") for n, t in SAMPLE.items()})[0])

    def test_empty_lists_are_proven(self):
        facts, missed, _ = run(**{n[:-4]: t.splitlines()[0] + "\n" for n, t in SAMPLE.items()})
        self.assertEqual((facts, missed), ({}, set()))

    def test_files(self):
        self.missed("dc:ListRacks", "was not given", racks=None)
        self.missed("dc:ListSites", "has no header", sites="")
        self.missed("dc:ListSites", "is no UTF-8", sites=b"slug\n\xff\n")
        self.missed("dc:ListVolumes", "is no CSV", volumes=SAMPLE["volumes.csv"] + 'x,"y\n')
        self.missed("dc:ListVolumes", "2 cells, and the header has 9", volumes=SAMPLE["volumes.csv"] + "x,y\n")
        self.missed("dc:ListVolumes", "an empty row", volumes=SAMPLE["volumes.csv"] + ",,,,,,,,\n")
        facts = self.missed("dc:ListLinks", "has no column 'source'", links="Name\nx\n")
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"]["/copies"], "dc:ListLinks")

    def test_columns(self):
        facts = self.missed("dc:ListVolumes", "column 'encyption' is not known", volumes=SAMPLE["volumes.csv"].replace("Encryption", "Encyption"))
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"]["/encryption/at_rest"], "dc:ReadVolumes")
        facts = self.missed("dc:ListSites", "has no column 'slug'", sites="Name,Status\nHamar,active\n")
        self.assertIn("/located", facts["dc:device/hamar-san-1"]["unknown"])
        self.missed("dc:ListSites", "column 'slug' stands twice", sites="Slug,slug\na,b\n")

    def test_site_without_a_country(self):
        for country in ["", "Norway", "no"]:
            facts = self.missed("dc:ReadSites", "site hamar-1 has no country", sites=SAMPLE["sites.csv"].replace(",NO", "," + country))
            self.assertEqual(facts["dc:site/hamar-1"]["unknown"], {"/attrs/country": "dc:ReadSites"})
            self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["fields"]["located"], ["site:hamar-1"])  # what the register makes of it

    def test_duplicates(self):
        facts = self.missed("dc:ListVolumes", "line 4: hamar-san-1/messages stands on line 2 too",
                            volumes=SAMPLE["volumes.csv"] + "hamar-san-1,messages,block,lvm,none,,active,4096,\n")
        v = facts["dc:volume/hamar-san-1/messages"]
        self.assertEqual(v["unknown"], {p: "dc:ListVolumes" for p in ["/encryption/at_rest", "/encryption/key", "/tags"]})
        self.assertEqual(v["lines"], ["volumes.csv#2", "volumes.csv#4", "links.csv#2"])
        facts = self.missed("dc:ListSites", "stands on line 2 too", sites=SAMPLE["sites.csv"] + "Hamar,hamar-1,active,,US\n")
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"]["/located"], "dc:ListSites")

    def test_dangling_references(self):
        facts = self.missed("dc:ListSites", "devices.csv line 2: site 'oslo-9' is not in sites.csv", devices=SAMPLE["devices.csv"].replace("hamar-san-1,hamar-1", "hamar-san-1,oslo-9"))
        self.assertIn("/located", facts["dc:volume/hamar-san-1/messages"]["unknown"])
        facts = self.missed("dc:ListDevices", "device 'hamar-san-1' is not in devices.csv", devices=SAMPLE["devices.csv"].replace("hamar-san-1", "other"))
        self.assertIn("/located", facts["dc:volume/hamar-san-1/messages"]["unknown"])
        self.missed("dc:ListRacks", "rack 'A-02' of site 'hamar-1' is not in racks.csv", devices=SAMPLE["devices.csv"].replace("A-01", "A-02"))
        for old, new in [("hamar-san-1/messages", "hamar-san-1/gone"), ("dublin-san-1/messages-copy", "nowhere")]:
            self.missed("dc:ListVolumes", "volume %r is not in volumes.csv" % new, links=SAMPLE["links.csv"].replace(old, new))

    def test_a_link_out_of_the_inventory(self):
        facts, missed, _ = run(links=SAMPLE["links.csv"].replace("dublin-san-1/messages-copy", "arn:aws:s3:::clover-messages-dub"))
        self.assertEqual(missed, set())
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["fields"]["copies"][0]["to"], "arn:aws:s3:::clover-messages-dub")

    def test_cells(self):
        facts = self.missed("dc:ReadLinks", "status 'maybe' is not known", links=SAMPLE["links.csv"].replace("fibre,active", "fibre,maybe"))
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"], {"/copies/0/active": "dc:ReadLinks"})
        facts = self.missed("dc:ListLinks", "source or destination or how is empty", links=SAMPLE["links.csv"].replace("replica", ""))
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"], {"/copies/-": "dc:ListLinks"})
        self.missed("dc:ReadVolumes", "size_gb '4 TB' is no number", volumes=SAMPLE["volumes.csv"].replace("4096", "4 TB"))
        self.missed("dc:ReadVolumes", "class is empty", volumes=SAMPLE["volumes.csv"].replace("block", ""))
        facts = self.missed("dc:ReadVolumes", "tag 'data-class' is said twice",
                            volumes=SAMPLE["volumes.csv"].replace("data-class=eu-user-data", "data-class=eu-user-data; data-class=public"))
        self.assertEqual(facts["dc:volume/hamar-san-1/messages"]["unknown"], {"/tags": "dc:ReadVolumes"})
        self.missed("dc:ReadDevices", "device hamar-san-1 has no site", devices=SAMPLE["devices.csv"].replace("hamar-san-1,hamar-1", "hamar-san-1,"))

    def test_hostile_text_keeps_the_protocol(self):
        facts, _, _ = run(devices=SAMPLE["devices.csv"] + '"=cmd|\'/c\'!A1\u202e\n",hamar-1,A-01,x,active\n')
        hostile = [f for f in facts.values() if "cmd" in f["name"]]
        self.assertEqual(len(hostile), 1)
        self.assertTrue(hostile[0]["name"].isprintable() and " " not in hostile[0]["id"])


if __name__ == "__main__":
    unittest.main()
