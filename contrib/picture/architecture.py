#!/usr/bin/python3 -B
"""The architecture of mtasts as a picture: writes SVG to standard output, the same
octets each time. `make picture` puts it beside this file."""

import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1080, 640

INK, FAINT, PAPER = "#1f2933", "#627282", "#ffffff"
# fill and border
SENDER = ("#e8f1fb", "#3d7ab8")
OURS = ("#e5f5ec", "#2f8f5b")
CORE = ("#f4fbf7", "#2f8f5b")
STORE = ("#fdf3dc", "#b9852a")
THEIRS = ("#f6eaf4", "#97538c")
MAIL = "#3d7ab8"

FONT = "font-family=\"'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif\""
out = []


def put(text):
    out.append("  " + text)


def text(x, y, words, size=13, colour=INK, weight="normal", anchor="middle"):
    put(f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>')


def box(x, y, width, height, colours, title="", *lines, dashed=False):
    """A box with a title and lines below it, all in its middle."""
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    put(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" '
        f'fill="{colours[0]}" stroke="{colours[1]}" stroke-width="1.5"{dash}/>')
    top = y + height / 2 - 8.5 * len(lines) + 5
    if title:
        text(x + width / 2, top, title, 15, weight="bold")
    for number, line in enumerate(lines, 1):
        text(x + width / 2, top + 17 * number, line, 12, FAINT)


def drum(x, y, width, height, title, *lines):
    """What is kept on disk."""
    fill, border = STORE
    rim = 9
    put(f'<path d="M{x} {y + rim} a{width / 2} {rim} 0 0 1 {width} 0 v{height - 2 * rim} '
        f'a{width / 2} {rim} 0 0 1 -{width} 0 z" fill="{fill}" stroke="{border}" '
        f'stroke-width="1.5"/>')
    put(f'<path d="M{x} {y + rim} a{width / 2} {rim} 0 0 0 {width} 0" fill="none" '
        f'stroke="{border}" stroke-width="1.5"/>')
    text(x + width / 2, y + 38, title, 14, weight="bold")
    for number, line in enumerate(lines, 1):
        text(x + width / 2, y + 38 + 17 * number, line, 12, FAINT)


def arrow(points, colour=FAINT, width=1.5, both=False):
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    name = "mail" if colour == MAIL else "arrow"
    start = f' marker-start="url(#{name})"' if both else ""
    put(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linejoin="round" marker-end="url(#{name})"{start}/>')


def marker(name, colour):
    put(f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse">'
        f'<path d="M0 0.5 L10 5 L0 9.5 z" fill="{colour}"/></marker>')


def mail():
    """From the senders, over everything, to the MX hosts."""
    arrow([(30, 352), (14, 352), (14, 74), (1054, 74), (1054, 448), (1016, 448)], MAIL, 2.5)
    for height in (164, 258):
        put(f'<path d="M30 {height} H14" stroke="{MAIL}" stroke-width="2.5"/>')
    text(534, 62, "mail: to the MX hosts that the policy names, over verified TLS; "
         "or it waits in the queue", 14, MAIL, "bold")


def senders():
    box(30, 132, 170, 64, SENDER, "Exim")
    box(30, 226, 170, 64, SENDER, "Sendmail")
    box(30, 320, 170, 64, SENDER, "Postfix")
    box(30, 440, 170, 64, SENDER, "You", "and a daily timer")


def adapters():
    box(270, 132, 180, 64, OURS, "mtasts.so", "loaded by a running Exim")
    box(270, 226, 180, 158, OURS)
    text(360, 250, "mtasts-milter", 15, weight="bold")
    box(282, 262, 156, 50, CORE, "socket map", "enforces at delivery")
    box(282, 322, 156, 50, CORE, "milter", "looks ahead at RCPT")
    box(270, 440, 180, 64, OURS, "mtasts-cachectl", "shows, checks, warms")
    for height in (164, 472):
        arrow([(200, height), (269, height)], both=True)
    arrow([(200, 258), (235, 258), (235, 281), (269, 281)], both=True)
    arrow([(200, 352), (235, 352), (235, 329), (269, 329)], both=True)


def library():
    box(520, 132, 210, 372, CORE)
    text(625, 158, "libmtasts", 16, weight="bold")
    for height, words in (
            (174, ("discovery", "TXT, id, fetch, refresh")),
            (254, ("evaluation", "policy + MX hosts + probe")),
            (334, ("rules", "RFC 8461, no I/O, no clock")),
            (414, ("cache", "LMDB, shared by processes"))):
        box(534, height, 182, 68, OURS, *words)
    for height in (164, 305, 472):
        arrow([(450, height), (519, height)], both=True)


def cache():
    drum(500, 546, 122, 80, "policies", "/var/lib/mtasts")
    drum(634, 546, 122, 80, "answers", "/run/mtasts")
    arrow([(576, 483), (576, 549)], both=True)
    arrow([(680, 483), (680, 549)], both=True)
    text(484, 582, "survives a power failure", 12, FAINT, anchor="end")
    text(772, 582, "may be lost at any time", 12, FAINT, anchor="start")


def receiver():
    box(800, 132, 230, 372, (PAPER, THEIRS[1]), dashed=True)
    text(915, 158, "the receiving domain", 14, weight="bold")
    box(816, 174, 198, 84, THEIRS, "DNS", "_mta-sts TXT: the id", "MX")
    box(816, 278, 198, 84, THEIRS, "HTTPS", "mta-sts.example.com:", "the policy")
    box(816, 406, 198, 84, THEIRS, "MX hosts", "STARTTLS", "certificate")
    arrow([(716, 200), (815, 200)])
    arrow([(716, 222), (765, 222), (765, 320), (815, 320)])
    arrow([(716, 288), (745, 288), (745, 448), (815, 448)])
    text(782, 192, "1", 12, FAINT)
    text(783, 312, "2", 12, FAINT)
    text(782, 440, "3", 12, FAINT)


def main():
    put("<defs>")
    marker("arrow", FAINT)
    marker("mail", MAIL)
    put("</defs>")
    put(f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{PAPER}"/>')
    text(30, 34, "mtasts: who asks whom", 18, weight="bold", anchor="start")
    for part in (senders, adapters, library, cache, receiver, mail):
        part()
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
          f'width="{WIDTH}" height="{HEIGHT}" {FONT} role="img">')
    print("  <title>mtasts: mail servers ask libmtasts through thin adapters; it asks DNS, "
          "the policy host and the MX hosts, and keeps a cache</title>")
    print("\n".join(out))
    print("</svg>")


if __name__ == "__main__":
    sys.exit(main())
