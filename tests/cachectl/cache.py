"""The cache without a network: import, export, list, show, remove and so on."""

import base64
import grp
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from command import (SOURCE, cachectl, differs, finish, lacks,  # noqa: E402
                     objects, scratch, skip, test)

import json  # noqa: E402

CACHED = ["domain", "mode", "id", "max_age", "mx_patterns", "source",
          "fetched_at", "expires_at", "reason"]
STANDING = ["live", "checked_at"]
REST = ["refresh_at", "used_at", "refresh_failures"]


def stamp(ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))


def body(mode, mx, max_age, more=b""):
    lines = [b"version: STSv1", b"mode: " + mode.encode()]
    lines += [b"mx: " + str(pattern).encode() for pattern in mx]
    lines += [b"max_age: " + str(max_age).encode()]
    return b"\r\n".join(lines) + b"\r\n" + more


def policy(name, /, **changes):
    value = {
        "domain": name, "mode": "enforce", "id": "20260101",
        "max_age": 604800, "mx_patterns": ["mail." + name],
        "fetched_at": stamp(3600), "refresh_at": stamp(-3600),
        "used_at": stamp(7200), "refresh_failures": 2,
    }
    value.update(changes)
    if "raw" not in value and "raw_base64" not in value:
        value["raw"] = body(value["mode"], value["mx_patterns"],
                            value["max_age"]).decode()
    return {k: v for k, v in value.items() if v is not None}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values).encode()


LIVE = policy("a.example", mx_patterns=["mail.a.example", "*.b.example"])
TESTING = policy("b.example", mode="testing", raw=None)
EXPIRED = policy("old.example", fetched_at="2020-01-01T00:00:00Z",
                 refresh_at="2020-01-02T00:00:00Z",
                 used_at="2020-01-01T00:00:00Z")
# More than ASCII may stand in fields that nobody knows (RFC 8461, 3.2).
ODD = policy("odd.example", raw=body(
    "enforce", ["mail.odd.example"], 604800,
    "x: \u00e9\u202e\u009b31m\r\n".encode()).decode())


def fill(cache, *values):
    return cachectl("import", cache=cache, stdin=lines(*values))


def an_empty_cache():
    with scratch() as cache:
        code, out, err = cachectl("list", cache=cache)
        test("list of nothing", differs("exit", code, 1),
             differs("output", out, ""), differs(
                 "errors", err, "mtasts-cachectl: no policy is cached yet\n"))
        code, out, err = cachectl("list", "--json", cache=cache)
        test("list --json of nothing", differs("exit", code, 1),
             differs("output", out, ""), differs("errors", err, ""))
        code, out, err = cachectl("show", "a.example", cache=cache)
        test("show of nothing", differs("exit", code, 1),
             differs("line", err, "mtasts-cachectl: a.example: not cached\n"))
        code, out, err = cachectl("export", cache=cache)
        test("export of nothing", differs("exit", code, 0),
             differs("output", out, ""))
        for command in (["purge"], ["clear", "--yes"],
                        ["remove", "a.example"]):
            code, out, err = cachectl(*command, cache=cache)
            test(command[0] + " of nothing", differs("exit", code, 1),
                 differs("output", out, "0 removed\n"))
        code, out, err = cachectl("verify", cache=cache)
        test("verify of nothing", differs("exit", code, 0),
             differs("output", out, "no damage found\n"))


def round_trip():
    with scratch() as one, scratch() as two:
        code, out, err = fill(one, LIVE, TESTING, ODD, EXPIRED)
        test("import", differs("exit", code, 0), differs("errors", err, ""),
             differs("output", out, "4 stored, 0 refused\n"))
        code, first, err = cachectl("export", cache=one)
        given = {v["domain"]: v for v in (LIVE, TESTING, ODD, EXPIRED)}
        problems = []
        for value in objects(first):
            for key, wanted in given[value["domain"]].items():
                if key == "used_at":
                    continue  # kept to the day
                problems.append(differs("%s of %s" % (key, value["domain"]),
                                        value.get(key), wanted))
        test("export gives what was imported", differs("exit", code, 0),
             differs("policies", len(objects(first)), 4), *problems)
        for value in objects(first):
            raw = [key for key in ("raw", "raw_base64") if key in value]
            test("members of export: " + value["domain"],
                 differs("members", list(value), CACHED + REST + raw))
        code, out, err = cachectl("--json", "import", cache=two,
                                  stdin=first.encode())
        test("import --json", differs("exit", code, 0),
             differs("output", objects(out), [{"stored": 4, "refused": 0}]))
        code, second, err = cachectl("export", cache=two)
        test("a round trip loses nothing", differs("export", second, first))
        encoded = base64.b64encode(ODD["raw"].encode()).decode()
        fill(two, policy("odd.example", raw_base64=encoded,
                         fetched_at=ODD["fetched_at"],
                         refresh_at=ODD["refresh_at"],
                         used_at=ODD["used_at"]))
        code, second, err = cachectl("export", cache=two)
        test("raw may come as base64", differs("export", second, first))


