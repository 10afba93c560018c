/*
 * map_server: many connections, pipelined requests, one loop.
 *
 * A request that the cache can answer is answered at once, another is looked up
 * elsewhere; either way a connection's answers leave in the order of its requests.
 * A connection that has asked much and read little is not read from. Who is longest
 * silent makes room for newcomers.
 *
 * Test: tests/milter/map.py
 */
#include <config.h>

#include "map_server.h"

#include "log.h"
#include "map_protocol.h"
#include "map_queue.h"
#include "stats.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LISTENERS_MAX 32
#define BACKLOG 512
#define CONNECTIONS_MAX 4096
#define DESCRIPTORS_KEPT 256 /* for everything else in the process */
#define PENDING_MAX 64	     /* requests of a connection */
#define OUTPUT_MAX (256 * 1024)
#define INPUT_MAX (4 * MAP_REQUEST_MAX)
#define IDLE_SECONDS 300
#define PARTIAL_SECONDS 30 /* for the rest of a request that has begun */
#define WRITE_SECONDS 60

struct connection {
	TAILQ_ENTRY(connection) link; /* longest silent first */
	struct bufferevent *stream;
	struct map_queue queue; /* not answered yet */
	int64_t partial_since; /* 0: no request has begun */
	bool paused;	       /* not read from */
	bool ending;	       /* nothing more to read: close when done */
};

static struct {
	struct event_base *base;
	struct evconnlistener *listeners[LISTENERS_MAX];
	int listener_count;
	TAILQ_HEAD(, connection) connections;
	unsigned count, max;
	int wake_fd;
	struct event *wake_event;
	bool stopping;
	void (*idle)(void);
	char answer[MAP_ANSWER_MAX];
	char frame[16 + MAP_ANSWER_MAX]; /* the same, as a netstring */
	struct evbuffer *output; /* of the connection that is at work */
} server;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- Closing ------------------------------------------------------------- */

static void
connection_close(struct connection *c)
{
	map_queue_drop(&c->queue);
	TAILQ_REMOVE(&server.connections, c, link);
	bufferevent_free(c->stream);
	free(c);
	server.count--;
	if (server.stopping && server.count == 0 && server.idle != NULL)
		server.idle();
}

static size_t
unsent(struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream)) +
	    evbuffer_get_length(server.output);
}

/* Closes it if nothing is left to do. */
static bool
end_if_done(struct connection *c)
{
	if (!c->ending || c->queue.pending > 0 || unsent(c) > 0)
		return false;
	connection_close(c);
	return true;
}

/* ---- Answering ----------------------------------------------------------- */

static void
put_answer(const char *answer)
{
	size_t len = strlen(answer);
	size_t head = netstring_header(len, server.frame);

	memcpy(server.frame + head, answer, len);
	server.frame[head + len] = ',';
	evbuffer_add(server.output, server.frame, head + len + 1);
}

/* At once, as far as the socket takes it: to have libevent wait until it may be
 * written to costs two system calls an answer. False: close. */
