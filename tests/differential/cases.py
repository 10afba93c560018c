"""What is asked: the corpus of tests/fuzz, published policies, and cases made of
good and bad pieces, the same on every run."""

import os
import random

SEED = 8461
RECORDS = 4000
POLICIES = 4000
MATCHES = 8000

RECORD_WORDS = [
    "v=STSv1", "v=STSv1;", "v=STSv1; ", "id=20160831085700Z", "id=1", "id=",
    "id=a-b", "id=" + "x" * 33, "id=2", ";", "; ", " ; ", " ", "\t", "a=b",
    "a=", "=", "v=stsv1;", "v=STSv2;", "v=spf1 -all", "ID=1", "id = 1",
    "\"id=1\"", "a=\xfc", "v = STSv1;", ":", ","]
GOOD_RECORD = ["v=STSv1; id=%s;", "v=STSv1;id=%s", "v=STSv1; id=%s; a=b;"]
MODES = ["mode: enforce", "mode: enforce", "mode: testing", "mode: none"]
LINES = ["version: STSv1", "max_age: 86400", "mx: mx.a.test", "mx: *.b.test", "x: y"]
ODD_LINES = [
    "version:STSv1", "Version: STSv1", "version: STSv2", "version : STSv1",
    "mode: Enforce", "mode: bogus", "mode:", "Mode: testing", "max_age: 0",
    "max_age: 31557600", "max_age: 31557601", "max_age: -1", "max_age: 1e3",
    "max_age: 1_000", "max_age: 0x10", "max_age: 12345678901", "max_age: +1",
    "max_age: 1.5", "max_age:", "max-age: 1", "mx: MX.A.test", "mx: mx.a.test.",
    "mx: *", "mx: *.", "mx: a.*.test", "mx: **.test", "mx: a b", "mx:",
    "mx: mx_1.a.test", "mx: m\xfcx.test", "mx: .b.test", "mx: a..b", "MX: c.test",
    " mx: c.test", "mx : c.test", "x:", ":", "x", "", " ", "x y: z",
    "\ufeffversion: STSv1", "mx: 192.0.2.1", "mx:\tmx.c.test \t"]
ENDS = ["\n", "\n", "\n", "\r\n", "\r\n", "\r", "\x0b", "\x0c", "\x85"]
LABELS = ["a", "b", "mx", "a-b", "x_y", "xn--a", "1", "test"]


def read_folder(source, *names):
    """The files of a folder below tests/, by their names."""
    folder = os.path.join(source, "tests", *names)
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            yield file.read()


def encode(text):
    """Octets of a text whose odd characters are octets, too."""
    return text.encode("utf-8" if "\ufeff" in text else "latin-1")


def make_record(rng):
    """One TXT record."""
    if rng.random() < 0.3:
        text = rng.choice(GOOD_RECORD) % rng.randrange(1000)
    else:
        text = rng.choice(["", "v=STSv1;", "v=STSv1; "]) + "".join(
            rng.choice(RECORD_WORDS) for _ in range(rng.randrange(6)))
    return encode(text)


def make_policy(rng):
    """One body: mostly good lines, or nothing ever would be a policy."""
    lines = [line for line in LINES[:3] + [rng.choice(MODES)]
             if rng.random() < 0.95]
    lines += [rng.choice(MODES + LINES + ODD_LINES)
              for _ in range(rng.randrange(3))]
    if rng.random() < 0.7:
        rng.shuffle(lines)
    end = rng.choice(ENDS[:5]) if rng.random() < 0.9 else None
    return encode("".join(line + (end or rng.choice(ENDS)) for line in lines))


def make_name(rng):
    """A name of few different labels, so that names often agree."""
    return ".".join(rng.choice(LABELS) for _ in range(rng.randrange(1, 5)))


def change(rng, name):
    """The same name in other words, or nearly so."""
    return rng.choice([name, name, name, name.upper(), name + ".", "x." + name,
                       "." + name, name.replace(".", "..", 1), "x" + name,
                       name[1:], "*." + name])


def make_match(rng):
    """A pattern and a host."""
    name = make_name(rng)
    host = name if rng.random() < 0.6 else make_name(rng)
    if rng.random() < 0.5:
        name = "*." + name
        host = rng.choice(["", "x.", "x.y.", "X.", "x_1."]) + host
    if rng.random() < 0.1:
        name = rng.choice(["*", "*.", "a.*.b", "*a.b", "**.b", "", ".b", "a b"])
    return change(rng, name) if rng.random() < 0.2 else name, change(rng, host)


def records(source):
    """Sets of TXT records, each a list of octets."""
    rng = random.Random(SEED)
    for octets in read_folder(source, "fuzz", "corpus", "record"):
        yield octets.split(b"\n")[:8]
    for _ in range(RECORDS):
        yield [make_record(rng)
               for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 0]))]


def policies(source):
    """Bodies."""
    rng = random.Random(SEED)
    yield from read_folder(source, "fuzz", "corpus", "policy")
    yield from read_folder(source, "published")
    for _ in range(POLICIES):
        yield make_policy(rng)


def matches(source):
    """Patterns with hosts."""
    rng = random.Random(SEED)
    for octets in read_folder(source, "fuzz", "corpus", "ignore"):
        host, *patterns = octets.decode("latin-1").split("\n")
        for pattern in patterns:
            yield pattern, host
    for _ in range(MATCHES):
        yield make_match(rng)
