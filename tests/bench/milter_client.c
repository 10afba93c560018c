/*
 * Rows 9 and 10: an MTA's side of the milter protocol, as much of it as was
 * negotiated. Each connection gives one message after the other: MAIL, RCPT at
 * a random domain, header fields, the end.
 *
 *	milter_client SOCKET FIRST DOMAINS MESSAGES CONNECTIONS
 *
 * Every recipient has to be accepted.
 */
#include "bench.h"
#include "client.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 4096
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

struct session {
	uint32_t steps; /* as negotiated */
	unsigned at;	/* the command whose reply is awaited */
	double begun;
};

static struct {
	unsigned first, domains, messages, begun;
	uint32_t seed;
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

/* The first packet's command, 0 if it is not all there; *data follows it. */
static char
first_packet(const char *octets, size_t len, const char **data, size_t *whole)
{
	uint32_t size;

	if (len < sizeof(size))
		return 0;
	memcpy(&size, octets, sizeof(size));
	*whole = ntohl(size) + sizeof(size);
	*data = octets + sizeof(size) + 1;
	return len < *whole ? 0 : octets[sizeof(size)];
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

/* Send from the session's command on, up to one whose reply is to be awaited.
 */
static void
send_on(struct client_connection *c)
{
	struct session *session = c->state;
	struct packets out = { .len = 0 };

	for (;; session->at++) {
		if ((session->steps & script[session->at].never) != 0)
			continue;
		script[session->at].put(&out);
		if (session->at == LAST ||
		    (session->steps & script[session->at].no_reply) == 0)
			break;
	}
	client_write(c, out.octets, out.len);
}

static void
begin_message(struct client_connection *c)
{
	struct session *session = c->state;

	if (work.begun == work.messages)
		return;
	work.begun++;
	session->begun = bench_seconds();
	session->at = 0;
	send_on(c);
}

static void
take_reply(struct client_connection *c, char reply)
{
	struct session *session = c->state;

	if (session->at == LAST &&
	    (reply == SMFIR_CHGHEADER || reply == SMFIR_ADDHEADER ||
		reply == SMFIR_INSHEADER))
		return;
	if (reply != SMFIR_CONTINUE && reply != SMFIR_ACCEPT)
		bench_fail("a message", "is not accepted");
	if (session->at < LAST) {
		session->at++;
		send_on(c);
		return;
	}
	client_done(session->begun);
	begin_message(c);
}

static size_t
take(struct client_connection *c)
{
	size_t used = 0, whole;
	const char *data;
	char reply;

	while ((reply = first_packet(
		    c->input + used, c->len - used, &data, &whole)) != 0) {
		used += whole;
		take_reply(c, reply);
	}
	return used;
}

/* ---- Negotiation --------------------------------------------------------- */

static void
negotiate(struct client_connection *c)
{
	const uint32_t offer[] = { htonl(6), htonl(ACTIONS_ALL),
		htonl(STEPS_ALL) };
	struct session *session = c->state;
	struct packets out = { .len = 0 };
	uint32_t answer[3];
	const char *data;
	size_t whole;

	put(&out, SMFIC_OPTNEG, (const char *)offer, sizeof(offer));
	client_write(c, out.octets, out.len);
	do
		client_read(c);
	while (first_packet(c->input, c->len, &data, &whole) != SMFIC_OPTNEG);
	memcpy(answer, data, sizeof(answer));
	session->steps = ntohl(answer[2]);
	client_drop(c, whole);
}

int
main(int argc, char **argv)
{
	static const struct client_protocol protocol = {
		.state_size = sizeof(struct session),
		.greet = negotiate,
		.begin = begin_message,
		.take = take,
	};

	if (argc != 6)
		bench_fail("usage",
		    "milter_client SOCKET FIRST DOMAINS MESSAGES CONNECTIONS");
	work.first = bench_number(argv[2]);
	work.domains = bench_number(argv[3]);
	work.messages = bench_number(argv[4]);
	client_run(&protocol, argv[1], bench_number(argv[5]), work.messages);
	return 0;
}