static bool
send_answers(struct connection *c)
{
	struct evbuffer *later = bufferevent_get_output(c->stream);

	if (evbuffer_get_length(server.output) == 0)
		return true;
	if (evbuffer_get_length(later) == 0 &&
	    evbuffer_write(server.output, bufferevent_getfd(c->stream)) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		return false;
	return evbuffer_get_length(server.output) == 0 ||
	    evbuffer_add_buffer(later, server.output) == 0;
}

/* Those at the front that have their answer. */
static void
flush_answers(struct connection *c)
{
	const char *answer;

	while ((answer = map_queue_next(&c->queue)) != NULL) {
		put_answer(answer);
		map_queue_pop(&c->queue);
	}
}

/* It waits for those before it, or may be sent at once. */
static bool
give_answer(struct connection *c, const struct map_question *question,
    const char *answer)
{
	if (c->queue.pending > 0)
		return map_queue_answered(&c->queue, question, answer);
	put_answer(answer);
	return true;
}

static void
warn_of_name(const char *name)
{
	static int64_t warned;
	int64_t moment = now();

	if (map_dialect_knows(name) || (warned != 0 && moment - warned < 60000))
		return;
	warned = moment;
	log_write(MTASTS_LOG_WARNING,
	    "event=unknown-map name=\"%.60s\" known=\"sts mtasts postfix "
	    "postfix-tlsrpt\"",
	    name);
}

/* False if there is no memory to answer it. */
static bool
handle_request(struct connection *c, char *text)
{
	struct map_question question;
	const char *name, *key;

	stats_add(STATS_MAP_REQUESTS);
	map_request_split(text, &name, &key);
	if (!map_dialect_ask(name, key, &question, server.answer,
		sizeof(server.answer))) {
		warn_of_name(name);
		return give_answer(c, &question, server.answer);
	}
	if (map_lookup_cached(&question, server.answer,
		sizeof(server.answer)))
		return give_answer(c, &question, server.answer);
	stats_add(STATS_MAP_WAITED);
	return map_queue_look_up(&c->queue, &question);
}

/* ---- Reading ------------------------------------------------------------- */

static void
set_read_timeout(struct connection *c, int seconds)
{
	const struct timeval in = { seconds, 0 }, out = { WRITE_SECONDS, 0 };

	bufferevent_set_timeouts(c->stream, &in, &out);
}

static void
note_whole(struct connection *c)
{
	if (c->partial_since != 0)
		set_read_timeout(c, IDLE_SECONDS);
	c->partial_since = 0;
}

/* A request has begun and not ended. False if it takes too long. */
static bool
note_partial(struct connection *c)
{
	int64_t moment = now();

	if (c->partial_since == 0) {
		c->partial_since = moment;
		set_read_timeout(c, PARTIAL_SECONDS);
	}
	return moment - c->partial_since < PARTIAL_SECONDS * 1000;
}

static bool
is_full(struct connection *c)
{
	return c->queue.pending >= PENDING_MAX || unsent(c) >= OUTPUT_MAX;
}

static bool
take_request(struct connection *c, const char *payload, size_t len)
{
	char text[MAP_REQUEST_MAX + 1];

	memcpy(text, payload, len);
	text[len] = '\0';
	return handle_request(c, text);
}

/* Those that are whole, while there is room for more. *used is what they took;
 * false: close. */
static bool
take_whole(struct connection *c, const char *data, size_t size, size_t *used)
{
	enum netstring_status status = NETSTRING_OK;

	for (*used = 0; !is_full(c); ) {
		const char *payload;
		size_t len, taken;

		status = netstring_parse(data + *used, size - *used, &payload,
		    &len, &taken);
		if (status != NETSTRING_OK)
			break;
		*used += taken;
		if (!take_request(c, payload, len))
			return false;
	}
	if (status == NETSTRING_BAD)
		log_write(MTASTS_LOG_WARNING, "event=bad-request door=map");
	return status != NETSTRING_BAD;
}

/* The requests that have come. False: close. */
static bool
take_requests(struct connection *c)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	size_t size = evbuffer_get_length(input), used;
	const char *data = (const char *)evbuffer_pullup(input, -1);

	if (data == NULL)
		return true;
	if (!take_whole(c, data, size, &used))
		return false;
	evbuffer_drain(input, used);
	if (used > 0)
		note_whole(c);
	return used == size || is_full(c) || note_partial(c);
}

static void
pause_or_resume(struct connection *c)
{
	bool pause = is_full(c) || c->ending;

	if (pause == c->paused)
		return;
	c->paused = pause;
	if (pause)
		bufferevent_disable(c->stream, EV_READ);
	else
		bufferevent_enable(c->stream, EV_READ);
}

/* Take and answer requests while there is room for more. False: close. */
static bool
answer_requests(struct connection *c)
{
	bool was_full;

	do {
		if (!take_requests(c))
			return false;
		was_full = is_full(c);
		flush_answers(c);
		if (!send_answers(c))
			return false;
	} while (was_full && !is_full(c));
	return true;
}

/* Go on with a connection after something has happened to it. */
static void
connection_work(struct connection *c)
{
	if (!answer_requests(c)) {
		evbuffer_drain(server.output,
		    evbuffer_get_length(server.output));
		connection_close(c);
		return;
	}
	if (!end_if_done(c))
		pause_or_resume(c);
}

static void
on_read(struct bufferevent *stream, void *arg)
{
	struct connection *c = arg;

	(void)stream;
	TAILQ_REMOVE(&server.connections, c, link);
	TAILQ_INSERT_TAIL(&server.connections, c, link);
	connection_work(c);
}

