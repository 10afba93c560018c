"""Commands that a page tells people to type."""

import re


def commands(text, heading):
    """The indented lines of a section of a Markdown file."""
    sections = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    section = dict(zip(sections[1::2], sections[2::2]))[heading]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]
