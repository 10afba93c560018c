"""Every attack in every column, on one MTA: what became of the mail."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from attacks import ATTACKS, REACH, settle
from scene import Scene
from table import (BOUNCED, CLEAR, COLUMNS, DELIVERED, GOOD, HELD, LOOSE, LOST, OLD, OUTSIDE,
                   STOLEN, WITHIN, Table, write_observed)

# pylint: disable=wrong-import-order
from tap import Failure, need, same, scenario

AT_ONCE = 16                    # messages
EXPIRED = 2                     # seconds, after which a max_age of 1 is over
OLD_TLS = ("TLSv1", "TLSv1.1")


class Trial:
    """`sends` is what the MTA may say to a wrong host or in clear under a policy: the
    verbs of SMTP, without a message in any case."""

    def __init__(self, mta, may_say=()):
        self.mta, self.may_say = mta, may_say
        self.scenes = {column: {attack: Scene(attack.label, column, attack.zone)
                                for attack in ATTACKS} for column in COLUMNS}
        self.fates = {}         # {(column, attack): fate}; column "first" is before cached
        self.seen = {}          # {(column, attack): events that have to do with it}
        self.logs = {}          # {(column, attack): what the MTA says of it}
        self.decoys = {}        # {column: {recipient: scene}}
        self.begun = False
        self.after = None       # {attack: fate} of what was held back, attack over

    def build(self, lab):
        settle(lab)
        for column in COLUMNS:
            for attack, scene in self.scenes[column].items():
                scene.settle(lab)
                if attack.prepare:
                    attack.prepare(scene)
                if attack.decoy:
                    self.decoys.setdefault(column, {})[attack.decoy(scene)] = scene
                scene.remember()

    # The course of it.  Each batch of messages is on its way at once.

    def run(self, lab):
        self.mount(lab, "without")
        self.send(lab, {"without": "without"})
        lab.enforce()
        self.mount(lab, "cold")
        self.send(lab, {"cold": "cold", "cached": "first"})
        time.sleep(EXPIRED)
        self.mount(lab, "cached")
        for attack, scene in self.scenes["cached"].items():
            if attack.refresh:
                lab.refresh(scene.domain)
        self.send(lab, {"cached": "cached"})
        self.relent(lab)

    def mount(self, lab, column):
        for attack, scene in self.scenes[column].items():
            attack.mount(scene)
        decoys = self.decoys.get(column, {})
        for recipient, scene in decoys.items():
            lab.submit(scene.sender, recipient, scene.message())
        lab.until_tried(list(decoys))

    def send(self, lab, columns):
        """A message to each domain of some columns; `columns` is what they are
        called afterwards."""
        sent = [(named, attack, scene) for column, named in columns.items()
                for attack, scene in self.scenes[column].items()]
        mark = lab.record.mark()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: lab.submit(one[2].sender, one[2].recipient,
                                                 one[2].message()), sent))
        lab.until_tried([scene.recipient for _, _, scene in sent])
        events, waiting = lab.record.read(mark, server="smtp"), lab.waiting()
        for named, attack, scene in sent:
            self.fates[named, attack] = fate(lab, scene, events, waiting)
            self.seen[named, attack] = [event for event in events if scene.is_in(event)]
            self.logs[named, attack] = lab.said(scene.name)

    def relent(self, lab):
        """The attacks are over, and the queue is run."""
        held = {attack: scene for attack, scene in self.scenes["cached"].items()
                if self.fates["cached", attack] == HELD}
        for scene in held.values():
            scene.restore()
        mark = lab.record.mark()
        lab.run_queue([scene.recipient for scene in held.values()])
        events, waiting = lab.record.read(mark, server="smtp"), lab.waiting()
        self.after = {attack: fate(lab, scene, events, waiting)
                      for attack, scene in held.items()}

        self.write()

    def write(self):
        """What was seen, for table.py."""
        rows = {(WITHIN if attack in REACH else OUTSIDE, attack.label, attack.title):
                [self.fates[column, attack] for column in COLUMNS] for attack in ATTACKS}
        write_observed(self.mta, rows)

    # What must be true of it.

    def cases(self):
        table = Table.read()
        found = [self.listed(table), self.first()]
        for attack in ATTACKS:
            found += [self.cell(table, attack, column) for column in COLUMNS]
            if attack in REACH and (self.mta, attack.label) not in LOOSE:
                found.append(self.never(attack))
        return found + [self.held()]

    def case(self, title, function):
        """A case that looks at what has been seen, by the first that asks."""
        @scenario(title)
        def look(lab):
            if self.begun:
                need(self.after is not None, "the messages could not be sent")
            else:
                self.begun = True
                self.run(lab)
            function()
        return look

    def listed(self, table):
        titles = {attack.label: attack.title for attack in ATTACKS}
        return self.case("the table has each attack, and no other", lambda: same(
            "what differs", set(table.titles().items()) ^ set(titles.items()), set()))

    def first(self):
        return self.case(
            "control: the first message to each domain goes to the right host over TLS",
            lambda: same("not so", {attack.label: self.fates["first", attack]
                                    for attack in ATTACKS
                                    if self.fates["first", attack] != DELIVERED}, {}))

    def cell(self, table, attack, column):
        expected = table.cell(attack.label, self.mta, column)

        def look():
            with self.told(column, attack):
                same("it", self.fates[column, attack], expected)
        return self.case(f"{attack.label}: {attack.title}: {column}: {expected}", look)

    def never(self, attack):
        """The promise, of which no table is asked."""
        scene = self.scenes["cached"][attack]

        def look():
            with self.told("cached", attack):
                same("it", self.fates["cached", attack], frozenset(GOOD))
                same("told to others, or in clear",
                     [event for event in self.seen["cached", attack]
                      if (event["host"] != scene.mx or not event["tls"])
                      and not event.get("line", "").upper().startswith(self.may_say)], [])
        return self.case(f"{attack.label}: cached: never in clear, never to another host", look)

    def held(self):
        return self.case(
            "what was held back goes to the right host when the attack is over",
            lambda: same("not so", {attack.label: fate_ for attack, fate_ in self.after.items()
                                    if fate_ != DELIVERED}, {}))

    @contextmanager
    def told(self, column, attack):
        try:
            yield
        except Failure as error:
            events = "\n".join(map(str, self.seen[column, attack]))
            raise Failure(f"{error}\n{self.logs.get((column, attack), '')}\n{events}") from error


def fate(lab, scene, events, waiting):
    """What became of the message to a domain."""
    messages = [event for event in events
                if event["event"] == "message" and scene.is_in(event)]
    if not all(event["tls"] for event in messages):
        return CLEAR
    if any(event["host"] != scene.mx for event in messages):
        return STOLEN
    if messages:
        old = any(event["event"] == "handshake" and event["host"] == scene.mx
                  and event["version"] in OLD_TLS for event in events)
        return OLD if old else DELIVERED
    if scene.recipient in waiting:
        return HELD
    return BOUNCED if lab.bounced(scene.recipient) else LOST
