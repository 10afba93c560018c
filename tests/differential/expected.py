"""Where others disagree with RFC 8461, and how it is told.

A row says of one implementation and one kind of question: this is the reason if
the test beside it holds of the question, our answer and theirs. README.md has the
section of the RFC for each reason. Our own answer has been compared with the
grammar (reference.py) before anybody comes here.
"""

import re
from collections import namedtuple

import reference

DEBIAN, MAILAUTH = "postfix-mta-sts-resolver", "mailauth"

Row = namedtuple("Row", "kind reason holds")

# ---- TXT records ----


def counted_by(name, texts):
    """The records that another implementation takes for ours."""
    if name == DEBIAN:
        return [text for text in texts
                if text.startswith(b"v=STSv1") and text.isascii()]
    return [text for text in texts
            if re.match(r"v=STSv1\b", text.decode("latin-1").strip(), re.IGNORECASE)]


def counts_differ(name):
    """Another choice among the records."""
    return lambda texts, ours, theirs: \
        counted_by(name, texts) != reference.candidates(texts)


def bad_id(_, ours, theirs):
    """An id that is none."""
    return ours is None and theirs is not None and \
        not reference.ID.fullmatch(theirs.encode("latin-1"))


def bad_record(texts, ours, theirs):
    """One record, and the grammar has none such."""
    return ours is None and theirs is not None and \
        not reference.RECORD.fullmatch(reference.candidates(texts)[0])


def fields(texts, name):
    """How many of the record's fields have this name."""
    return len(re.findall(rb"(?i)(?:^|;)\s*" + name + rb"\s*=",
                          reference.candidates(texts)[0]))


def repeated_field(texts, ours, theirs):
    """Two versions or ids: the last counts there."""
    return ours is not None and (theirs is None or theirs != ours) and \
        (fields(texts, b"v") > 1 or fields(texts, b"id") > 1)


def other_case(texts, ours, theirs):
    """No "id" in lower case."""
    return ours is None and theirs is not None and \
        not reference.FIRST_ID.search(reference.candidates(texts)[0])


def header_syntax(texts, ours, theirs):
    """What in a mail header would be a quotation or an escape."""
    return ours is not None and \
        re.search(rb"[\"'\\(:]", reference.candidates(texts)[0])


# ---- Policies ----


def strict(body):
    """Would the policy stand without what we read leniently?"""
    lines = re.split(rb"\r?\n", body)
    lines = lines[:-1] if lines[-1] == b"" else lines
    return not body.startswith(b"\xef\xbb\xbf") and \
        all(line and line[:1] not in b" \t" for line in lines)


def numbers(body):
    """The values of max_age that are numbers."""
    return [int(line[1]) for line in reference.lines(body)
            if line and line[0] == "max_age" and
            reference.is_value("max_age", line[1])]


def lenient(body, ours, theirs):
    """A byte order mark, or white space in front of a line."""
    return ours is not None and not strict(body) and theirs != ours


def clamped(body, ours, theirs):
    """A max_age beyond the limit."""
    return ours is not None and theirs is None and \
        ours[1] == reference.MAX_AGE and max(numbers(body)) > reference.MAX_AGE


def repeated(body):
    """The fields that are there again, though they may not."""
    names = [line[0] for line in reference.lines(body)
             if line and line[0] in ("version", "mode", "max_age")]
    return {name for name in names if names.count(name) > 1}


def without_dots(patterns):
    """As we keep them."""
    return {mx[:-1] if mx.endswith(".") else mx for mx in patterns}


def differing(ours, theirs):
    """The fields in which two policies differ, but for final dots."""
    return {name for name, a, b in zip(
        ("mode", "max_age", "mx"), ours, (*theirs[:2], without_dots(theirs[2])))
            if a != b}


def repeated_line(body, ours, theirs):
    """A field that is there again: the last counts there."""
    if not repeated(body):
        return False
    if ours is not None and theirs is not None:
        return differing(ours, theirs) <= repeated(body)
    backwards = b"\n".join(re.split(rb"\r?\n", body)[::-1])
    last = reference.policy(backwards)
    return theirs == last or clamped(backwards, last, theirs)


