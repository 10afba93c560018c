"""The lab's certificates, good and bad, made by the openssl command.

All keys are one key and all certificates are made when asked for, by
`openssl ca`, the only command of OpenSSL 3.0 that can date one freely.  Names
are written as DER, so that a name can be one that no tool would write.
"""

import ipaddress
import os
import subprocess
from dataclasses import dataclass, replace

DATES = {
    "valid": ("20200101000000Z", "20491231235959Z"),
    "expired": ("20200101000000Z", "20210101000000Z"),
    "future": ("20480101000000Z", "20491231235959Z"),
}

# issuer: (who signs it, its dates).  "self" signs with the certificate's own key.
ISSUERS = {
    "root": ("root", "valid"),
    "unknown": ("unknown", "valid"),
    "intermediate": ("root", "valid"),
    "old": ("root", "expired"),
    "customer": ("root", "valid"),       # a good certificate, of no authority
}

CA_EXTENSIONS = """\
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign
subjectKeyIdentifier=hash
"""
CUSTOMER_EXTENSIONS = """\
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash
"""

TAGS = {"email": 0x81, "dns": 0x82, "uri": 0x86, "ip": 0x87}

CONFIG = """
[ca]
default_ca = lab
[lab]
database = {dir}/index
new_certs_dir = {dir}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = any
"""


@dataclass(frozen=True)
class Certificate:
    """What a certificate is to be.  `send` names the intermediates to send."""

    cn: str
    dns: tuple = ()
    others: tuple = ()          # (("email", "x@y"), ("ip", "192.0.2.1"))
    issuer: str = "intermediate"
    dates: str = "valid"
    usage: str = "serverAuth"
    send: bool = True


def named(*names, cn="lab", **more):
    """A certificate for these DNS names."""
    return Certificate(cn=cn, dns=names, **more)


def filled(spec, label, domain):
    """A certificate with DOMAIN and HOST, its label at the domain, written out."""
    def fill(text):
        return text.replace("HOST", f"{label}.{domain}").replace("DOMAIN", domain)
    return replace(spec, cn=fill(spec.cn), dns=tuple(map(fill, spec.dns)),
                   others=tuple((kind, fill(name)) for kind, name in spec.others))


class Pki:
    def __init__(self, directory):
        self.dir = directory
        self.made = {}
        os.mkdir(directory)
        self._write("openssl.cnf", CONFIG.format(dir=directory))
        self._write("index", "")
        self._key("leaf")
        for name, (signer, dates) in ISSUERS.items():
            self._key(name)
            self._sign(name, name, signer, dates,
                       CUSTOMER_EXTENSIONS if name == "customer" else CA_EXTENSIONS)

    @property
    def root(self):
        return self._path("root.pem")

    def file(self, spec):
        """The PEM file of a certificate: key, certificate, intermediate."""
        if spec not in self.made:
            self.made[spec] = self._make(spec, f"leaf{len(self.made)}")
        return self.made[spec]

    def _make(self, spec, stem):
        self._sign(stem, spec.cn, spec.issuer, spec.dates, extensions(spec), "leaf")
        parts = ["leaf.key", stem + ".pem"]
        if spec.send and spec.issuer in ("intermediate", "old", "customer"):
            parts.append(spec.issuer + ".pem")
        return self._write(stem + ".chain",
                           "".join(self._read(part) for part in parts))

    def _key(self, name):
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                      "-keyout", self._path(name + ".key"),
                      "-out", self._path(name + ".csr"))

    def _sign(self, stem, cn, issuer, dates, text, request=None):
        request = request or stem
        start, end = DATES[dates]
        if issuer in (stem, "self"):
            signer = ["-selfsign", "-keyfile", self._path(request + ".key")]
        else:
            signer = ["-cert", self._path(issuer + ".pem"),
                      "-keyfile", self._path(issuer + ".key")]
        self._openssl("ca", "-batch", "-notext", "-subj", "/CN=" + cn,
                      "-startdate", start, "-enddate", end,
                      "-extfile", self._write(stem + ".ext", text),
                      "-in", self._path(request + ".csr"),
                      "-out", self._path(stem + ".pem"), *signer)

    def _openssl(self, command, *arguments):
        done = subprocess.run(
            ["openssl", command, "-config", self._path("openssl.cnf"), *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {command} {arguments}: {done.stderr}")

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _read(self, name):
        with open(self._path(name), encoding="ascii") as file:
            return file.read()

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self._path(name)


def extensions(spec):
    names = [("dns", name) for name in spec.dns] + list(spec.others)
    text = f"extendedKeyUsage={spec.usage}\nbasicConstraints=CA:false\n"
    if names:
        text += f"subjectAltName=DER:{alternative_names(names).hex(':')}\n"
    return text


def alternative_names(names):
    return der(0x30, b"".join(der(TAGS[kind], octets(kind, value))
                              for kind, value in names))


def octets(kind, value):
    if kind == "ip":
        return ipaddress.ip_address(value).packed
    return value.encode("latin-1")


def der(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
