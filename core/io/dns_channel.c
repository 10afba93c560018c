/*
 * dns_channel: c-ares channels, their sockets and their timer on the loop.
 *
 * DNS and nothing but DNS: no hosts file, no search list, no alias file. c-ares
 * reads LOCALDOMAIN and RES_OPTIONS, and options, search and sortlist lines of
 * resolv.conf, only for what its caller left open: nothing is left open here.
 * Without EDNS, which 1.18 turns on and off for a whole channel at a FORMERR;
 * an answer above 512 octets comes over TCP.
 *
 * When a connection fails, 1.18 takes the server away from every question of the
 * channel, those by UDP as well. So a channel for many speaks UDP alone, and a
 * question whose answer was cut short is asked by TCP on a channel of its own.
 *
 * A channel cannot change its servers while it has questions in flight. When
 * resolv.conf has changed, the next question gets a new one, and the old one
 * finishes what it has.
 *
 * Test: tests/unit/test_dns.c
 */
#include <config.h>

#include "io/dns_channel.h"

#include "base/error.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <ares.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
/* Milliseconds between two looks at it. */
#define RESOLV_CONF_CHECK 1000
#define TRIES 2

/* One c-ares channel. */
struct wire {
	ares_channel ares;
	struct loop *loop;
	struct timer timer;
	unsigned active; /* questions in flight */
	struct wire *next;
};

struct dns_channel {
	struct loop *loop;
	int timeout;
	struct ares_addr_port_node *servers; /* NULL: resolv.conf */
	struct wire *wires; /* the first is current, the others finish */
	struct stat conf;   /* resolv.conf when the current one was made */
	int64_t checked;    /* when it was last looked at */
};

