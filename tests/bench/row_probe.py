#!/usr/bin/python3 -B
"""Row 11: MX hosts probed, against OpenSSL alone doing STARTTLS and verification."""

from goal import rate
from measure import QUICK, compare, sampled
from net import Net
from table import line

COUNT = 500 if QUICK else 2000
JOBS = 64


def main():
    with Net() as net:
        found = compare(
            lambda: sampled("probe", net.conf, COUNT, JOBS),
            lambda: sampled("probe_floor", net.mx_host, net.roots, COUNT, JOBS))
        line(11, f"probes of {COUNT:,} MX hosts, {JOBS} at a time", found, [rate(0.9)],
             "probe")


if __name__ == "__main__":
    main()
