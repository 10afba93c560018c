/* host: see host.h. */
#include <config.h>

#include "support/host.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/message.h"
#include "net/world.h"
#include "support/table.h"

/* ---- The name server ------------------------------------------------------------- */

#define TYPE_MX 15
#define TYPE_TXT 16
#define SERVFAIL 2
#define NXDOMAIN 3

struct question {
	uint16_t id;
	char name[256];
	unsigned type;
	struct sockaddr_storage from;
	socklen_t from_len;
	int64_t due;
};

static struct message m;
static struct question held[64];
static size_t held_count;

int64_t
host_milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
read_question(const unsigned char *data, size_t len, struct question *q)
{
	size_t i = 12, n;
	char *out = q->name;

	q->id = (uint16_t)(data[0] << 8 | data[1]);
	while (i < len && (n = data[i]) != 0 && i + n + 5 < len) {
		memcpy(out, data + i + 1, n);
		out += n;
		*out++ = '.';
		i += n + 1;
	}
	if (out > q->name)
		out--;
	*out = '\0';
	q->type = (unsigned)(data[i + 1] << 8 | data[i + 2]);
}

static bool
has(const struct question *q, const char *word)
{
	return strstr(q->name, word) != NULL;
}

static void
answer(int udp, const struct question *q)
{
	unsigned rcode = has(q, "fail") ? SERVFAIL : NXDOMAIN;

	message_begin(&m, q->id, MESSAGE_RESPONSE, q->name, q->type);
	if (q->type == TYPE_TXT && has(q, "promise")) {
		message_txt(&m, q->name, 300, "v=STSv1; id=one");
	} else if (q->type == TYPE_MX && has(q, "mx")) {
		message_mx(&m, q->name, 300, 10, "mx.host.example");
	} else {
		message_begin(&m, q->id, MESSAGE_RESPONSE | rcode, q->name,
		    q->type);
		message_soa(&m, "example", 900, 60);
	}
	(void)sendto(udp, m.octets, m.len, 0,
	    (const struct sockaddr *)&q->from, q->from_len);
}

static void
take_question(int udp)
{
	unsigned char data[600];
	struct question q;
	ssize_t n;

	q.from_len = sizeof(q.from);
	n = recvfrom(udp, data, sizeof(data), 0, (struct sockaddr *)&q.from,
	    &q.from_len);
	if (n <= 12)
		return;
	read_question(data, (size_t)n, &q);
	q.due = host_milliseconds() + HOST_SLOW;
	if (has(&q, "slow") && held_count < COUNT(held))
		held[held_count++] = q;
	else if (!has(&q, "silent"))
		answer(udp, &q);
}

static void
serve(int udp, void *arg)
{
	struct pollfd fd = { .fd = udp, .events = POLLIN };
	size_t i;

	(void)arg;
	for (;;) {
		if (poll(&fd, 1, held_count > 0 ? 20 : -1) > 0)
			take_question(udp);
		for (i = 0; i < held_count;)
			if (held[i].due <= host_milliseconds()) {
				answer(udp, &held[i]);
				held[i] = held[--held_count];
			} else {
				i++;
			}
	}
}

static pid_t server;

bool
host_enter(void)
{
	if (!world_enter())
		return false;
	server = world_serve(world_listen("127.0.0.1", 53, SOCK_DGRAM), serve,
	    NULL);
	return true;
}

int
host_skip(void)
{
	return world_skip();
}

void
host_leave(void)
{
	world_stop(server);
}

/* ---- The context ------------------------------------------------------------------- */

void
host_set(struct host *host, const char *name, const char *value)
{
	struct mtasts_error err;

	if (mtasts_options_set(host->options, name, value, &err) != MTASTS_OK)
		fail_msg("%s: %s", name, err.text);
}

static void
open_context(struct host *host)
{
	struct mtasts_error err;

	if (mtasts_new(host->options, &host->ctx, &err) != MTASTS_OK ||
	    mtasts_session_new(host->ctx, &host->session, &err) != MTASTS_OK)
		fail_msg("%s", err.text);
}

void
host_again(struct host *host)
{
	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	open_context(host);
}

int
host_make(void **state)
{
	struct host *host = calloc(1, sizeof(*host));

	*state = host;
	scratch_make(host->path);
	if (mtasts_options_new(&host->options) != MTASTS_OK)
		return -1;
	host_set(host, "cache.directory", host->path);
	host_set(host, "cache.run_directory", host->path);
	host_set(host, "cache.size", "8M");
	host_set(host, "dns.servers", "127.0.0.1");
	host_set(host, "dns.timeout", "500ms");
	open_context(host);
	return 0;
}

int
host_unmake(void **state)
{
	struct host *host = *state;

	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	mtasts_options_free(&host->options);
	scratch_remove(host->path);
	free(host);
	return 0;
}

/* ---- Calls ----------------------------------------------------------------------- */

enum mtasts_status
host_store(struct host *host, const char *domain)
{
	const struct mtasts_cached cached = { .domain = domain, .id = "one",
		.policy = { MTASTS_MODE_ENFORCE, 864000, 1,
		    "mx.host.example" },
		.fetched_at = time(NULL), .used_at = time(NULL),
		.refresh_at = time(NULL) + 86400 };

	return mtasts_admin_store(host->ctx, &cached, NULL);
}

typedef enum mtasts_status call_fn(struct mtasts_session *, const char *,
    unsigned, int, const struct mtasts_result **, struct mtasts_error *);

static const struct mtasts_result *
call(struct host *host, call_fn *fn, const char *domain, unsigned flags,
    int deadline)
{
	const struct mtasts_result *result;
	struct mtasts_error err;

	if (fn(host->session, domain, flags, deadline, &result, &err) !=
	    MTASTS_OK)
		fail_msg("%s: %s", domain, err.text);
	return result;
}

const struct mtasts_result *
host_lookup(struct host *host, const char *domain, unsigned flags,
    int deadline)
{
	return call(host, mtasts_lookup, domain, flags, deadline);
}

const struct mtasts_result *
host_evaluate(struct host *host, const char *domain, unsigned flags,
    int deadline)
{
	return call(host, mtasts_evaluate, domain, flags, deadline);
}
