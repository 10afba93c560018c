"""Certificates that no tool would make."""

import ssl
import subprocess

from pki import der

STAND_IN = "~"                  # for NUL, which the openssl command takes in no argument
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----\n"


def with_nul_in_cn(pki, certificate):
    """A certificate file whose CN has NUL where the given one has STAND_IN, signed
    by the intermediate authority."""
    with open(pki.file(certificate), encoding="ascii") as file:
        key, _, chain = file.read().partition(BEGIN)
        leaf, _, rest = chain.partition(END)
    name = certificate.cn.encode()
    body, algorithm, _ = elements(ssl.PEM_cert_to_DER_cert(BEGIN + leaf + END))
    body = body.replace(name, name.replace(STAND_IN.encode(), b"\0"))
    whole = der(0x30, body + algorithm + der(0x03, b"\0" + signature(pki, body)))
    path = f"{pki.file(certificate)}.nul"
    with open(path, "w", encoding="ascii") as file:
        file.write(key + ssl.DER_cert_to_PEM_cert(whole) + rest)
    return path


def signature(pki, data):
    return subprocess.run(["openssl", "dgst", "-sha256", "-sign",
                           f"{pki.dir}/intermediate.key"],
                          input=data, capture_output=True, check=True).stdout


def elements(data):
    """What is in a SEQUENCE, each with its tag and length."""
    at, end = content(data, 0)
    found = []
    while at < end:
        _, after = content(data, at)
        found.append(data[at:after])
        at = after
    return found


def content(data, at):
    """Where the content of the element at an offset begins and ends."""
    size, start = data[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7f
        size = int.from_bytes(data[at + 2:start], "big")
    return start, start + size
