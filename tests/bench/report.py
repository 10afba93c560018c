"""Where the results of `make bench` are kept: RESULTS.md has the whole table, and the
README quotes some of it.  Both between two marks, so that no figure is written by hand."""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "RESULTS.md")
README = os.path.join(HERE, "../../README.md")
BEGIN, END = "<!-- make bench: begin -->\n", "<!-- make bench: end -->\n"
README_HEADING = "| work | beside | time | cpu |\n|---|---|---|---|\n"
# (key of a line, work, side, what that is)
QUOTED = (
    ("hit 10000 1 thread", "a cached policy looked up", "floor", "a bare LMDB get"),
    ("cold 1", "a policy discovered by DNS and HTTPS, one at a time", "floor",
     "c-ares and libcurl alone"),
    ("cold 1", "", "peer", "the peer"),
    ("cold 128", "the same, 128 at a time", "floor", "c-ares and libcurl alone"),
    ("cold 128", "", "peer", "the peer"),
    ("unchanged", "the same, its TXT record unchanged", "floor", "the first time"),
    ("map 8 1", "a socket map's answer, 8 connections", "floor",
     "the same server with a bare LMDB get"),
    ("map 8 1", "", "peer", "the peer, its cache in memory"),
    ("map 8 1 sqlite", "", "peer", "the peer, its cache in SQLite"),
    ("probe", "an MX host probed", "floor", "OpenSSL alone"),
    ("milter 8", "a message through the milter, 8 connections", "floor",
     "a filter that does nothing"),
    ("message", "a message through Exim, cached", "floor", "Exim without mtasts"),
    ("start", "start of the daemon", "peer", "the peer's"),
)


def keep(heading, lines, records):
    """Put a run's lines into RESULTS.md, and what was recorded into README.md."""
    replace(RESULTS, heading + "\n\n" + "".join(lines))
    with open(records, encoding="ascii") as file:
        found = {record.pop("key"): record for record in map(json.loads, file)}
    replace(README, README_HEADING + "".join(quoted(found)))


def quoted(found):
    for key, work, side, beside in QUOTED:
        ratios = found.get(key, {}).get(side)
        if ratios:
            yield f"| {work} | {beside} | {figure(ratios['wall'])} | " \
                  f"{figure(ratios['cpu'])} |\n"


def figure(ratio):
    return "" if ratio is None else f"{ratio:.2f}"


def replace(path, text):
    """What is between the marks."""
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    _, after = rest.split(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + text + END + after)
