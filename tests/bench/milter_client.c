/*
 * Rows 9 and 10: an MTA's side of the milter protocol, as much of it as was
 *negotiated. Each connection gives one message after the other: MAIL, RCPT at a
 *random domain, header fields, the end.
 *
 *	milter_client SOCKET FIRST DOMAINS MESSAGES CONNECTIONS
 *
 * Every recipient has to be accepted.
 */
#include "bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define BUFFER_SIZE 4096
#define HEADERS 5
#define STEPS_ALL                                                              \
	(SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL | SMFIP_NORCPT |        \
	    SMFIP_NOBODY | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NR_HDR |         \
	    SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_SKIP | SMFIP_RCPT_REJ |     \
	    SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT |    \
	    SMFIP_NR_DATA | SMFIP_NR_UNKN | SMFIP_NR_EOH | SMFIP_NR_BODY)
#define ACTIONS_ALL 0x1ff

struct packets {
	char octets[BUFFER_SIZE];
	size_t len;
};

struct connection {
	int fd;
	uint32_t steps; /* as negotiated */
	unsigned at;	/* the command whose reply is awaited */
	double begun;
	struct packets in;
};

static struct {
	unsigned first, domains, messages, begun, ended;
	uint32_t seed;
	double *latencies;
	int epoll;
	struct connection *connections;
} work = { .seed = 1 };

/* ---- Packets ------------------------------------------------------------- */

static void
put(struct packets *out, char command, const char *data, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);

	memcpy(out->octets + out->len, &size, sizeof(size));
	out->octets[out->len + sizeof(size)] = command;
	if (len > 0)
		memcpy(out->octets + out->len + sizeof(size) + 1, data, len);
	out->len += sizeof(size) + 1 + len;
}

static void
send_all(const struct connection *c, struct packets *out)
{
	if (out->len > 0 &&
	    write(c->fd, out->octets, out->len) != (ssize_t)out->len)
		bench_fail("write", strerror(errno));
	out->len = 0;
}

/* The first packet's command, 0 if it is not all there; *data follows it. */
static char
first_packet(const struct packets *in, const char **data, size_t *whole)
{
	uint32_t size;

	if (in->len < sizeof(size))
		return 0;
	memcpy(&size, in->octets, sizeof(size));
	*whole = ntohl(size) + sizeof(size);
	*data = in->octets + sizeof(size) + 1;
	return in->len < *whole ? 0 : in->octets[sizeof(size)];
}

static void
drop_packet(struct packets *in, size_t whole)
{
	in->len -= whole;
	memmove(in->octets, in->octets + whole, in->len);
}

/* ---- Commands ------------------------------------------------------------ */

static void
put_mail(struct packets *out)
{
	static const char from[] = "<sender@bench.test>";

	put(out, SMFIC_MAIL, from, sizeof(from));
}

static void
put_rcpt(struct packets *out)
{
	char domain[BENCH_NAME_SIZE], text[256];
	int len;

	bench_name(
	    work.first + bench_random(&work.seed) % work.domains, domain);
	len = sprintf(text,
	    "%c{rcpt_mailer}%csmtp%c{rcpt_host}%c%s%c"
	    "{rcpt_addr}%cuser@%s",
	    SMFIC_RCPT, 0, 0, 0, domain, 0, 0, domain);
	put(out, SMFIC_MACRO, text, (size_t)len + 1);
	len = sprintf(text, "<user@%s>", domain);
	put(out, SMFIC_RCPT, text, (size_t)len + 1);
}

static void
put_header(struct packets *out)
{
	static const char field[] = "Subject\0a message of no importance";

	put(out, SMFIC_HEADER, field, sizeof(field));
}

static void
put_end(struct packets *out)
{
	put(out, SMFIC_BODYEOB, NULL, 0);
}

/* The commands of a message, and the steps that do without them or their reply.
 */
static const struct {
	void (*put)(struct packets *out);
	uint32_t never, no_reply;
} script[] = {
	{ put_mail, SMFIP_NOMAIL, SMFIP_NR_MAIL },
	{ put_rcpt, SMFIP_NORCPT, SMFIP_NR_RCPT },
	{ put_header, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ put_header, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ put_header, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ put_header, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ put_header, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ put_end, 0, 0 },
};
#define LAST (sizeof(script) / sizeof(script[0]) - 1)

