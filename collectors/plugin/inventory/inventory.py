"""Data-centre inventory: what the CSV export of an inventory system says of sites, racks, devices,
storage volumes and replication links, as facts for Trefoil.

Python 3.9 or later, the standard library alone. It reads inputs/*.csv of its working folder and
writes the protocol of docs/plugins.md to its standard output; README.md beside it says which
columns it knows. What it cannot read is said, never dropped: a file or row that cannot be read
makes its list incomplete (missed), a cell that cannot be read makes one field unknown.
"""
import csv
import io
import json
import re
import sys
from urllib.parse import quote

CONFLICT = object()  # a cell that two rows of one thing say differently
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
COUNTRY = re.compile(r"[A-Z]{2}")
FOREIGN = re.compile(r"(arn:|//|[a-z][a-z0-9]*:)\S+")  # the id of something outside this inventory
AT_REST = {"none": "none", "provider": "provider_key", "customer": "customer_key", "external": "external_key"}
ACCOUNT_STATE = {"active": "active", "staging": "active", "decommissioning": "closing", "retired": "closed"}
ACTIVE = {"active": True, "connected": True, "planned": False, "offline": False, "decommissioned": False, "decommissioning": False}

# Columns that name a thing come first: without them no row of the file can be read. Then those
# that are read, and those that are known to say nothing that is asked here.
NOT_ASKED = {"id", "facility", "region", "group", "tenant", "tenant_group", "time_zone", "description", "comments", "asset_tag", "serial",
             "manufacturer", "device_type", "type", "platform", "face", "position", "latitude", "longitude", "physical_address", "shipping_address",
             "u_height", "width", "contacts", "created", "last_updated", "url"}
FILES = {
    "sites": (["slug"], {"name", "status", "country"}),
    "racks": (["site", "name"], {"status"}),
    "devices": (["name"], {"site", "rack", "role", "status"}),
    "volumes": (["device", "name"], {"class", "engine", "encryption", "key_store", "status", "size_gb", "tags"}),
    "links": (["source", "destination", "how"], {"name", "through", "status"}),
}


class Table:
    """One CSV file: its rows by the thing that they name, and what could not be read of it."""

    def __init__(self, name, say):
        self.name, self.file, self.say = name, name + ".csv", say
        self.list_op, self.read_op = "dc:List" + name.capitalize(), "dc:Read" + name.capitalize()
        self.keys, self.read = FILES[name]
        self.columns, self.rows, self.lacking, self.usable = [], {}, set(), False
        try:
            with open("inputs/" + self.file, encoding="utf-8-sig", newline="") as f:
                text = f.read()
        except FileNotFoundError:
            say.missed(self.list_op, self.file + " was not given", "not_attempted")
            return
        except UnicodeDecodeError as e:
            self.broken("is no UTF-8 (byte %d)" % e.start)
            return
        self.parse(csv.reader(io.StringIO(text, newline=""), strict=True))

    def broken(self, why, line=None):
        self.say.missed(self.list_op, "%s%s: %s" % (self.file, " line %d" % line if line else "", why))

    def parse(self, reader):
        line = 1
        try:
            header = next(reader, None)
            if not header or not self.header(header):
                if not header:
                    self.broken("has no header")
                return
            self.usable = True
            while True:
                line = reader.line_num + 1
                cells = next(reader, None)
                if cells is None:
                    return
                self.row(line, cells)
        except csv.Error as e:
            self.broken("is no CSV: %s" % e, line)

    def header(self, header):
        """Take the names of columns: as inventory systems write them, with spaces and cf_ for own fields."""
        for cell in header:
            name = cell.strip().lower().replace(" ", "_")
            name = name[3:] if name.startswith("cf_") else name
            if name in self.columns:
                self.broken("column %r stands twice" % name)
                return False
            if name not in self.read and name not in self.keys and name not in NOT_ASKED:
                self.broken("column %r is not known: what it says is not read" % name)
            self.columns.append(name)
        for key in self.keys:
            if key not in self.columns:
                self.broken("has no column %r, which names its rows" % key)
                return False
        return True

    def row(self, line, cells):
        if not any(c.strip() for c in cells):
            return self.broken("an empty row", line)
        if len(cells) != len(self.columns):
            return self.broken("%d cells, and the header has %d" % (len(cells), len(self.columns)), line)
        row = dict(zip(self.columns, (c.strip() for c in cells)))
        key = tuple(row[k] for k in self.keys)
        if not all(key):
            return self.broken("%s is empty" % " or ".join(self.keys), line)
        row["#"] = [line]
        old = self.rows.setdefault(key, row)
        if old is not row:
            self.broken("%s stands on line %d too" % ("/".join(key), old["#"][0]), line)
            old["#"].append(line)
            for name in self.columns:
                if old[name] != row[name]:
                    old[name] = CONFLICT

    def cell(self, row, column):
        """Give a cell, or None and the operation that says why it is not known."""
        if column not in self.columns:
            if column not in self.lacking:
                self.lacking.add(column)
                self.say.missed(self.read_op, "%s has no column %r" % (self.file, column))
            return None, self.read_op
        if row[column] is CONFLICT:
            return None, self.list_op
        return row[column], None

    def unreadable(self, row, why):
        self.say.missed(self.read_op, "%s line %d: %s" % (self.file, row["#"][0], why))
        return None, self.read_op


