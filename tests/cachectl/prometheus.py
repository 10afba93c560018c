"""stats --prometheus: the text format, read as strictly as it is written down,
and what a graph may rely on."""

import re
import sys

sys.dont_write_bytecode = True
from command import (cachectl, differs, finish, lacks, objects,  # noqa: E402
                     scratch, test)

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile("(%s)(?:\\{([^{}]*)\\})? ([0-9]+)$" % NAME)
LABEL = re.compile('([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\n]|\\\\["\\\\n])*)"$')


class Metrics:
    """A text in the format; complaints about it.  HELP and TYPE come once, before
    the samples of their metric, which stand together."""

    def __init__(self, text):
        self.types, self.help, self.samples = {}, {}, {}
        self.wrong = []
        self.current = None
        if not text.endswith("\n"):
            self.wrong.append("the last line has no end")
        for line in text.splitlines():
            self.line(line)

    def line(self, line):
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"] and len(words) == 4:
            self.once(self.help, words[2], words[3], line)
        elif words[:2] == ["#", "TYPE"] and len(words) == 4:
            self.once(self.types, words[2], words[3], line)
            if words[3] not in ("counter", "gauge"):
                self.wrong.append(line)
        else:
            self.sample(line)

    def once(self, where, name, value, line):
        if name in where or any(key[0] == name for key in self.samples):
            self.wrong.append("again or too late: " + line)
        where[name] = value

    def sample(self, line):
        match = SAMPLE.match(line)
        if not match:
            self.wrong.append("no sample: " + line)
            return
        name, labels, value = match.groups()
        if labels is not None and not LABEL.match(labels):
            self.wrong.append("labels: " + line)
        if name not in self.types or name not in self.help:
            self.wrong.append("no TYPE or HELP before: " + line)
        if name != self.current and any(k[0] == name for k in self.samples):
            self.wrong.append("apart from its like: " + line)
        if (name, labels) in self.samples:
            self.wrong.append("twice: " + line)
        self.current = name
        self.samples[name, labels] = int(value)


def the_reader_complains():
    """A reader that takes anything would show nothing."""
    good = "# HELP a x\n# TYPE a counter\na 1\na{b=\"c\"} 2\n"
    test("the reader takes what is right", *Metrics(good).wrong)
    for bad in (good.rstrip("\n"), good + "b 1\n", good + "a 1\n",
                good + "# TYPE a counter\n", good + "a{b=c} 1\n",
                good + "a{b=\"d\"} one\n", good + "\n",
                good.replace("counter", "number"), good + "a-b 1\n",
                good + "# HELP d x\n# TYPE d gauge\nd 1\na{b=\"e\"} 1\n"):
        test("the reader refuses " + ascii(bad[-20:]).replace("#", ""),
             None if Metrics(bad).wrong else "it does not")


def metrics():
    policy = (b'{"domain":"a.example","mode":"enforce","id":"1",'
              b'"max_age":604800,"mx_patterns":["mail.a.example"],'
              b'"fetched_at":"%s"}\n')
    with scratch() as cache:
        cachectl("import", cache=cache,
                 stdin=policy % b"2026-01-01T00:00:00Z")
        code, out, err = cachectl("stats", "--prometheus", cache=cache)
        read = Metrics(out)
        test("stats --prometheus is in the format", differs("exit", code, 0),
             differs("errors", err, ""), *read.wrong)
        test("names of metrics are ours, those of counters end in _total",
             *["%s: %s" % (name, kind) for name, kind in read.types.items()
               if not name.startswith("mtasts_") or
               (kind == "counter") != name.endswith("_total")])
        # Every figure has a metric: the version has one more.
        _, plain, _ = cachectl("stats", "--json", cache=cache)
        figures = objects(plain)[0]
        test("every figure is a metric", differs(
            "samples", len(read.samples), len(figures) + 1))
        cachectl("query", "localhost", cache=cache)
        _, plain, _ = cachectl("stats", "--json", cache=cache)
        figures = objects(plain)[0]
        _, out, _ = cachectl("stats", "--prometheus", cache=cache)
        samples = Metrics(out).samples
        test("a metric has the value of its figure", *[
            differs(name, samples.get((name, labels)), figures[figure])
            for figure, name, labels in (
                ("lookups", "mtasts_lookups_total", None),
                ("enforce", "mtasts_policies", 'mode="enforce"'),
                ("expired", "mtasts_policies_expired", None),
                ("pass", "mtasts_verdicts_total", 'verdict="pass"'),
                ("policies", "mtasts_cache_entries", 'store="policies"'),
                ("answers_capacity", "mtasts_cache_capacity_bytes",
                 'store="answers"'))])
        code, out, err = cachectl("stats", "--prometheus", "--json",
                                  cache=cache)
        test("stats: one format at a time", differs("exit", code, 2),
             differs("output", out, ""), lacks("line", err, "exclude"))


the_reader_complains()
metrics()
finish()