def other_spelling(body, ours, theirs):
    """A name in another case, or with a blank behind it: an extension to us."""
    return ours is not None and theirs != ours and \
        re.search(rb"(?im)^[ \t]*(?:version|mode|max_age|mx)[ \t]*:", body) and \
        any(line and line[0].lower() != line[0] and
            line[0].lower() in reference.KNOWN
            for line in reference.lines(body))


def final_dot(_, ours, theirs):
    """The same patterns, but for the root's dot."""
    return ours is not None and theirs is not None and not differing(ours, theirs)


def bad_line(body, ours, theirs):
    """A line that the grammar does not have."""
    return ours is None and theirs is not None and any(
        line is None or not reference.is_value(
            line[0] if line[0] == "mx" else None, line[1])
        for line in reference.lines(body))


def bad_value(body, ours, theirs):
    """A version, mode or max_age of another form."""
    return ours is None and theirs is not None and any(
        line and not reference.is_value(line[0], line[1])
        for line in reference.lines(body))


def missing_field(body, ours, theirs):
    """A policy without a field that it must have."""
    names = {line[0] for line in reference.lines(body) if line}
    return ours is None and theirs is not None and not (
        {"version", "mode", "max_age"} <= names and
        ("mx" in names or b"none" in body))


# ---- Matching ----


def deep_wildcard(question, ours, theirs):
    """A wildcard that stands for several labels, or for none."""
    pattern, host = question
    return theirs and not ours and pattern.startswith("*.") and \
        reference.is_pattern(pattern.encode("latin-1")) and \
        host.lower().endswith(pattern[1:].lower())


def bad_pattern(question, ours, theirs):
    """What is no pattern."""
    return theirs and not ours and \
        not reference.is_pattern(question[0].encode("latin-1"))


def bad_host(question, ours, theirs):
    """What is no name of a host, and yet equal to the pattern."""
    return theirs and not ours and not reference.is_host(
        question[1].lower().removesuffix("."))


def root_dot(question, ours, theirs):
    """A final dot on either side."""
    return ours and not theirs and any(name.endswith(".") for name in question)


TABLE = {
    DEBIAN: [
        Row("record", "record-filter", counts_differ(DEBIAN)),
        Row("record", "id-syntax", bad_id),
        Row("record", "record-syntax", bad_record),
        Row("record", "record-repeated-field", repeated_field),
        Row("policy", "line-syntax", bad_line),
        Row("policy", "value-syntax", bad_value),
        Row("policy", "lenient", lenient),
        Row("policy", "max-age-clamped", clamped),
        Row("policy", "repeated-field", repeated_line),
        Row("policy", "mx-final-dot", final_dot),
        Row("match", "wildcard-labels", deep_wildcard),
        Row("match", "pattern-syntax", bad_pattern),
        Row("match", "host-syntax", bad_host),
        Row("match", "host-final-dot", root_dot)],
    MAILAUTH: [
        Row("record", "record-filter", counts_differ(MAILAUTH)),
        Row("record", "id-syntax", bad_id),
        Row("record", "record-syntax", bad_record),
        Row("record", "record-repeated-field", repeated_field),
        Row("record", "field-case", other_case),
        Row("record", "header-syntax", header_syntax),
        Row("policy", "line-syntax", bad_line),
        Row("policy", "value-syntax", bad_value),
        Row("policy", "missing-field", missing_field),
        Row("policy", "lenient", lenient),
        Row("policy", "max-age-clamped", clamped),
        Row("policy", "repeated-field", repeated_line),
        Row("policy", "field-case", other_spelling),
        Row("policy", "mx-final-dot", final_dot),
        Row("match", "wildcard-labels", deep_wildcard),
        Row("match", "pattern-syntax", bad_pattern),
        Row("match", "host-syntax", bad_host),
        Row("match", "host-final-dot", root_dot)],
}


def rows():
    """All of them, with the implementation they are about."""
    for name, table in TABLE.items():
        for row in table:
            yield name, row


def explain(name, kind, question, ours, theirs):
    """The first reason that holds, or None."""
    for row in TABLE[name]:
        if row.kind == kind and row.holds(question, ours, theirs):
            return row.reason
    return None