def one_entry_a_domain():
    with scratch() as cache:
        fill(cache, policy("EXAMPLE.com", id="1"), policy("example.COM.", id="2"))
        code, out, err = cachectl("export", cache=cache)
        kept = [(v["domain"], v["id"]) for v in objects(out)]
        test("STS-3.3-20 a domain has one entry, however it is written",
             differs("exit", code, 0),
             differs("policies", kept, [("example.com", "2")]))


def lines_that_are_refused():
    now = stamp(60)
    bad = [
        (b"junk", "expected a JSON object"),
        (b"[]", "expected a JSON object"),
        (b'{"domain":"a.example","domain":"b.example"}',
         "expected a JSON object"),
        (b'{"domain":"a\\u0000b.example"}', "expected a JSON object"),
        (b"\xff\xfe", "expected a JSON object"),
        (b"{" * 100000, "expected a JSON object"),
        (b"x" * (1024 * 1024 + 1), "longer than 1 MiB"),
        (lines(policy("a.example", domain=7)), '"domain" as a string'),
        (lines(policy("a.example", mode="strict")), '"mode" as enforce'),
        (lines(policy("a.example", max_age="1d")), '"max_age" in seconds'),
        (lines(policy("a.example", max_age=-1)), '"max_age" in seconds'),
        (lines(policy("a.example", mx_patterns=["a.example", 7], raw="")),
         '"mx_patterns" as an array'),
        (lines(policy("a.example", fetched_at="2026-13-01T00:00:00Z")),
         '"fetched_at" as in'),
        (lines(policy("a.example", fetched_at="2026-02-30T00:00:00Z")),
         '"fetched_at" as in'),
        (lines(policy("a.example", used_at=1)), "expected times"),
        (lines(policy("a.example", refresh_failures=1.5)),
         '"refresh_failures" as a number'),
        (lines(policy("a.example", raw_base64="AAA")), "expected the body"),
        (lines(policy("a.example", raw_base64="A*==")), "expected the body"),
        (lines(policy("a.example", raw="x", raw_base64="AAAA")),
         "expected the body"),
        # what the library judges
        (lines(policy("-bad-.example")), ""),
        (lines(policy("192.0.2.1")), ""),
        (lines(policy("a.example", id="a b")), ""),
        (lines(policy("a.example", fetched_at=stamp(-86400 * 400))), ""),
        (lines(policy("a.example", mx_patterns=[], raw=None)), ""),
        (lines(policy("a.example", mx_patterns=["*.*.example"], raw=None)),
         ""),
        (lines(policy("a.example", max_age=99999999, raw=None)), ""),
        (lines(policy("a.example", raw="version: STSv1\nmode: none\n"
                      "max_age: 1\n")), ""),
        (lines(policy("a.example", raw="junk")), ""),
    ]
    good = lines(policy("good.example", fetched_at=now))
    with scratch() as cache:
        for line, part in bad:
            text = line.rstrip(b"\n")
            name = text[:60].decode("utf-8", "replace").replace("#", "")
            code, out, err = cachectl("import", cache=cache,
                                      stdin=text + b"\n\n" + good)
            test("import refuses " + ascii(name),
                 differs("exit", code, 1),
                 differs("output", out, "1 stored, 1 refused\n"),
                 lacks("line", err, "standard input: line 1: "),
                 lacks("line", err, part))
        code, out, _ = cachectl("list", "--json", cache=cache)
        test("nothing refused is cached", differs(
            "domains", [v["domain"] for v in objects(out)],
            ["good.example"]))


