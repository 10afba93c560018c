"""The zones of the lab, and a name server that can misbehave.

One Zone holds every name.  nsd serves what it held when the lab started; the
scripted server answers from it as it is now, so that a case can change a name,
and does something else for the names that have a behaviour.
"""

import socket
import struct
import threading
import time

import dnslib
from dnslib import QTYPE, RCODE

APEX = "test"
SIGNED = "signed.test"          # a zone of its own, for DANE
SOA = ("ns.test", "hostmaster.test", (1, 3600, 600, 86400, 60))

# Record type: (its value as dnslib takes it, its value as a zone file has it)
TYPES = {
    "A": (dnslib.A, str),
    "AAAA": (dnslib.AAAA, str),
    "CNAME": (dnslib.CNAME, lambda name: name + "."),
    "NS": (dnslib.NS, lambda name: name + "."),
    "MX": (lambda value: dnslib.MX(value[1], value[0]),
           lambda value: f"{value[0]} {value[1]}."),
    "TXT": (dnslib.TXT, lambda strings: " ".join(map(quoted, strings))),
    "TLSA": (lambda value: dnslib.TLSA(*value),
             lambda value: "{} {} {} {}".format(*value[:3], value[3].hex())),
}


def quoted(octets):
    """A character-string as a zone file has it."""
    plain = (chr(o) if 0x20 <= o < 0x7f and o not in b'"\\;' else f"\\{o:03d}"
             for o in octets)
    return '"' + "".join(plain) + '"'


class Zone:
    """Names below test., as {name: {type: [value]}}."""

    def __init__(self):
        self.names = {}
        self.ttls = {}
        self.behaviours = {}

    def add(self, name, rtype, value, ttl=None):
        """MX values are (preference, host), TXT values a list of octet strings."""
        self.names.setdefault(name, {}).setdefault(rtype, []).append(value)
        if ttl is not None:
            self.ttls[name] = ttl

    def clear(self, name, rtype):
        self.names.get(name, {}).pop(rtype, None)
        if not self.names.get(name):
            self.names.pop(name, None)

    def misbehave(self, name, rtype, behaviour):
        """Let the scripted server treat this question in its own way."""
        self.behaviours[name, rtype] = behaviour

    def text(self, apex=APEX):
        """One of the two zones as nsd reads it."""
        lines = [f"$ORIGIN {apex}.", "$TTL 60",
                 "@ SOA {}. {}. {} {} {} {} {}".format(*SOA[:2], *SOA[2]),
                 "@ NS ns.test."]
        lines += [f"{name}. {self.ttls.get(name, 60)} {rtype} {TYPES[rtype][1](value)}"
                  for name, types in self.names.items() if self.apex(name) == apex
                  for rtype, values in types.items() for value in values]
        return "\n".join(lines) + "\n"

    @staticmethod
    def apex(name):
        """The zone that a name belongs to."""
        return SIGNED if f".{name}".endswith("." + SIGNED) else APEX

    def signed(self):
        return any(self.apex(name) == SIGNED for name in self.names)

    def find(self, name, rtype):
        """The answer section for a question, aliases followed as far as a loop."""
        answer, seen = [], set()
        while name not in seen:
            seen.add(name)
            types = self._types(name)
            kind = rtype if rtype in types else "CNAME"
            values = types.get(kind, [])
            answer += [(name, kind, value) for value in values]
            if kind == rtype or not values:
                break
            name = values[0]
        return answer

    def exists(self, name):
        return name in self.names or bool(self._types(name)) or any(
            other.endswith("." + name) for other in self.names)

    def ttl(self, name):
        return self.ttls.get(name, 60)

    def _types(self, name):
        """What stands at a name, or at the wildcard that covers it."""
        if name in self.names:
            return self.names[name]
        return self.names.get("*." + name.partition(".")[2], {})


def record(name, rtype, value, ttl):
    return dnslib.RR(name, getattr(QTYPE, rtype), rdata=TYPES[rtype][0](value), ttl=ttl)


def honest(zone, query):
    """The right answer to a query."""
    name = str(query.q.qname).rstrip(".").lower()
    reply = query.reply()
    for owner, kind, value in zone.find(name, QTYPE[query.q.qtype]):
        reply.add_answer(record(owner, kind, value, zone.ttl(owner)))
    if not reply.rr:
        reply.header.rcode = RCODE.NOERROR if zone.exists(name) else RCODE.NXDOMAIN
        reply.add_auth(dnslib.RR(APEX, QTYPE.SOA, rdata=dnslib.SOA(*SOA),
                                 ttl=zone.ttl(name)))
    return reply


