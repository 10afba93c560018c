#!/usr/bin/python3 -B
"""Debian's Postfix as it is installed, and contrib/postfix/README.md word by word.
The cases build on each other: at first there is no mtasts."""

import setup
from postfix import LAB_CF, MAIN_CF, PostfixLab, download_debs

# pylint: disable=wrong-import-order
from mtasts import SECTIONS
from tap import main, need, scenario


class Lab(setup.Setup, PostfixLab):
    page = "contrib/postfix/README.md"
    file = MAIN_CF
    sections = {name: keys for name, keys in SECTIONS.items()
                if name not in ("milter", "socketmap")}

    def furnish(self):
        self.machine.must("postconf", "-e", *filter(None, LAB_CF.splitlines()))


@scenario("postmap shows what Postfix is told")
def postmap(lab):
    for domain, answer in (("rogue.test", "secure match=mx1.rogue.test"), ("none.test", "")):
        said = lab.machine.run("postmap", "-q", domain,
                               "socketmap:inet:127.0.0.1:5461:postfix").out
        need(said.startswith(answer) and bool(said) == bool(answer), f"it says {said!r}")


@scenario("the log says why mail is held back")
def told(lab):
    for label, reason in (("rogue", "Server certificate not verified"),
                          ("clear", "TLS is required, but was not offered by host")):
        delivery = lab.send(f"user@{label}.test")
        with delivery.told():
            need(f"status=deferred ({reason}" in delivery.log, "the log does not")


CASES = [setup.before, setup.install, setup.check, postmap, told, setup.remove]

if __name__ == "__main__":
    download_debs()
    main(setup.build, CASES, Lab, jobs=1)