def many():
    """More than fits into one transaction, and what is said of a few lines."""
    count = 20000
    values = [policy("d%05d.example" % i, id="id%d" % i)
              for i in range(count)]
    text = lines(*values[:11111]) + b"junk\n" + lines(*values[11111:])
    with scratch() as cache:
        began = time.monotonic()
        code, out, err = cachectl("import", cache=cache, stdin=text)
        print("# import: %.3f ms a line" %
              ((time.monotonic() - began) * 1000 / count))
        test("import of many", differs("exit", code, 1),
             differs("output", out, "%d stored, 1 refused\n" % count),
             lacks("line", err, "standard input: line 11112: "))
        code, out, _ = cachectl("export", cache=cache)
        got = {value["domain"]: value for value in objects(out)}
        wrong = [value["domain"] for value in values
                 if any(got.get(value["domain"], {}).get(key) != value[key]
                        for key in ("id", "raw", "mx_patterns", "fetched_at"))]
        test("all of them are stored as they were given",
             differs("policies", len(got), count),
             differs("wrong", wrong[:5], []))
        began = time.monotonic()
        code, out, _ = cachectl("clear", "--yes", cache=cache)
        print("# clear: %.3f ms a policy" %
              ((time.monotonic() - began) * 1000 / count))
        test("clear of many", differs("exit", code, 0),
             differs("output", out, "%d removed\n" % count))


def purging_many():
    count = 1000
    with scratch() as cache:
        fill(cache, LIVE, *[
            policy("d%05d.example" % i, fetched_at="2020-01-01T00:00:00Z",
                   refresh_at=None, used_at=None) for i in range(count)])
        code, out, _ = cachectl("purge", cache=cache)
        test("purge of many", differs("exit", code, 0),
             differs("output", out, "%d removed\n" % count))
        code, out, _ = cachectl("list", "--json", cache=cache)
        test("purge leaves what lives", differs(
            "domains", [v["domain"] for v in objects(out)], ["a.example"]))


def listing():
    with scratch() as cache:
        fill(cache, LIVE, TESTING, EXPIRED)
        rows = [
            ([], ["a.example", "b.example", "old.example"]),
            (["--mode", "testing"], ["b.example"]),
            (["--expired"], ["old.example"]),
            (["--expired", "--mode", "enforce"], ["old.example"]),
            (["--mode", "none"], []),
        ]
        for args, expected in rows:
            code, out, _ = cachectl("list", "--json", *args, cache=cache)
            test("list --json " + " ".join(args),
                 differs("exit", code, 0 if expected else 1),
                 differs("domains", [v["domain"] for v in objects(out)],
                         expected),
                 *[differs("members", list(v), CACHED + STANDING)
                   for v in objects(out)])
        code, out, _ = cachectl("list", cache=cache)
        table = [line.split() for line in out.splitlines()]
        test("list is a table", differs("exit", code, 0),
             differs("heading", table[0], "DOMAIN MODE ID AGE EXPIRES "
                     "CHECKED MX".split()),
             differs("row", table[1][:3],
                     ["a.example", "enforce", "20260101"]),
             differs("expiry", table[3][4], "expired"),
             differs("patterns", table[1][-1], "2"))
        long = ".".join(["label" * 10] * 4) + ".example"
        fill(cache, policy(long))
        code, out, _ = cachectl("list", cache=cache,
                                env=dict(os.environ, COLUMNS="80"))
        test("a long name is not cut in a file", lacks("output", out, long))


def showing():
    with scratch() as cache:
        fill(cache, LIVE, ODD)
        code, out, _ = cachectl("show", "A.Example.", cache=cache)
        test("show", differs("exit", code, 0), *[
            lacks("output", out, part) for part in (
                "a.example\n", "enforce\n", "604800 seconds (7d)\n",
                "mail.a.example\n", "*.b.example\n", "    version: STSv1\n",
                LIVE["fetched_at"])])
        code, out, _ = cachectl("show", "--json", "a.example", cache=cache)
        test("show --json", differs("exit", code, 0),
             differs("members", list(objects(out)[0]),
                     CACHED + STANDING + REST + ["raw"]))
        code, out, _ = cachectl("show", "odd.example", cache=cache)
        test("show escapes the body", differs("exit", code, 0),
             lacks("output", out,
                   "x: \\xc3\\xa9\\xe2\\x80\\xae\\xc2\\x9b31m\n"))
        code, out, err = cachectl("show", "\x1b[31m", cache=cache)
        test("show of no domain", differs("exit", code, 2),
             "escape byte" if "\x1b" in err else None)


def removing():
    with scratch() as cache:
        fill(cache, LIVE, TESTING, EXPIRED)
        code, out, err = cachectl("remove", "a.example", "no.example",
                                  cache=cache)
        test("remove", differs("exit", code, 0),
             differs("output", out, "1 removed\n"),
             lacks("line", err, "no.example: not cached"))
        code, out, _ = cachectl("purge", "--json", cache=cache)
        test("purge removes what has expired", differs("exit", code, 0),
             differs("output", objects(out), [{"removed": 1}]))
        code, out, _ = cachectl("clear", cache=cache)
        test("clear wants --yes", differs("exit", code, 2))
        code, out, _ = cachectl("clear", "--yes", cache=cache)
        test("clear", differs("exit", code, 0),
             differs("output", out, "1 removed\n"))