# Behaviours.  Each is called with the honest reply and whether it came by UDP,
# and returns the octets to send, over UDP also a list of them, None for silence,
# False to close, or over TCP a handler of listen.py.

def bare(reply, **flags):
    """The reply with nothing but its question, and some header fields changed."""
    answer = dnslib.DNSRecord(dnslib.DNSHeader(id=reply.header.id, qr=1, rd=1, ra=1),
                              questions=reply.questions)
    for name, value in flags.items():
        setattr(answer.header, name, value)
    return answer.pack()


def status(rcode):
    return lambda reply, _udp: bare(reply, rcode=getattr(RCODE, rcode))


def silent(_reply, _udp):
    return None


def octets(data):
    """The same octets whatever was asked."""
    return lambda _reply, _udp: data


def wrong_id(reply, _udp):
    reply.header.id ^= 0x5555
    return reply.pack()


def wrong_question(reply, _udp):
    reply.questions[0].qname = dnslib.DNSLabel("elsewhere.test")
    return reply.pack()


def cut_off(reply, _udp):
    return reply.pack()[:-7]


def pointer_loop(reply, _udp):
    """A name that is a compression pointer to itself."""
    data = bytearray(reply.pack())
    data[12:14] = b"\xc0\x0c"
    return bytes(data)


def truncated(then):
    """TC over UDP; over TCP, the given behaviour."""
    def behaviour(reply, udp):
        return bare(reply, tc=1) if udp else then(reply, udp)
    return behaviour


def good(reply, _udp):
    return reply.pack()


def closing(_reply, _udp):
    return False


def handled(handler):
    """Over TCP, whatever the handler does to a connection."""
    return lambda _reply, _udp: handler


def slow(seconds):
    def behaviour(reply, _udp):
        time.sleep(seconds)
        return reply.pack()
    return behaviour


def elsewhere(address):
    """The same answer with another IPv4 address."""
    def behaviour(reply, _udp):
        for rr in reply.rr:
            rr.rdata = dnslib.A(address)
        return reply.pack()
    return behaviour


def in_turn(*behaviours):
    """The first behaviour for the first question, and so on; the last stays."""
    left = list(behaviours)
    return lambda reply, udp: (left.pop(0) if len(left) > 1 else left[0])(reply, udp)


class Stranger(bytes):
    """A datagram that comes from another port than the question went to."""


def from_stranger(behaviour):
    return lambda reply, udp: Stranger(behaviour(reply, udp)) if udp else None


class DnsServer:
    """The scripted server on one address, over UDP and TCP."""

    def __init__(self, zone, record_):
        self.zone = zone
        self.record = record_

    def start(self, address, listeners):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, 53))
        threading.Thread(target=self._udp, args=(sock,), daemon=True).start()
        listeners.add(address, 53, self._tcp)

    def _udp(self, sock):
        while True:
            data, client = sock.recvfrom(65535)
            threading.Thread(target=self._datagram, args=(sock, data, client),
                             daemon=True).start()

    def _datagram(self, sock, data, client):
        answer = self._answer(data, True)
        for datagram in answer if isinstance(answer, list) else [answer]:
            if isinstance(datagram, Stranger):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.bind((sock.getsockname()[0], 0))
                    stranger.sendto(datagram, client)
            elif datagram or datagram == b"":
                sock.sendto(datagram, client)

    def _tcp(self, connection):
        while (size := connection.recv(2, socket.MSG_WAITALL)):
            data = connection.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
            answer = self._answer(data, False)
            if answer is False:
                return
            if callable(answer):
                answer(connection)
                return
            if answer is not None:
                connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, data, udp):
        try:
            query = dnslib.DNSRecord.parse(data)
        except dnslib.DNSError:
            return None
        name = str(query.q.qname).rstrip(".").lower()
        rtype = QTYPE[query.q.qtype]
        self.record.write(server="dns", name=name, type=rtype, udp=udp)
        reply = honest(self.zone, query)
        behaviour = self.zone.behaviours.get((name, rtype), good)
        answer = behaviour(reply, udp)
        room = max(512, max((rr.edns_len for rr in query.ar
                             if rr.rtype == QTYPE.OPT), default=512))
        if udp and answer and not isinstance(answer, list) and len(answer) > room:
            return bare(reply, tc=1)
        return answer
