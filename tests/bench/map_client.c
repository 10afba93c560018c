/*
 * Rows 4, 8, 10 and 15: ask a socket map over many connections at once, each
 *with so many questions on their way, and time each answer.
 *
 *	map_client SOCKET NAME FIRST COUNT QUESTIONS CONNECTIONS DEPTH
 *
 * The questions are "NAME DOMAIN". With COUNT 0 they are about domain FIRST and
 *those that follow, each once; else about random ones of COUNT domains from
 *FIRST on. Every answer has to be one that begins with "OK".
 */
#include "bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define DEPTH_MAX 64
#define INPUT_SIZE 65536

struct connection {
	int fd;
	double asked[DEPTH_MAX]; /* a ring */
	unsigned head, waiting;
	char input[INPUT_SIZE];
	size_t len;
};

static struct {
	const char *name;
	unsigned first, count, questions, depth;
	unsigned asked, answered;
	uint32_t seed;
	double *latencies;
	int epoll;
	struct connection *connections;
} work = { .seed = 1 };

static size_t
put_question(char *out, size_t size)
{
	unsigned i = work.count == 0 ? work.asked
				     : bench_random(&work.seed) % work.count;
	char domain[BENCH_NAME_SIZE];
	size_t len = strlen(work.name);

	bench_name(work.first + i, domain);
	return (size_t)snprintf(out, size, "%zu:%s %s,",
	    len + 1 + strlen(domain), work.name, domain);
}

/* As many as may be on their way, by one write. */
static void
ask(struct connection *c)
{
	char out[DEPTH_MAX * 64];
	size_t len = 0;

	while (c->waiting < work.depth && work.asked < work.questions) {
		len += put_question(out + len, sizeof(out) - len);
		c->asked[(c->head + c->waiting++) % DEPTH_MAX] =
		    bench_seconds();
		work.asked++;
	}
	if (len > 0 && write(c->fd, out, len) != (ssize_t)len)
		bench_fail("write", strerror(errno));
}

/* The octets of the first netstring, 0 if it is not all there. */
static size_t
take_answer(const char *data, size_t len)
{
	char *text;
	size_t size = strtoul(data, &text, 10), head;

	if (text == data || *text != ':')
		return 0;
	head = (size_t)(text - data) + 1;
	if (head + size + 1 > len)
		return 0;
	if (strncmp(text + 1, "OK", 2) != 0)
		bench_fail("answer", data);
	return head + size + 1;
}

static void
hear(struct connection *c)
{
	ssize_t n = read(c->fd, c->input + c->len, INPUT_SIZE - 1 - c->len);
	size_t used = 0, size;

	if (n <= 0)
		bench_fail("read", n == 0 ? "closed" : strerror(errno));
	c->len += (size_t)n;
	c->input[c->len] = '\0';
	while ((size = take_answer(c->input + used, c->len - used)) > 0) {
		work.latencies[work.answered++] =
		    bench_seconds() - c->asked[c->head];
		c->head = (c->head + 1) % DEPTH_MAX;
		c->waiting--;
		used += size;
	}
	c->len -= used;
	memmove(c->input, c->input + used, c->len + 1);
	if (used > 0)
		ask(c);
}

static void
connect_to(struct connection *c, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		bench_fail(path, strerror(errno));
	event.data.ptr = c;
	epoll_ctl(work.epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void
run(unsigned connections)
{
	struct epoll_event events[CONNECTIONS_MAX];

	for (unsigned i = 0; i < connections; i++)
		ask(&work.connections[i]);
	while (work.answered < work.questions) {
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

	if (argc != 8)
		bench_fail("usage",
		    "map_client SOCKET NAME FIRST COUNT QUESTIONS "
		    "CONNECTIONS DEPTH");
	work.name = argv[2];
	work.first = bench_number(argv[3]);
	work.count = bench_number(argv[4]);
	work.questions = bench_number(argv[5]);
	connections = bench_number(argv[6]);
	work.depth = bench_number(argv[7]);
	work.latencies = calloc(work.questions, sizeof(*work.latencies));
	work.connections = calloc(connections, sizeof(*work.connections));
	work.epoll = epoll_create1(0);
	if (work.latencies == NULL || work.connections == NULL ||
	    connections > CONNECTIONS_MAX || work.depth > DEPTH_MAX)
		bench_fail("connections", "too many");
	for (unsigned i = 0; i < connections; i++)
		connect_to(&work.connections[i], argv[1]);
	start = bench_now();
	run(connections);
	bench_report_latencies(
	    work.questions, &start, work.latencies, work.questions);
	return 0;
}
