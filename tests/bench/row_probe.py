#!/usr/bin/python3 -B
"""Row 11: MX hosts probed, against OpenSSL alone doing STARTTLS and verification."""

from measure import QUICK, sampled
from net import Net

COUNT = 500 if QUICK else 2000
JOBS = 64


def main():
    with Net() as net:
        net.compare(
            11, f"probes of {COUNT} MX hosts, {JOBS} at a time", "rate 0.9 x",
            lambda _, floor, __: floor.cpu_ratio <= 1 / 0.9,
            lambda: sampled("probe", net.conf, COUNT, JOBS),
            lambda: sampled("probe_floor", net.mx_host, net.roots, COUNT, JOBS))


if __name__ == "__main__":
    main()