class Say:
    """Write the protocol: facts, what was missed, and the counts at the end."""

    def __init__(self, kinds, out):
        self.counts, self.out, self.reasons = {k: 0 for k in kinds}, out, set()

    def line(self, record):
        self.out.write(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n")

    def missed(self, operation, reason, status="error"):
        if (operation, reason) not in self.reasons:
            self.reasons.add((operation, reason))
            self.line({"missed": {"operation": operation, "status": status, "reason": reason}})

    def fact(self, f):
        self.counts[f.record["kind"]] += 1
        self.line({"fact": f.record})

    def end(self):
        self.line({"end": {"counts": self.counts}})


class Fact:
    def __init__(self, kind, ident, name, table, row):
        shown = "".join(c if c.isprintable() else "\ufffd" for c in name)[:200]
        self.record = {"id": ident, "kind": kind, "name": shown or ident, "fields": {}, "unknown": {},
                       "lines": ["%s#%d" % (table.file, n) for n in row["#"]]}

    def set(self, pointer, value, unknown_by=None):
        """Say one field: its value (None: there is none), or which operation did not see it."""
        if unknown_by:
            self.record["unknown"][pointer] = unknown_by
            return
        at, parts = self.record["fields"], pointer[1:].split("/")
        for p in parts[:-1]:
            at = at.setdefault(p, {})
        at[parts[-1]] = value

    def tags(self, value, unknown_by):
        if unknown_by:
            self.record["unknown"]["/tags"] = unknown_by
        else:
            self.record["tags"] = value


def ident(kind, *parts):
    return "dc:%s/%s" % (kind, "/".join(quote(p, safe="-._~") for p in parts))


def site_of(sites, say, slug, table, row):
    """Give the place tokens of a site, or None and why they are not known."""
    if (slug,) not in sites.rows:
        say.missed(sites.list_op, "%s line %d: site %r is not in sites.csv" % (table.file, row["#"][0], slug))
        return None, sites.list_op
    site = sites.rows[(slug,)]
    if site.get("country") is CONFLICT or not SLUG.fullmatch(slug):
        return None, sites.list_op
    country, _ = country_of(sites, site)
    return ["site:" + slug] + (["country:" + country] if country else []), None


def country_of(sites, row):
    value, why = sites.cell(row, "country")
    if why:
        return None, why
    if not COUNTRY.fullmatch(value):
        return sites.unreadable(row, "site %s has no country that is an ISO 3166-1 code: %r" % (row["slug"], value))
    return value, None


def say_sites(sites, say):
    for (slug,), row in sites.rows.items():
        if not SLUG.fullmatch(slug):
            sites.broken("%r is no slug" % slug, row["#"][0])
            continue
        name, _ = sites.cell(row, "name")
        f = Fact("dc.site", ident("site", slug), name or slug, sites, row)
        status, why = sites.cell(row, "status")
        f.set("/account/state", ACCOUNT_STATE.get(status, status) or None, why)
        f.set("/account/parents", [])
        country, why = country_of(sites, row)
        f.set("/attrs/country", "country:%s" % country, why)
        places, why = site_of(sites, say, slug, sites, row)
        f.set("/located", places, why)
        say.fact(f)


def say_racks(racks, sites, say):
    for (site, name), row in racks.rows.items():
        f = Fact("dc.rack", ident("rack", site, name), name, racks, row)
        places, why = site_of(sites, say, site, racks, row)
        f.set("/located", places, why)
        status, why = racks.cell(row, "status")
        f.set("/attrs/status", status or None, why)
        f.set("/attrs/site", ident("site", site))
        say.fact(f)


def device_place(devices, sites, say, row):
    slug, why = devices.cell(row, "site")
    if why or slug:
        return (None, why) if why else site_of(sites, say, slug, devices, row)
    return devices.unreadable(row, "device %s has no site" % row["name"])


def say_devices(devices, sites, racks, say):
    for (name,), row in devices.rows.items():
        f = Fact("dc.device", ident("device", name), name, devices, row)
        places, why = device_place(devices, sites, say, row)
        f.set("/located", places, why)
        for attr in ["role", "status"]:
            value, why = devices.cell(row, attr)
            f.set("/attrs/" + attr, value or None, why)
        site, _ = devices.cell(row, "site")
        rack, why = devices.cell(row, "rack")
        if rack and site and racks.usable and (site, rack) not in racks.rows:
            say.missed(racks.list_op, "devices.csv line %d: rack %r of site %r is not in racks.csv" % (row["#"][0], rack, site))
        if rack and not site:
            rack, why = None, devices.read_op if "site" not in devices.columns or site == "" else devices.list_op
        f.set("/attrs/rack", ident("rack", site, rack) if rack else None, why)
        say.fact(f)


def say_volumes(volumes, devices, sites, copies, links, say):
    for (device, name), row in volumes.rows.items():
        f = Fact("dc.volume", ident("volume", device, name), device + "/" + name, volumes, row)
        if (device,) in devices.rows:
            places, why = device_place(devices, sites, say, devices.rows[(device,)])
        else:
            say.missed(devices.list_op, "volumes.csv line %d: device %r is not in devices.csv" % (row["#"][0], device))
            places, why = None, devices.list_op
        f.set("/located", places, why)
        f.set("/store/class", *filled(volumes, row, "class"))
        engine, why = volumes.cell(row, "engine")
        f.set("/store/engine", engine or None, why)
        at_rest, why = filled(volumes, row, "encryption")
        f.set("/encryption/at_rest", AT_REST.get(at_rest, at_rest), why)
        key, why = volumes.cell(row, "key_store")
        f.set("/encryption/key", (key if FOREIGN.fullmatch(key) else ident("keystore", key)) if key else None, why)
        f.set("/attrs/device", ident("device", device))
        status, why = volumes.cell(row, "status")
        f.set("/attrs/status", status or None, why)
        f.set("/attrs/size_gb", *size_of(volumes, row))
        f.tags(*tags_of(volumes, row))
        say_copies(f, copies.get((device, name), []), links)
        say.fact(f)


def filled(table, row, column):
    """Give a cell that must say something: an empty one is not known."""
    value, why = table.cell(row, column)
    return (value, why) if why or value else table.unreadable(row, "%s is empty" % column)


def size_of(volumes, row):
    text, why = volumes.cell(row, "size_gb")
    if why or not text:
        return None, why
    return (int(text), None) if re.fullmatch(r"[0-9]{1,12}", text) else volumes.unreadable(row, "size_gb %r is no number" % text)


def tags_of(volumes, row):
    """Read labels. One that is said twice, with differences, could rule a thing out of scope or in: it is not known."""
    text, why = volumes.cell(row, "tags")
    if why:
        return None, why
    tags = {}
    for tag in text.replace(";", ",").split(","):
        name, _, value = (part.strip() for part in tag.partition("="))
        if name and tags.setdefault(name, value) != value:
            return volumes.unreadable(row, "tag %r is said twice" % name)
    return tags, None


def say_copies(f, of, links):
    if not links.usable:
        return f.set("/copies", None, links.list_op)  # nothing of the links was read
    out = []
    for i, (row, to) in enumerate(of):
        f.record["lines"] += ["%s#%d" % (links.file, n) for n in row["#"]]
        copy = {"how": row["how"], "to": to, "owner": None}
        active, why = active_of(links, row)
        if why:
            f.record["unknown"]["/copies/%d/active" % i] = why
        else:
            copy["active"] = active
        out.append(copy)
    f.set("/copies", out)
    if links.list_op in {op for op, _ in links.say.reasons}:  # a link that was not read may be of this volume
        f.record["unknown"]["/copies/-"] = links.list_op


def active_of(links, row):
    status, why = filled(links, row, "status")
    if why:
        return None, why
    if status.lower() not in ACTIVE:
        return links.unreadable(row, "status %r is not known" % status)
    return ACTIVE[status.lower()], None


def end_of(text, volumes):
    """Read an end of a link: device/volume of this inventory, or the id of something outside it."""
    device, slash, name = text.partition("/")
    if (device, name) in volumes.rows or not FOREIGN.fullmatch(text):
        return (device, name) if slash else (text, ""), ident("volume", device, name)
    return None, text


def read_links(links, volumes, say):
    """Give the copies by their source, and the facts of the links."""
    copies, facts = {}, []
    for (source, destination, how), row in links.rows.items():
        ends = []
        for text in [source, destination]:
            key, to = end_of(text, volumes)
            if key and key not in volumes.rows:
                say.missed(volumes.list_op, "links.csv line %d: volume %r is not in volumes.csv" % (row["#"][0], text))
            ends.append((key, to))
        if ends[0][0]:
            copies.setdefault(ends[0][0], []).append((row, ends[1][1]))
        name, _ = links.cell(row, "name")
        f = Fact("dc.link", ident("link", source, destination, how), name or source + " to " + destination, links, row)
        f.set("/flow/from", ends[0][1])
        f.set("/flow/to", ends[1][1])
        f.set("/flow/what", how)
        through, why = links.cell(row, "through")
        f.set("/flow/through", through or None, why)
        f.set("/flow/active", *active_of(links, row))
        facts.append(f)
    return copies, facts


def main():
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    say = Say(["dc.site", "dc.rack", "dc.device", "dc.volume", "dc.link"], sys.stdout)
    sites, racks, devices, volumes, links = (Table(name, say) for name in ["sites", "racks", "devices", "volumes", "links"])
    copies, facts = read_links(links, volumes, say)
    say_sites(sites, say)
    say_racks(racks, sites, say)
    say_devices(devices, sites, racks, say)
    say_volumes(volumes, devices, sites, copies, links, say)
    for f in facts:
        say.fact(f)
    say.end()


if __name__ == "__main__":
    main()
