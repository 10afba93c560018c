/*
 * Row 8, floor: a socket map by libevent, as the product's is, that answers
 * from an LMDB get and nothing else or, with "echo", from nothing at all.
 *
 *	map_floor SOCKET ENVIRONMENT|echo
 */
#include "bench.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER                                                                 \
	"OK secure match=mx.example.test:.mail.bench.test servername=hostname"

static struct {
	struct event_base *base;
	MDB_txn *txn; /* NULL: echo */
	MDB_dbi dbi;
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
answer(struct evbuffer *output, char *request, size_t len)
{
	char *domain = memchr(request, ' ', len);
	const char *text = ANSWER;

	if (domain == NULL ||
	    (server.txn != NULL &&
		!is_cached(domain + 1, len - (size_t)(domain + 1 - request))))
		text = "NOTFOUND ";
	evbuffer_add_printf(output, "%zu:%s,", strlen(text), text);
}

/* The octets of the first netstring, 0 if it is not all there. */
static size_t
take(struct evbuffer *output, char *data, size_t len)
{
	char *text;
	size_t size = strtoul(data, &text, 10), head;

	if (text == data || *text != ':')
		return 0;
	head = (size_t)(text - data) + 1;
	if (head + size + 1 > len)
		return 0;
	answer(output, text + 1, size);
	return head + size + 1;
}

static void
on_read(struct bufferevent *stream, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t len = evbuffer_get_length(input), used = 0, size;
	char *data = (char *)evbuffer_pullup(input, -1);

	(void)arg;
	while (used < len && (size = take(bufferevent_get_output(stream),
				  data + used, len - used)) > 0)
		used += size;
	evbuffer_drain(input, used);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	(void)what;
	(void)arg;
	bufferevent_free(stream);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int len, void *arg)
{
	struct bufferevent *stream =
	    bufferevent_socket_new(server.base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)address;
	(void)len;
	(void)arg;
	if (stream == NULL)
		bench_fail("connection", "no memory");
	bufferevent_setcb(stream, on_read, NULL, on_event, NULL);
	bufferevent_enable(stream, EV_READ | EV_WRITE);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (argc != 3)
		bench_fail("usage", "map_floor SOCKET ENVIRONMENT|echo");
	if (strcmp(argv[2], "echo") != 0)
		open_env(argv[2]);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", argv[1]);
	server.base = event_base_new();
	if (evconnlistener_new_bind(server.base, on_accept, NULL,
		LEV_OPT_CLOSE_ON_FREE, 1024, (struct sockaddr *)&sa,
		sizeof(sa)) == NULL)
		bench_fail(argv[1], "cannot be listened at");
	event_base_dispatch(server.base);
	return 0;
}
