#!/usr/bin/env python3
"""Write the seeds of fuzz_dns: seeds_dns.py corpus/dns

Each is an octet that chooses the type asked for (A, MX, TXT, AAAA) and the
octets of an answer, good or as a broken server might send it.
"""

import pathlib
import struct
import sys

NAME = "_mta-sts.a.test"
A, NS, CNAME, SOA, MX, TXT, AAAA = 1, 2, 5, 6, 15, 16, 28
CHOICE = {A: 0, MX: 1, TXT: 2, AAAA: 3}
POINTER = b"\xc0\x0c"  # to the name in the question
ID = b"v=STSv1; id=1;"


def name(text):
    """As labels."""
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in text.split(".") if label) + b"\0"


def rr(kind, data, owner=POINTER, ttl=3600, klass=1):
    """One record."""
    return owner + struct.pack(">HHIH", kind, klass, ttl, len(data)) + data


def soa(ttl=600, minimum=300):
    """The one of a negative answer."""
    return rr(SOA, name("ns.test") + name("root.test") +
              struct.pack(">5I", 1, 2, 3, 4, minimum), name("test"), ttl)


def txt(*strings):
    """The data of a TXT record."""
    return b"".join(bytes([len(s)]) + s for s in strings)


def mx(host, preference=10):
    """The data of an MX record."""
    return struct.pack(">H", preference) + (
        host if isinstance(host, bytes) else name(host))


def message(kind, answers=(), authority=(), flags=0x8180, question=None):
    """A whole seed."""
    head = struct.pack(">6H", 1, flags, 1, len(answers), len(authority), 0)
    asked = name(NAME) if question is None else question
    return (bytes([CHOICE[kind]]) + head + asked +
            struct.pack(">2H", kind, 1) + b"".join(answers) +
            b"".join(authority))


def chain(length, last):
    """CNAMEs, and where they lead."""
    owners = [POINTER] + [name(f"n{i}.test") for i in range(length)]
    return [rr(CNAME, owners[i + 1], owners[i], 100 + i)
            for i in range(length)] + [last(owners[length])]


SEEDS = {
    "txt": message(TXT, [rr(TXT, txt(ID))]),
    "txt-strings": message(TXT, [rr(TXT, txt(ID[:5], b"", ID[5:]))]),
    "txt-several": message(TXT, [rr(TXT, txt(b"v=spf1 -all")),
                                 rr(TXT, txt(ID))]),
    "txt-empty": message(TXT, [rr(TXT, b"")]),
    "txt-overrun": message(TXT, [rr(TXT, b"\x20" + ID)]),
    "txt-long": message(TXT, [rr(TXT, txt(*[b"x" * 255] * 9))]),
    "mx": message(MX, [rr(MX, mx("mx.a.test")), rr(MX, mx("b.test", 5))]),
    "mx-null": message(MX, [rr(MX, mx(".", 0))]),
    "mx-pointer": message(MX, [rr(MX, mx(b"\x02mx" + POINTER))]),
    "mx-loop": message(MX, [rr(MX, mx(b"\xc0\x32"))]),
    "mx-odd-name": message(MX, [rr(MX, mx(b"\x03a b\0")),
                                rr(MX, mx("mx.a.test"))]),
    "mx-short": message(MX, [rr(MX, b"\0")]),
    "a": message(A, [rr(A, b"\xc0\0\x02\x01"), rr(A, b"\xc0\0\x02\x02")]),
    "a-short": message(A, [rr(A, b"\xc0\0\x02")]),
    "aaaa": message(AAAA, [rr(AAAA, b"\x20\x01\x0d\xb8" + b"\0" * 11 +
                              b"\x01")]),
    "cname": message(TXT, chain(1, lambda o: rr(TXT, txt(ID), o))),
    "cname-only": message(TXT, [rr(CNAME, name("else.test"))]),
    "cname-root": message(TXT, [rr(CNAME, name("."))]),
    "cname-sixteen": message(TXT, chain(16, lambda o: rr(TXT, txt(ID), o))),
    "cname-seventeen": message(TXT, chain(17, lambda o: rr(TXT, txt(ID), o))),
    "cname-loop": message(TXT, [rr(CNAME, name("b.test")),
                                rr(CNAME, name(NAME), name("b.test"))]),
    "cname-backwards": message(TXT, chain(3, lambda o: rr(TXT, txt(ID), o))
                               [::-1]),
    "nxdomain": message(TXT, (), [soa()], 0x8183),
    "nxdomain-bare": message(TXT, (), (), 0x8183),
    "nxdomain-with-records": message(TXT, [rr(TXT, txt(ID))], (), 0x8183),
    "nodata": message(TXT, (), [soa(60, 0xffffffff)]),
    "nodata-bare": message(TXT),
    "referral": message(TXT, (), [rr(NS, name("ns.test"), name("test"))]),
    "servfail": message(TXT, (), (), 0x8182),
    "refused": message(TXT, (), (), 0x8185),
    "truncated": message(TXT, [rr(TXT, txt(ID))], (), 0x8380),
    "query": message(TXT, (), (), 0x0100),
    "other-question": message(TXT, [rr(TXT, txt(ID))], (), 0x8180,
                              name("_mta-sts.b.test")),
    "upper-question": message(TXT, [rr(TXT, txt(ID))], (), 0x8180,
                              name(NAME.upper())),
    "other-owner": message(TXT, [rr(TXT, txt(ID), name("b.test"))]),
    "other-class": message(TXT, [rr(TXT, txt(ID), klass=3)]),
    "counts-lie": message(TXT, [rr(TXT, txt(ID))])[:7] + b"\0\x09" +
                  message(TXT, [rr(TXT, txt(ID))])[9:],
    "trailing": message(TXT, [rr(TXT, txt(ID))]) + b"\0",
    "ttl-negative": message(TXT, [rr(TXT, txt(ID), ttl=0x80000000)]),
}


def main(folder):
    """All of them."""
    for title, octets in SEEDS.items():
        (pathlib.Path(folder) / title).write_bytes(octets)


if __name__ == "__main__":
    main(sys.argv[1])
