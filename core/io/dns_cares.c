/*
 * dns_cares: the DNS port. Queues questions, follows CNAMEs that an answer left
 * open, puts AAAA and A together, and delivers.
 *
 * A query is what the caller waits for; an ask is one question on its way to
 * the servers, and outlives a query that is cancelled, since c-ares cannot
 * forget a single one. Callers are called from a timer, so that a callback may
 * do whatever it likes. c-ares itself is behind dns_channel.h.
 *
 * Test: tests/unit/test_dns.c
 */
#include <config.h>

#include "io/dns_cares.h"

#include "base/error.h"
#include "io/dns_channel.h"
#include "io/dns_parse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 2000
#define DEFAULT_IN_FLIGHT 128
/* Of one try: two tries, the second twice as long, and TCP after it. */
#define PATIENCE 4
/* Targets asked for by name, after what an answer followed by itself. */
#define HOPS_MAX 8

enum ask_state {
	ASK_QUEUED,
	ASK_FLYING,
	ASK_DONE,
};

struct ask {
	struct port *port;
	struct dns_query *query; /* NULL: nobody waits for it any more */
	struct ask *next;	 /* in the queue */
	enum ask_state state;
	enum dns_record record;
	char name[DNS_NAME_SIZE]; /* of the latest hop */
	unsigned hops;
	uint32_t ttl; /* least of the hops before */
	struct dns_reply reply;
};

struct dns_query {
	struct port *port;
	struct dns_query *next, **link; /* all queries of the port */
	enum dns_type type;
	dns_done_fn *done;
	void *arg;
	struct dns_query **out;
	struct timer timer; /* gives up; once complete, delivers */
	struct ask *asks[2];
	size_t count;
};

struct port {
	struct loop *loop;
	struct dns_channel *channel;
	int timeout;
	unsigned cap, flying;
	struct dns_query *queries;
	struct ask *queue, **queue_end;
	struct timer pump;
};

static int64_t
now(const struct port *port)
{
	return clock_monotonic(loop_clock(port->loop));
}

/* ---- Asks --------------------------------------------------------------- */

static void
ask_free(struct ask *ask)
{
	dns_reply_free(&ask->reply);
	free(ask);
}

static void
enqueue(struct ask *ask)
{
	struct port *port = ask->port;

	ask->state = ASK_QUEUED;
	ask->next = NULL;
	*port->queue_end = ask;
	port->queue_end = &ask->next;
}

static void
dequeue(struct ask *ask)
{
	struct port *port = ask->port;
	struct ask **link = &port->queue;

	while (*link != ask)
		link = &(*link)->next;
	*link = ask->next;
	if (port->queue_end == &ask->next)
		port->queue_end = link;
}

/* Nobody waits any more: at once, or when c-ares is through with it. */
static void
ask_abandon(struct ask *ask)
{
	if (ask->state == ASK_FLYING) {
		ask->query = NULL;
		return;
	}
	if (ask->state == ASK_QUEUED)
		dequeue(ask);
	ask_free(ask);
}

static void deliver(void *arg);

static void
ask_finish(struct ask *ask)
{
	struct dns_query *query = ask->query;
	struct timers timers = loop_timers(query->port->loop);
	size_t i;

	ask->state = ASK_DONE;
	for (i = 0; i < query->count; i++)
		if (query->asks[i]->state != ASK_DONE)
			return;
	timer_start(&timers, &query->timer, now(query->port), deliver, query);
}

static void
ask_fail(struct ask *ask, enum dns_status status, const char *detail)
{
	dns_reply_free(&ask->reply);
	ask->reply.status = status;
	ask->reply.detail = detail;
}

static void
ask_answer(struct ask *ask, enum dns_status status, const char *detail)
{
	ask_fail(ask, status, detail);
	ask_finish(ask);
}

/* The answer ended in a CNAME: ask for its target. */
static void
ask_follow(struct ask *ask)
{
	ask->ttl = ask->reply.ttl;
	memcpy(ask->name, ask->reply.next, sizeof(ask->name));
	dns_reply_free(&ask->reply);
	if (++ask->hops > HOPS_MAX)
		ask_answer(ask, DNS_SERVFAIL, "CNAME loop");
	else
		enqueue(ask);
}

static void
ask_read(struct ask *ask, const void *message, size_t len)
{
	dns_parse(message, len, ask->name, ask->record, &ask->reply);
	if (ask->reply.ttl > ask->ttl)
		ask->reply.ttl = ask->ttl;
	if (ask->reply.status == DNS_OK && ask->reply.count == 0)
		ask_follow(ask);
	else
		ask_finish(ask);
}

static void pump_later(struct port *port);