struct question {
	struct dns_channel *channel;
	struct wire *wire;
	bool by_tcp;
	enum dns_record record;
	char name[DNS_NAME_SIZE];
	dns_message_fn *fn;
	void *arg;
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void
global_init(void)
{
	(void)ares_library_init(ARES_LIB_INIT_ALL);
}

/* ---- Sockets: c-ares's own would let a broken TCP connection raise SIGPIPE */

static ares_socket_t
wire_socket(int domain, int type, int protocol, void *arg)
{
	int fd, on = 1;

	(void)arg;
	fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd >= 0 && type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	return fd;
}

static int
wire_close(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int
wire_connect(ares_socket_t fd, const struct sockaddr *sa, ares_socklen_t len,
    void *arg)
{
	(void)arg;
	return connect(fd, sa, len);
}

static ares_ssize_t
wire_receive(ares_socket_t fd, void *data, size_t len, int flags,
    struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
	(void)arg;
	return recvfrom(fd, data, len, flags, from, from_len);
}

static ares_ssize_t
wire_send(ares_socket_t fd, const struct iovec *vec, int count, void *arg)
{
	struct msghdr message = { .msg_iovlen = (size_t)count };

	(void)arg;
	/* The structure is shared with recvmsg, hence without the const. */
	memcpy(&message.msg_iov, &vec, sizeof(vec));
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
	.asocket = wire_socket,
	.aclose = wire_close,
	.aconnect = wire_connect,
	.arecvfrom = wire_receive,
	.asendv = wire_send,
};

/* ---- One channel on the loop -------------------------------------------- */

static void wire_arm(struct wire *wire);

static void
wire_process(struct wire *wire, ares_socket_t readable, ares_socket_t writable)
{
	ares_process_fd(wire->ares, readable, writable);
	wire_arm(wire);
}

static void
wire_timer(void *arg)
{
	wire_process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Wake up when c-ares next has something to give up. */
static void
wire_arm(struct wire *wire)
{
	struct timers timers = loop_timers(wire->loop);
	struct timeval tv;

	if (ares_timeout(wire->ares, NULL, &tv) == NULL) {
		timer_stop(&timers, &wire->timer);
		return;
	}
	timer_start(&timers, &wire->timer,
	    clock_monotonic(loop_clock(wire->loop)) + tv.tv_sec * 1000 +
		tv.tv_usec / 1000 + 1,
	    wire_timer, wire);
}

static void
wire_ready(void *arg, int fd, unsigned events)
{
	wire_process(arg, (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
}

static void
wire_watch(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct wire *wire = arg;

	/* Without memory to watch it, the question runs into its timeout. */
	(void)loop_watch(wire->loop, fd,
	    (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0),
	    wire_ready, wire);
}

static void
wire_free(struct wire *wire)
{
	struct timers timers = loop_timers(wire->loop);

	ares_destroy(wire->ares);
	timer_stop(&timers, &wire->timer);
	free(wire);
}

static int
wire_init(struct wire *wire, const struct dns_channel *channel, bool by_tcp)
{
	char lookups[] = "b";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		    (by_tcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
		.timeout = channel->timeout,
		.tries = TRIES,
		.ndots = 1,
		.lookups = lookups,
		.sock_state_cb = wire_watch,
		.sock_state_cb_data = wire,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
	    ARES_OPT_SORTLIST | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;
	int rc;

	if (channel->servers != NULL)
		mask |= ARES_OPT_SERVERS; /* none yet, but not the file's */
	rc = ares_init_options(&wire->ares, &options, mask);
	if (rc != ARES_SUCCESS)
		return rc;
	ares_set_socket_functions(wire->ares, &socket_functions, NULL);
	if (channel->servers != NULL)
		rc = ares_set_servers_ports(wire->ares, channel->servers);
	if (rc != ARES_SUCCESS)
		ares_destroy(wire->ares);
	return rc;
}

/* A new channel in front of those that *link leads to. */
static enum mtasts_status
wire_new(struct dns_channel *channel, bool by_tcp, struct wire **link,
    struct mtasts_error *err)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int rc;

	if (wire == NULL)
		return error_nomem(err, "DNS");
	wire->loop = channel->loop;
	rc = wire_init(wire, channel, by_tcp);
	if (rc != ARES_SUCCESS) {
		free(wire);
		return error_set(err,
		    rc == ARES_ENOMEM ? MTASTS_NOMEM : MTASTS_SYSTEM,
		    MTASTS_STAGE_DNS, rc, "DNS cannot be set up: %s",
		    ares_strerror(rc));
	}
	wire->next = *link;
	*link = wire;
	return MTASTS_OK;
}

/* ---- Configured servers ------------------------------------------------- */

static bool
parse_port(const char *text, int *out)
{
	char *end;
	long port;

	if (*text < '0' || *text > '9')
		return false;
	port = strtol(text, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return false;
	*out = (int)port;
	return true;
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53" */
static bool
parse_server(const char *text, struct address *address, int *port)
{
	char host[ADDRESS_TEXT_SIZE];
	const char *start = text, *end;

	*port = 0;
	if (address_parse(text, address))
		return true;
	if (*text == '[') {
		start = text + 1;
		end = strchr(start, ']');
	} else {
		end = strrchr(start, ':');
	}
	if (end == NULL || (size_t)(end - start) >= sizeof(host))
		return false;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if (!address_parse(host, address))
		return false;
	if (*text == '[' && *++end == '\0')
		return address->family == AF_INET6;
	return *end == ':' && parse_port(end + 1, port) &&
	    (address->family == AF_INET6) == (*text == '[');
}

static void
servers_free(struct ares_addr_port_node *servers)
{
	struct ares_addr_port_node *next;

	for (; servers != NULL; servers = next) {
		next = servers->next;
		free(servers);
	}
}

static enum mtasts_status
servers_parse(const struct dns_cares_options *options,
    struct ares_addr_port_node **end, struct mtasts_error *err)
{
	struct ares_addr_port_node *node;
	struct address address;
	size_t i;
	int port;

	for (i = 0; i < options->server_count; i++) {
		if (!parse_server(options->servers[i], &address, &port))
			return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_DNS,
			    0, "not the address of a DNS server: %s",
			    options->servers[i]);
		if ((node = calloc(1, sizeof(*node))) == NULL)
			return error_nomem(err, "DNS servers");
		node->family = address.family;
		memcpy(&node->addr, address.octets,
		    address.family == AF_INET ? 4 : 16);
		node->udp_port = node->tcp_port = port;
		*end = node;
		end = &node->next;
	}
	return MTASTS_OK;
}

/* ---- The channel in use ------------------------------------------------- */

static void
look_at_conf(struct stat *out)
{
	if (stat(RESOLV_CONF, out) != 0)
		memset(out, 0, sizeof(*out));
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum mtasts_status
dns_channel_new(struct loop *loop, const struct dns_cares_options *options,
    struct dns_channel **out, struct mtasts_error *err)
{
	struct dns_channel *channel;
	enum mtasts_status status;

	*out = NULL;
	pthread_once(&global_once, global_init);
	if ((channel = calloc(1, sizeof(*channel))) == NULL)
		return error_nomem(err, "DNS");
	channel->loop = loop;
	channel->timeout = options->timeout;
	channel->checked = clock_monotonic(loop_clock(loop));
	look_at_conf(&channel->conf);
	status = servers_parse(options, &channel->servers, err);
	if (status == MTASTS_OK)
		status = wire_new(channel, false, &channel->wires, err);
	if (status != MTASTS_OK)
		dns_channel_free(&channel);
	*out = channel;
	return status;
}

void
dns_channel_free(struct dns_channel **channel)
{
	struct dns_channel *c = *channel;
	struct wire *wire;

	if (c == NULL)
		return;
	*channel = NULL;
	while ((wire = c->wires) != NULL) {
		c->wires = wire->next;
		wire_free(wire);
	}
	servers_free(c->servers);
	free(c);
}

static void
follow_conf(struct dns_channel *channel)
{
	int64_t now = clock_monotonic(loop_clock(channel->loop));
	struct stat conf;

	if (channel->servers != NULL ||
	    now - channel->checked < RESOLV_CONF_CHECK)
		return;
	channel->checked = now;
	look_at_conf(&conf);
	/* Without a new channel the old one goes on, until the next look. */
	if (!same_file(&conf, &channel->conf) &&
	    wire_new(channel, false, &channel->wires, NULL) == MTASTS_OK)
		channel->conf = conf;
}

/* Old channels that have finished. */
static void
sweep(struct dns_channel *channel)
{
	struct wire **link = &channel->wires->next, *wire;

	while ((wire = *link) != NULL) {
		if (wire->active > 0) {
			link = &wire->next;
			continue;
		}
		*link = wire->next;
		wire_free(wire);
	}
}

/* c-ares's verdict where there is no message: the only place that knows it. */
static enum dns_status
translate(int code, const char **detail)
{
	switch (code) {
	case ARES_SUCCESS:
		*detail = "empty answer";
		return DNS_SERVFAIL;
	case ARES_ENOMEM:
		*detail = "";
		return DNS_NOMEM;
	case ARES_ETIMEOUT:
	case ARES_EDESTRUCTION:
		*detail = "no answer in time";
		return DNS_TIMEOUT;
	case ARES_ENOTFOUND: /* .onion is never asked for (RFC 7686) */
		*detail = "";
		return DNS_NXDOMAIN;
	case ARES_ECONNREFUSED:
		*detail = "no server answers";
		return DNS_SERVFAIL;
	case ARES_EBADNAME:
		*detail = "name cannot be asked for";
		return DNS_SERVFAIL;
	default:
		*detail = ares_strerror(code);
		return DNS_SERVFAIL;
	}
}

static bool
is_truncated(const unsigned char *message, int len)
{
	return len > 2 && (message[2] & 0x02) != 0;
}

static void send_on(struct question *question, struct wire *wire);

/* The current channel stays the first. */
static enum dns_status
send_by_tcp(struct question *question)
{
	struct wire *current = question->channel->wires;
	enum mtasts_status status = wire_new(question->channel, true,
	    &current->next, NULL);

	if (status == MTASTS_NOMEM)
		return DNS_NOMEM;
	if (status != MTASTS_OK)
		return DNS_SERVFAIL;
	question->by_tcp = true;
	send_on(question, current->next);
	return DNS_OK;
}

static void
on_message(void *arg, int code, int timeouts, unsigned char *message, int len)
{
	struct question *question = arg;
	enum dns_status status = DNS_OK;
	const char *detail = "";

	(void)timeouts;
	question->wire->active--;
	if (message == NULL) {
		status = translate(code, &detail);
	} else if (!question->by_tcp && is_truncated(message, len)) {
		if ((status = send_by_tcp(question)) == DNS_OK)
			return;
		message = NULL;
	}
	question->fn(question->arg, status, detail, message,
	    message != NULL ? (size_t)len : 0);
	free(question);
}

static void
send_on(struct question *question, struct wire *wire)
{
	const char *name = question->name;

	question->wire = wire;
	wire->active++;
	ares_query(wire->ares, *name == '\0' ? "." : name, 1 /* IN */,
	    (int)question->record, on_message, question);
	wire_arm(wire);
}

void
dns_channel_ask(struct dns_channel *channel, const char *name,
    enum dns_record record, dns_message_fn *fn, void *arg)
{
	struct question *question = calloc(1, sizeof(*question));

	if (question == NULL) {
		fn(arg, DNS_NOMEM, "", NULL, 0);
		return;
	}
	follow_conf(channel);
	sweep(channel);
	question->channel = channel;
	question->record = record;
	memcpy(question->name, name, strlen(name) + 1);
	question->fn = fn;
	question->arg = arg;
	send_on(question, channel->wires);
}
