#!/usr/bin/python3 -B
"""The table of attacks: what the tests expect, and what the README shows.

    table.py                     print the README's section
    table.py --observed FILE...  take what runs have seen into table.tsv, and both
                                 into the README
    table.py --check             say how the table and the README differ
"""

import csv
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "table.tsv")
README = os.path.join(HERE, "../../README.md")

MTAS = {"exim": "Exim", "sendmail": "Sendmail", "postfix": "Postfix"}
COLUMNS = ("without", "cold", "cached")
HEAD = ["reach", "label", "title", *(f"{mta} {column}" for mta in MTAS for column in COLUMNS)]
WITHIN, OUTSIDE = "within", "beyond"

# What can become of a message.
DELIVERED = "delivered"         # to the right host, over TLS
OLD = "over old TLS"            # to the right host, over TLS 1.0 or 1.1
CLEAR = "read in clear"         # by whoever is on the way
STOLEN = "to the attacker"
HELD = "held back"
BOUNCED = "bounced"
LOST = "lost"                   # neither anywhere nor in the queue
UNKNOWN = "not seen yet"

GOOD = (DELIVERED, HELD)        # of what is within reach, with the policy cached

# Postfix itself takes the CN of a certificate that has no DNS name (contrib/postfix).
LOOSE = {("postfix", label) for label in ("cnonly", "cnmail", "cnip")}

SECTION = "## Against attackers"


class Table:
    def __init__(self, rows):
        self.rows = {row["label"]: row for row in rows}

    @classmethod
    def read(cls):
        if not os.path.exists(FILE):
            return cls([])
        with open(FILE, encoding="ascii", newline="") as file:
            return cls(csv.DictReader(file, delimiter="\t"))

    def write(self):
        with open(FILE, "w", encoding="ascii", newline="") as file:
            writer = csv.DictWriter(file, HEAD, delimiter="\t", lineterminator="\n",
                                    quoting=csv.QUOTE_NONE, restval=UNKNOWN)
            writer.writeheader()
            writer.writerows(self.rows.values())

    def titles(self):
        return {label: row["title"] for label, row in self.rows.items()}

    def cell(self, label, mta, column):
        return self.rows.get(label, {}).get(f"{mta} {column}", UNKNOWN)

    def told(self, label, column):
        """A cell of the README's: one word, or one for each MTA."""
        said = {}
        for mta, name in MTAS.items():
            said.setdefault(self.cell(label, mta, column), []).append(name)
        if len(said) == 1:
            return next(iter(said))
        return "; ".join(f"{', '.join(names)}: {word}" for word, names in said.items())

    def broken_promises(self):
        return [f"{mta}, {label}: {self.cell(label, mta, 'cached')}"
                for label, row in self.rows.items() for mta in MTAS
                if row["reach"] == WITHIN and (mta, label) not in LOOSE
                and self.cell(label, mta, "cached") not in GOOD]


def write_observed(mta, rows):
    """What a run has seen; rows are {(reach, label, title): a word for each column}."""
    path = os.path.join(os.environ.get("abs_top_builddir", "."), "tests/adversary")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, f"{mta}.seen"), "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n",
                            quoting=csv.QUOTE_NONE)
        writer.writerow(HEAD[:3] + [f"{mta} {column}" for column in COLUMNS])
        writer.writerows([*attack, *words] for attack, words in rows.items())


def take(files):
    """Put what was seen into the table, in the order of what was seen."""
    table = Table.read()
    for name in files:
        with open(name, encoding="ascii", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        table = Table([{**table.rows.get(row["label"], {}), **row} for row in rows])
    table.write()


PAGE = f"""\
{SECTION}

`make adversary` plays the attackers of RFC 8461, 10 against Debian's own Exim, Sendmail
and Postfix, and looks at who was given the message: against the MTA alone; with mtasts
that has not heard of the domain (cold); and with mtasts after one message in peace
(cached). Each cell was seen to happen. *Held back* is mail that waits in the queue, and
is delivered when the attack is over; the tests see to that, too.

{{within}}

With the policy cached no message goes out in clear or to another host, nor does its
recipient's name. The one exception is Postfix's own: it takes the CN of a certificate that
has no DNS name. The column before is the seam of MTA-STS, trust on first use: whoever
keeps a policy from being found at all is not noticed.

These are out of reach of MTA-STS: whoever has a certificate of a trusted CA speaks with
the domain's own authority, and a wide or short-lived policy promises little. The last two
keep mail from its recipient, and give it to nobody else.

{{beyond}}

*DOMAIN* is the recipient's domain, *PARENT* what is left of it without its first label.
[tests/adversary](tests/adversary/README.md) tells how it is done.
"""


def section():
    table = Table.read()
    return PAGE.format(within=markdown(table, WITHIN), beyond=markdown(table, OUTSIDE))


def markdown(table, reach):
    lines = ["| attack | without mtasts | with mtasts, cold | with mtasts, cached |",
             "|---|---|---|---|"]
    for label, row in table.rows.items():
        if row["reach"] == reach:
            cells = [row["title"].replace("*", r"\*").replace("|", r"\|"),
                     *(table.told(label, column) for column in COLUMNS)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def readme():
    with open(README, encoding="utf-8") as file:
        return file.read()


def shown(page):
    """The section as the README has it, or nothing."""
    found = re.search(rf"^{SECTION}\n.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def put():
    page = readme()
    with open(README, "w", encoding="utf-8") as file:
        file.write(page.replace(shown(page), section() + "\n"))


def complaints():
    for promise in Table.read().broken_promises():
        yield "the table breaks the promise: " + promise
    if shown(readme()).strip() != section().strip():
        yield "README.md is not as tests/adversary/table.py would write it"


def main(arguments):
    if arguments == ["--check"]:
        for complaint in complaints():
            print(complaint)
    elif arguments[:1] == ["--observed"]:
        take(arguments[1:])
        put()
    elif not arguments:
        print(section(), end="")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
