"""RFC 8461's grammar (3.1, 3.2, 4.1) as regular expressions, with what we read more
leniently on purpose. A third opinion: slow, short, and with no code in common."""

import re

MAX_AGE = 31557600
NAME = rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"

# ---- 3.1, the TXT record ----

DELIMITER = rb"[ \t]*;[ \t]*"
ID = re.compile(rb"[A-Za-z0-9]{1,32}")
VALUE = rb"[\x21-\x3a\x3c\x3e-\x7e]+"
FIELD = NAME + rb"=" + VALUE
RECORD = re.compile(rb"v=STSv1(?:" + DELIMITER + FIELD + rb")+(?:" + DELIMITER +
                    rb")?")
FIRST_ID = re.compile(rb";[ \t]*id=(" + VALUE + rb")")


def candidates(texts):
    """Those that are not discarded: the text says "v=STSv1;", and the grammar takes
    white space before the semicolon."""
    return [text for text in texts if re.match(rb"v=STSv1[ \t]*;", text)]


def record(texts):
    """The id, or None."""
    ours = candidates(texts)
    if len(ours) != 1 or not RECORD.fullmatch(ours[0]):
        return None
    found = FIRST_ID.search(ours[0])
    return found[1].decode() if found and ID.fullmatch(found[1]) else None


# ---- 3.2, the policy ----

LABEL = rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
PATTERN = re.compile(rb"(?:\*\.)?(" + LABEL + rb"(?:\." + LABEL + rb")*)\.?")
VCHAR = r"[\x21-\x7e\u0080-\U0010ffff]"
EXTENSION = re.compile(VCHAR + "(?:[ ]|" + VCHAR + ")*")
KNOWN = {
    "version": re.compile("STSv1"), "mode": re.compile("enforce|testing|none"),
    "max_age": re.compile("[0-9]{1,10}"), "mx": None}


def is_pattern(text):
    """One mx; "_" and a final dot are leniencies."""
    found = PATTERN.fullmatch(text)
    return bool(found) and len(found[1]) <= 253


def lines(body):
    """Names and values; None for what is no field. A byte order mark, blank lines
    and white space in front are leniencies."""
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    for line in re.split(rb"\r?\n", body):
        line = line.strip(b" \t")
        if line:
            found = re.fullmatch(rb"(" + NAME + rb"):[ \t]*(.*)", line, re.DOTALL)
            yield found and (found[1].decode(), found[2])


def is_value(name, value):
    """Is it one of this field?"""
    if name == "mx":
        return is_pattern(value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    return bool(KNOWN.get(name, EXTENSION).fullmatch(text))


def pattern(value):
    """In the form that is compared."""
    value = value.decode().lower()
    return value[:-1] if value.endswith(".") else value


def policy(body):
    """(mode, max_age, patterns), or None. The first of several fields counts,
    except mx."""
    fields, patterns = {}, set()
    for line in lines(body):
        if line is None:
            return None
        name, value = line
        if name == "mx":
            if not is_value(name, value):
                return None
            patterns.add(pattern(value))
        elif not is_value(None if name in fields else name, value):
            return None
        else:
            fields.setdefault(name, value.decode())
    if not all(name in fields for name in ("version", "mode", "max_age")):
        return None
    if not patterns and fields["mode"] != "none":
        return None
    return (fields["mode"], min(int(fields["max_age"]), MAX_AGE),
            frozenset(patterns))


# ---- 4.1, matching ----

def is_host(text):
    """What DNS may call an MX host, without its final dot."""
    labels = text.split(".")
    return (len(text) <= 253 and not labels[-1].isdigit() and
            all(re.fullmatch("[a-z0-9_-]{1,63}", label) for label in labels))


def match(mx, host):
    """Does the pattern stand for the host?"""
    host = host.lower()
    host = host[:-1] if host.endswith(".") else host
    if not is_pattern(mx.encode("latin-1")) or not is_host(host):
        return False
    name = pattern(mx.encode("latin-1"))
    if name.startswith("*."):
        return "." in host and host.split(".", 1)[1] == name[2:]
    return host == name