/* Send from command c->at on, up to one whose reply is to be awaited. */
static void
send_on(struct connection *c)
{
	struct packets out = { .len = 0 };

	for (;; c->at++) {
		if ((c->steps & script[c->at].never) != 0)
			continue;
		script[c->at].put(&out);
		if (c->at == LAST || (c->steps & script[c->at].no_reply) == 0)
			break;
	}
	send_all(c, &out);
}

static void
begin_message(struct connection *c)
{
	if (work.begun == work.messages)
		return;
	work.begun++;
	c->begun = bench_seconds();
	c->at = 0;
	send_on(c);
}

static void
take_reply(struct connection *c, char reply)
{
	if (c->at == LAST &&
	    (reply == SMFIR_CHGHEADER || reply == SMFIR_ADDHEADER ||
		reply == SMFIR_INSHEADER))
		return;
	if (reply != SMFIR_CONTINUE && reply != SMFIR_ACCEPT)
		bench_fail("a message", "is not accepted");
	if (c->at < LAST) {
		c->at++;
		send_on(c);
		return;
	}
	work.latencies[work.ended++] = bench_seconds() - c->begun;
	begin_message(c);
}

static void
hear(struct connection *c)
{
	ssize_t n =
	    read(c->fd, c->in.octets + c->in.len, BUFFER_SIZE - c->in.len);
	const char *data;
	size_t whole;
	char reply;

	if (n <= 0)
		bench_fail("read", n == 0 ? "closed" : strerror(errno));
	c->in.len += (size_t)n;
	while ((reply = first_packet(&c->in, &data, &whole)) != 0) {
		drop_packet(&c->in, whole);
		take_reply(c, reply);
	}
}

/* ---- Connections --------------------------------------------------------- */

static void
negotiate(struct connection *c)
{
	const uint32_t offer[] = { htonl(6), htonl(ACTIONS_ALL),
		htonl(STEPS_ALL) };
	struct packets out = { .len = 0 };
	uint32_t answer[3];
	const char *data;
	size_t whole;

	put(&out, SMFIC_OPTNEG, (const char *)offer, sizeof(offer));
	send_all(c, &out);
	do {
		ssize_t n = read(
		    c->fd, c->in.octets + c->in.len, BUFFER_SIZE - c->in.len);

		if (n <= 0)
			bench_fail("negotiation", "no answer");
		c->in.len += (size_t)n;
	} while (first_packet(&c->in, &data, &whole) != SMFIC_OPTNEG);
	memcpy(answer, data, sizeof(answer));
	c->steps = ntohl(answer[2]);
	drop_packet(&c->in, whole);
}

static void
connect_to(struct connection *c, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		bench_fail(path, strerror(errno));
	negotiate(c);
	epoll_ctl(work.epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void
run(unsigned connections)
{
	struct epoll_event events[CONNECTIONS_MAX];

	for (unsigned i = 0; i < connections; i++)
		begin_message(&work.connections[i]);
	while (work.ended < work.messages) {
		int n = epoll_wait(work.epoll, events, CONNECTIONS_MAX, -1);

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
	}
}

int
main(int argc, char **argv)
{
	struct bench_time start;
	unsigned connections;

	if (argc != 6)
		bench_fail("usage",
		    "milter_client SOCKET FIRST DOMAINS MESSAGES CONNECTIONS");
	work.first = bench_number(argv[2]);
	work.domains = bench_number(argv[3]);
	work.messages = bench_number(argv[4]);
	connections = bench_number(argv[5]);
	work.latencies = calloc(work.messages, sizeof(*work.latencies));
	work.connections = calloc(connections, sizeof(*work.connections));
	work.epoll = epoll_create1(0);
	if (work.latencies == NULL || work.connections == NULL ||
	    connections > CONNECTIONS_MAX)
		bench_fail("connections", "too many");
	for (unsigned i = 0; i < connections; i++)
		connect_to(&work.connections[i], argv[1]);
	start = bench_now();
	run(connections);
	bench_report_latencies(
	    work.messages, &start, work.latencies, work.messages);
	return 0;
}
