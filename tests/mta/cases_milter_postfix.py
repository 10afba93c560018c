#!/usr/bin/python3 -B
"""Postfix with mtasts-milter at its milter door."""

from postfix import PostfixLab, download_debs

# pylint: disable=wrong-import-order
import gone
import preflight
from tap import main, need, scenario


class Lab(PostfixLab):
    queue_id = "-"              # before a recipient is accepted there is none
    speaks_utf8 = True
    most_recipients = 1000


@scenario("non_smtpd_milters: mail of the sendmail command is taken, and judged when it goes")
def local_command(lab):
    with lab.configured("non_smtpd_milters = inet:127.0.0.1:5462\n"):
        mark = lab.mtasts.mark()
        lab.expect(["rogue.test", "valid.test"],
                   {"rogue.test": None, "valid.test": "mx1.valid.test"})
        need("door=milter" not in lab.mtasts.log(mark), lab.mtasts.log(mark))


CASES = [*preflight.CASES, local_command, gone.stops]

if __name__ == "__main__":
    download_debs()
    main(preflight.build, CASES, Lab, jobs=1)
