/*
 * Row 8, floor: a socket map that answers from an LMDB get and nothing else,
 *or, with "echo", from nothing at all. As many connections as come, pipelined;
 *all that came by one read is answered by one write.
 *
 *	map_floor SOCKET ENVIRONMENT|echo
 */
#include "bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 256
#define INPUT_SIZE 65536
#define ANSWER                                                                 \
	"OK secure match=mx.example.test:.mail.bench.test servername=hostname"

struct connection {
	int fd;
	char input[INPUT_SIZE];
	size_t len;
};

static struct {
	int epoll, listener;
	MDB_txn *txn; /* NULL: echo */
	MDB_dbi dbi;
	char output[2 * INPUT_SIZE];
	size_t len;
} server;

static void
must(int rc, const char *what)
{
	if (rc != 0)
		bench_fail(what, mdb_strerror(rc));
}

static void
open_env(const char *path)
{
	MDB_env *env;

	must(mdb_env_create(&env), "environment");
	must(mdb_env_open(env, path, MDB_NOTLS, 0660), path);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &server.txn), "begin");
	must(mdb_dbi_open(server.txn, NULL, 0, &server.dbi), "database");
	mdb_txn_reset(server.txn);
}

static bool
is_cached(char *domain, size_t len)
{
	MDB_val key = { len, domain }, val;
	bool found;

	must(mdb_txn_renew(server.txn), "renew");
	found = mdb_get(server.txn, server.dbi, &key, &val) == 0;
	mdb_txn_reset(server.txn);
	return found;
}

static void
answer(char *request, size_t len)
{
	char *domain = memchr(request, ' ', len);
	const char *text = ANSWER;

	if (domain == NULL)
		text = "NOTFOUND ";
	else if (server.txn != NULL &&
		 !is_cached(domain + 1, len - (size_t)(domain + 1 - request)))
		text = "NOTFOUND ";
	server.len += (size_t)sprintf(
	    server.output + server.len, "%zu:%s,", strlen(text), text);
}

/* The octets of the first netstring, 0 if it is not all there. */
static size_t
take(char *data, size_t len)
{
	char *text;
	size_t size = strtoul(data, &text, 10), head;

	if (text == data || *text != ':')
		return 0;
	head = (size_t)(text - data) + 1;
	if (head + size + 1 > len)
		return 0;
	answer(text + 1, size);
	return head + size + 1;
}

static void
flush(const struct connection *c)
{
	if (server.len > 0 &&
	    write(c->fd, server.output, server.len) != (ssize_t)server.len)
		bench_fail("write", strerror(errno));
	server.len = 0;
}

static void
serve(struct connection *c)
{
	ssize_t n = read(c->fd, c->input + c->len, INPUT_SIZE - 1 - c->len);
	size_t used = 0, size;

	if (n <= 0) {
		close(c->fd);
		free(c);
		return;
	}
	c->len += (size_t)n;
	c->input[c->len] = '\0';
	while ((size = take(c->input + used, c->len - used)) > 0) {
		used += size;
		if (server.len > INPUT_SIZE)
			flush(c);
	}
	flush(c);
	c->len -= used;
	memmove(c->input, c->input + used, c->len);
}

static void
accept_one(void)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	if (c == NULL || (c->fd = accept(server.listener, NULL, NULL)) < 0)
		bench_fail("connection", strerror(errno));
	epoll_ctl(server.epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void
listen_at(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	server.epoll = epoll_create1(0);
	server.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server.listener, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(server.listener, 1024) != 0)
		bench_fail(path, strerror(errno));
	epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 3)
		bench_fail("usage", "map_floor SOCKET ENVIRONMENT|echo");
	if (strcmp(argv[2], "echo") != 0)
		open_env(argv[2]);
	listen_at(argv[1]);
	for (;;) {
		int n = epoll_wait(server.epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				accept_one();
			else
				serve(events[i].data.ptr);
		}
	}
}