/* All is sent. */
static void
on_write(struct bufferevent *stream, void *arg)
{
	(void)stream;
	connection_work(arg);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	struct connection *c = arg;

	(void)stream;
	if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_ERROR) == 0) {
		c->ending = true;
		connection_work(c);
	} else {
		connection_close(c);
	}
}

/* ---- Accepting ----------------------------------------------------------- */

/* The longest silent one that waits for nothing. */
static bool
make_room(void)
{
	struct connection *c;

	TAILQ_FOREACH(c, &server.connections, link) {
		if (c->queue.pending == 0) {
			connection_close(c);
			return true;
		}
	}
	return false;
}

static struct connection *
connection_new(evutil_socket_t fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->stream = bufferevent_socket_new(server.base, fd,
	    BEV_OPT_CLOSE_ON_FREE);
	if (c->stream == NULL) {
		free(c);
		return NULL;
	}
	map_queue_init(&c->queue, c);
	return c;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int len, void *arg)
{
	struct connection *c = NULL;

	(void)listener;
	(void)address;
	(void)len;
	(void)arg;
	if (server.count < server.max || make_room())
		c = connection_new(fd);
	if (c == NULL) {
		close(fd);
		return;
	}
	stats_add(STATS_MAP_CONNECTIONS);
	TAILQ_INSERT_TAIL(&server.connections, c, link);
	server.count++;
	bufferevent_setcb(c->stream, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, INPUT_MAX);
	set_read_timeout(c, IDLE_SECONDS);
	bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	(void)arg;
	log_write(MTASTS_LOG_ERROR, "event=accept-failed reason=\"%s\"",
	    strerror(errno));
	if (!make_room())
		usleep(10000);
}

/* ---- Answers from elsewhere ---------------------------------------------- */

static void
wake(void)
{
	const uint64_t one = 1;

	if (write(server.wake_fd, &one, sizeof(one)) < 0)
		return; /* full: it is awake */
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	void *owner;
	uint64_t count;
	bool answered;

	(void)what;
	(void)arg;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_write(MTASTS_LOG_ERROR, "event=wake-failed");
	while (map_queue_returned(&owner, &answered)) {
		if (owner == NULL)
			continue;
		/* Without memory there is no answer: the MTA asks again. */
		if (answered)
			connection_work(owner);
		else
			connection_close(owner);
	}
}

/* ---- Starting and stopping ----------------------------------------------- */

static unsigned
connections_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 512;
	limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= CONNECTIONS_MAX + DESCRIPTORS_KEPT)
		return CONNECTIONS_MAX;
	if (limit.rlim_cur <= 2 * DESCRIPTORS_KEPT)
		return (unsigned)limit.rlim_cur / 2;
	return (unsigned)limit.rlim_cur - DESCRIPTORS_KEPT;
}

static bool
listen_on(int fd)
{
	struct evconnlistener *listener;

	if (server.listener_count == LISTENERS_MAX)
		return false;
	evutil_make_socket_nonblocking(fd);
	listener = evconnlistener_new(server.base, on_accept, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (listener == NULL)
		return false;
	evconnlistener_set_error_cb(listener, on_accept_error);
	server.listeners[server.listener_count++] = listener;
	return true;
}

bool
map_server_start(struct event_base *base, const int *fds, int count)
{
	server.base = base;
	server.max = connections_max();
	TAILQ_INIT(&server.connections);
	if ((server.output = evbuffer_new()) == NULL)
		return false;
	map_lookup_init(wake);
	server.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (server.wake_fd == -1)
		return false;
	server.wake_event = event_new(base, server.wake_fd,
	    EV_READ | EV_PERSIST, on_wake, NULL);
	if (server.wake_event == NULL ||
	    event_add(server.wake_event, NULL) != 0)
		return false;
	for (int i = 0; i < count; i++) {
		if (!listen_on(fds[i]))
			return false;
	}
	return true;
}

void
map_server_renew(void)
{
	map_lookup_renew();
}

bool
map_server_is_idle(void)
{
	return server.count == 0;
}

void
map_server_on_idle(void (*idle)(void))
{
	server.idle = idle;
}

void
map_server_stop(void)
{
	struct connection *c, *next;

	for (int i = 0; i < server.listener_count; i++)
		evconnlistener_free(server.listeners[i]);
	server.listener_count = 0;
	server.stopping = true;
	for (c = TAILQ_FIRST(&server.connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		c->ending = true;
		connection_work(c);
	}
}
