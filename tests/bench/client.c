/*
 * client: see client.h.
 */
#include "client.h"

#include "bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024

static struct {
	double *latencies;
	unsigned operations, ended;
	int epoll;
} work;

void
client_read(struct client_connection *c)
{
	ssize_t n =
	    read(c->fd, c->input + c->len, CLIENT_INPUT_SIZE - 1 - c->len);

	if (n <= 0)
		bench_fail("read", n == 0 ? "closed" : strerror(errno));
	c->len += (size_t)n;
	c->input[c->len] = '\0';
}

void
client_drop(struct client_connection *c, size_t octets)
{
	c->len -= octets;
	memmove(c->input, c->input + octets, c->len + 1);
}

void
client_write(const struct client_connection *c, const char *data, size_t len)
{
	if (write(c->fd, data, len) != (ssize_t)len)
		bench_fail("write", strerror(errno));
}

void
client_done(double begun)
{
	work.latencies[work.ended++] = bench_seconds() - begun;
}

static void
connect_to(struct client_connection *c, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		bench_fail(path, strerror(errno));
	epoll_ctl(work.epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static struct client_connection *
connect_all(
    const struct client_protocol *protocol, const char *path, unsigned count)
{
	struct client_connection *all = calloc(count, sizeof(*all));

	if (all == NULL || count > CONNECTIONS_MAX)
		bench_fail("connections", "too many");
	for (unsigned i = 0; i < count; i++) {
		all[i].state = calloc(1, protocol->state_size);
		if (all[i].state == NULL)
			bench_fail("connections", "no memory");
		connect_to(&all[i], path);
		if (protocol->greet != NULL)
			protocol->greet(&all[i]);
	}
	return all;
}

static void
hear_all(const struct client_protocol *protocol)
{
	struct epoll_event events[CONNECTIONS_MAX];
	int n = epoll_wait(work.epoll, events, CONNECTIONS_MAX, -1);

	for (int i = 0; i < n; i++) {
		struct client_connection *c = events[i].data.ptr;

		client_read(c);
		client_drop(c, protocol->take(c));
	}
}

void
client_run(const struct client_protocol *protocol, const char *path,
    unsigned connections, unsigned operations)
{
	struct client_connection *all;
	struct bench_time start;

	work.operations = operations;
	work.latencies = calloc(operations, sizeof(*work.latencies));
	work.epoll = epoll_create1(0);
	if (work.latencies == NULL)
		bench_fail("latencies", "no memory");
	all = connect_all(protocol, path, connections);
	start = bench_now();
	for (unsigned i = 0; i < connections; i++)
		protocol->begin(&all[i]);
	while (work.ended < work.operations)
		hear_all(protocol);
	bench_report_latencies(operations, &start, work.latencies, operations);
	for (unsigned i = 0; i < connections; i++)
		free(all[i].state);
	free(all);
	free(work.latencies);
}