static void
on_message(void *arg, enum dns_status status, const char *detail,
    const void *message, size_t len)
{
	struct ask *ask = arg;
	struct port *port = ask->port;

	port->flying--;
	if (ask->query == NULL)
		ask_free(ask);
	else if (message == NULL)
		ask_answer(ask, status, detail);
	else
		ask_read(ask, message, len);
	pump_later(port);
}

/* Send what may be sent, first come first served. */
static void
pump(void *arg)
{
	struct port *port = arg;
	struct ask *ask;

	while (port->flying < port->cap && (ask = port->queue) != NULL) {
		dequeue(ask);
		ask->state = ASK_FLYING;
		port->flying++;
		dns_channel_ask(port->channel, ask->name, ask->record,
		    on_message, ask);
	}
}

static void
pump_later(struct port *port)
{
	struct timers timers = loop_timers(port->loop);

	if (port->queue != NULL)
		timer_start(&timers, &port->pump, now(port), pump, port);
}

/* ---- Answers ------------------------------------------------------------ */

static unsigned
random_below(size_t bound)
{
	unsigned n;

	/* Only to spread load: a bad number is good enough. */
	if (getentropy(&n, sizeof(n)) != 0)
		n = 0;
	return n % (unsigned)bound;
}

static int
by_preference(const void *a, const void *b)
{
	const struct dns_mx *x = a, *y = b;

	return (x->preference > y->preference) -
	    (x->preference < y->preference);
}

/* By preference, and equal ones in any order (RFC 5321, 5.1). */
static void
mx_order(struct dns_mx *mx, size_t count)
{
	struct dns_mx swap;
	size_t i, j, end;

	if (count < 2)
		return;
	qsort(mx, count, sizeof(*mx), by_preference);
	for (i = 0; i < count; i = end) {
		for (end = i + 1; end < count &&
		     mx[end].preference == mx[i].preference; end++)
			;
		for (; i + 1 < end; i++) {
			j = i + random_below(end - i);
			swap = mx[i];
			mx[i] = mx[j];
			mx[j] = swap;
		}
	}
}

/* The better explanation of an absence. A failure might have hidden a record;
 * a name that lacks one type only exists. */
static int
weight(enum dns_status status)
{
	switch (status) {
	case DNS_NXDOMAIN:
		return 0;
	case DNS_NODATA:
		return 1;
	case DNS_SERVFAIL:
		return 2;
	case DNS_TIMEOUT:
		return 3;
	case DNS_NOMEM:
		return 4;
	case DNS_OK:
		return 5;
	}
	return 2;
}

static void
set_from_reply(struct dns_answer *answer, const struct dns_reply *reply)
{
	answer->status = reply->status;
	answer->ttl = reply->ttl;
	answer->count = reply->count;
	answer->txt = reply->txt;
	answer->mx = reply->mx;
	answer->address = reply->address;
	answer->detail = reply->detail;
}

/* AAAA before A, in one array; the caller frees it. */
static struct address *
join_addresses(const struct dns_reply *aaaa, const struct dns_reply *a,
    struct dns_answer *answer)
{
	struct address *joined;

	set_from_reply(answer,
	    weight(a->status) > weight(aaaa->status) ? a : aaaa);
	if (aaaa->ttl < answer->ttl && aaaa->status == answer->status)
		answer->ttl = aaaa->ttl;
	if (a->ttl < answer->ttl && a->status == answer->status)
		answer->ttl = a->ttl;
	if (aaaa->status != DNS_OK || a->status != DNS_OK)
		return NULL;
	joined = calloc(aaaa->count + a->count, sizeof(*joined));
	if (joined == NULL)
		return NULL; /* one family is better than none */
	memcpy(joined, aaaa->address, aaaa->count * sizeof(*joined));
	memcpy(joined + aaaa->count, a->address, a->count * sizeof(*joined));
	answer->address = joined;
	answer->count = aaaa->count + a->count;
	return joined;
}

static void
query_unlink(struct dns_query *query)
{
	struct timers timers = loop_timers(query->port->loop);

	timer_stop(&timers, &query->timer);
	*query->link = query->next;
	if (query->next != NULL)
		query->next->link = query->link;
}

static void
query_free(struct dns_query *query)
{
	size_t i;

	for (i = 0; i < query->count; i++)
		if (query->asks[i] != NULL)
			ask_abandon(query->asks[i]);
	free(query);
}

/* Tell the caller, who may do anything, even free the port: nothing but the
 * query's own memory is touched afterwards. */