def statistics():
    with open(os.path.join(SOURCE, "core/man/mtasts-cachectl.8"),
              encoding="ascii") as file:
        manual = file.read().replace(",", " ").split()
    with scratch() as cache:
        fill(cache, LIVE, TESTING, EXPIRED)
        code, out, _ = cachectl("stats", "--json", cache=cache)
        value = objects(out)[0]
        counts = [value[key] for key in ("enforce", "testing", "none",
                                         "expired")]
        test("stats counts by mode", differs("exit", code, 0),
             differs("counts", counts, [1, 1, 0, 1]),
             differs("policies", value["policies"], 3))
        test("stats: every name is in the manual",
             *["%s is not" % name for name in value if name not in manual])
        code, out, _ = cachectl("stats", cache=cache)
        test("stats has the names of its JSON", differs("exit", code, 0),
             differs("names", [line.split()[0] for line in out.splitlines()],
                     list(value)))


def files():
    with scratch() as cache:
        fill(cache, LIVE, TESTING)
        code, out, _ = cachectl("verify", "--json", cache=cache)
        test("verify finds nothing", differs("exit", code, 0),
             differs("output", objects(out), [{"damage": 0, "reports": []}]))
        copy = os.path.join(cache, "copy.mdb")
        code, out, err = cachectl("compact", copy, cache=cache)
        test("compact", differs("exit", code, 0), differs("output", out, ""),
             differs("errors", err, ""),
             None if os.path.exists(copy) else "there is no copy")
        code, out, err = cachectl("compact", copy, cache=cache)
        test("compact does not overwrite",
             None if code in (2, 3) else differs("exit", code, 3),
             lacks("line", err, "mtasts-cachectl: "))
        with open(os.path.join(cache, "policies/data.mdb"), "r+b") as file:
            file.seek(8192)
            file.write(b"\xa5" * 40960)
        code, out, _ = cachectl("verify", cache=cache)
        test("verify finds damage", differs("exit", code, 1),
             "nothing is reported" if not out else None)


def becoming_the_owner():
    name = "root becomes the owner of the cache"
    if os.getuid() != 0:
        skip(name, "not root")
        return
    with scratch() as parent:
        os.chmod(parent, 0o755)
        cache = os.path.join(parent, "cache")
        os.mkdir(cache)
        os.mkdir(os.path.join(cache, "run"))
        for path in (cache, os.path.join(cache, "run")):
            os.chown(path, 65534, 65534)
        secret = os.path.join(parent, "secret")
        with open(secret, "wb") as file:
            file.write(lines(LIVE))
        os.chmod(secret, 0o600)
        code, out, err = cachectl("import", secret, cache=cache)
        data = os.path.join(cache, "policies/data.mdb")
        test(name, differs("exit", code, 0), differs("errors", err, ""),
             differs("owner", os.stat(data).st_uid, 65534))


def the_group_of_the_directories():
    name = "a cache of another group than cache.group is warned of"
    if os.getuid() != 0:
        skip(name, "not root")
        return
    with scratch() as parent:
        os.chmod(parent, 0o755)
        cache, run = os.path.join(parent, "cache"), os.path.join(parent, "run")
        path = os.path.join(parent, "conf")
        text = ('cache { directory = "%s" run_directory = "%s" user = nobody '
                'group = %%s }\n' % (cache, run))

        def stats(group):
            with open(path, "w", encoding="ascii") as file:
                file.write(text % group)
            return cachectl("-c", path, "stats")

        _, _, err = stats("nogroup")
        test("a cache of the right group is not warned of",
             differs("errors", err, ""))
        code, out, err = stats("mail")
        remedy = "chgrp -R mail %s %s" % (cache, run)
        test(name, differs("exit", code, 0), differs(
            "errors", err, "mtasts-cachectl: warning: %s is not of the group "
            "mail, as cache.group says, which keeps that group out; as root: "
            "%s\n" % (cache, remedy)))
        os.chown(cache, -1, grp.getgrnam("mail").gr_gid)
        _, _, err = stats("mail")
        test("so is what is inside", lacks("errors", err, cache + "/policies "))
        subprocess.run(remedy.split(), check=True)
        _, _, err = stats("mail")
        test("the remedy is one", differs("errors", err, ""), differs(
            "mode", oct(os.stat(cache).st_mode & 0o7777), oct(0o2750)))


an_empty_cache()
round_trip()
one_entry_a_domain()
lines_that_are_refused()
many()
purging_many()
listing()
showing()
removing()
statistics()
files()
becoming_the_owner()
the_group_of_the_directories()
finish()