static void
deliver(void *arg)
{
	struct dns_query *query = arg;
	struct dns_answer answer = { .type = query->type };
	struct address *joined = NULL;
	size_t i;

	query_unlink(query);
	*query->out = NULL;
	if (query->type == DNS_ADDRESS)
		joined = join_addresses(&query->asks[0]->reply,
		    &query->asks[1]->reply, &answer);
	else
		set_from_reply(&answer, &query->asks[0]->reply);
	if (query->type == DNS_MX)
		mx_order(query->asks[0]->reply.mx, answer.count);
	for (i = 0; i < query->count; i++)
		if (query->asks[i]->state != ASK_DONE) {
			ask_abandon(query->asks[i]);
			query->asks[i] = NULL;
		}
	query->done(query->arg, &answer);
	free(joined);
	query_free(query);
}

static void
give_up(void *arg)
{
	struct dns_query *query = arg;
	size_t i;

	for (i = 0; i < query->count; i++)
		if (query->asks[i]->state != ASK_DONE)
			ask_fail(query->asks[i], DNS_TIMEOUT,
			    "no answer in time");
	deliver(query);
}

/* ---- The port ----------------------------------------------------------- */

static struct ask *
ask_new(struct dns_query *query, const char *name, enum dns_record record)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL)
		return NULL;
	ask->port = query->port;
	ask->query = query;
	ask->record = record;
	ask->ttl = UINT32_MAX;
	ask->reply.detail = "";
	if (!dns_name_normalise(name, ask->name)) {
		ask_fail(ask, DNS_SERVFAIL, "name cannot be asked for");
		ask->state = ASK_DONE;
		return ask;
	}
	enqueue(ask);
	return ask;
}

static bool
query_ask(struct dns_query *query, const char *name, enum dns_record record)
{
	struct ask *ask = ask_new(query, name, record);

	if (ask == NULL)
		return false;
	query->asks[query->count++] = ask;
	return true;
}

static bool
query_ask_all(struct dns_query *query, const char *name)
{
	switch (query->type) {
	case DNS_TXT:
		return query_ask(query, name, DNS_RECORD_TXT);
	case DNS_MX:
		return query_ask(query, name, DNS_RECORD_MX);
	case DNS_ADDRESS:
		return query_ask(query, name, DNS_RECORD_AAAA) &&
		    query_ask(query, name, DNS_RECORD_A);
	}
	return false;
}

static enum mtasts_status
port_start(void *self, const char *name, enum dns_type type, dns_done_fn *done,
    void *arg, struct dns_query **out)
{
	struct port *port = self;
	struct timers timers = loop_timers(port->loop);
	struct dns_query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		return MTASTS_NOMEM;
	*query = (struct dns_query){
		.port = port,
		.type = type,
		.done = done,
		.arg = arg,
		.out = out,
		.next = port->queries,
		.link = &port->queries,
	};
	if (!query_ask_all(query, name)) {
		query_free(query);
		return MTASTS_NOMEM;
	}
	if (query->next != NULL)
		query->next->link = &query->next;
	port->queries = query;
	*out = query;
	timer_start(&timers, &query->timer,
	    now(port) + (int64_t)port->timeout * PATIENCE, give_up, query);
	if (query->asks[0]->state == ASK_DONE)
		ask_finish(query->asks[0]);
	pump(port);
	return MTASTS_OK;
}

static void
port_cancel(void *self, struct dns_query *query)
{
	(void)self;
	query_unlink(query);
	query_free(query);
}

enum mtasts_status
dns_cares_new(struct loop *loop, const struct dns_cares_options *options,
    struct dns *out, struct mtasts_error *err)
{
	static const struct dns_ops ops = {
		.start = port_start,
		.cancel = port_cancel,
	};
	struct dns_cares_options set = *options;
	struct port *port = calloc(1, sizeof(*port));
	enum mtasts_status status;

	*out = (struct dns){ .ops = NULL };
	if (port == NULL)
		return error_nomem(err, "DNS");
	if (set.timeout <= 0)
		set.timeout = DEFAULT_TIMEOUT;
	port->loop = loop;
	port->timeout = set.timeout;
	port->cap = set.in_flight > 0 ? set.in_flight : DEFAULT_IN_FLIGHT;
	port->queue_end = &port->queue;
	status = dns_channel_new(loop, &set, &port->channel, err);
	if (status != MTASTS_OK) {
		free(port);
		return status;
	}
	*out = (struct dns){ .ops = &ops, .self = port };
	return MTASTS_OK;
}

void
dns_cares_free(struct dns *dns)
{
	struct port *port = dns->self;
	struct timers timers;

	if (port == NULL)
		return;
	*dns = (struct dns){ .ops = NULL };
	timers = loop_timers(port->loop);
	while (port->queries != NULL) {
		*port->queries->out = NULL;
		port_cancel(port, port->queries);
	}
	dns_channel_free(&port->channel);
	timer_stop(&timers, &port->pump);
	free(port);
}
