/*
 * A policy host or an MX host of every name, fast enough not to be what is
 * measured.
 *
 *	server https|smtp ADDRESS ROOT.pem ROOT.key DELAY
 *
 * https  port 443: one request a connection, answered by a policy after DELAY
 *        milliseconds
 * smtp   port 25: STARTTLS; mail is taken and forgotten
 */
#include "bench.h"
#include "certificates.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 256
#define INPUT_SIZE 2048
#define BODY                                                                   \
	"version: STSv1\r\nmode: enforce\r\nmx: *.bench.test\r\n"              \
	"max_age: 604800\r\n"

struct connection {
	int fd;
	SSL *ssl;      /* NULL in the clear */
	bool accepted; /* the handshake is done */
	bool in_data;
	char input[INPUT_SIZE];
	size_t len;
	double due;		 /* answer then */
	struct connection *next; /* of those that wait, oldest first */
};

static struct {
	bool smtp;
	double delay; /* seconds */
	SSL_CTX *ctx;
	int epoll, listener;
	struct connection *first, **last;
} server = { .last = &server.first };

/* ---- Octets -------------------------------------------------------------- */

static void
drop(struct connection *c)
{
	if (c->ssl != NULL) {
		if (c->accepted)
			SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
	}
	close(c->fd);
	free(c);
}

/* Answers are short: they fit into the socket's buffer. */
static void
say(struct connection *c, const char *text)
{
	int len = (int)strlen(text);

	if ((c->ssl != NULL ? SSL_write(c->ssl, text, len)
			    : (int)write(c->fd, text, (size_t)len)) != len)
		fprintf(stderr, "an answer is lost\n");
}

/* 1: something came, 0: nothing yet, -1: it is over. */
static int
hear(struct connection *c)
{
	size_t room = sizeof(c->input) - 1 - c->len;
	ssize_t n;

	if (c->ssl != NULL) {
		n = SSL_read(c->ssl, c->input + c->len, (int)room);
		if (n <= 0 &&
		    SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ)
			return 0;
	} else {
		n = read(c->fd, c->input + c->len, room);
		if (n < 0 && errno == EAGAIN)
			return 0;
	}
	if (n <= 0)
		return -1;
	c->len += (size_t)n;
	c->input[c->len] = '\0';
	return 1;
}

/* ---- HTTPS --------------------------------------------------------------- */

static void
answer_policy(struct connection *c)
{
	char head[200];

	snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n" BODY,
	    strlen(BODY));
	say(c, head);
	drop(c);
}

/* False if the connection is gone. */
static bool
take_request(struct connection *c)
{
	if (strstr(c->input, "\r\n\r\n") == NULL)
		return true;
	if (server.delay <= 0) {
		answer_policy(c);
		return false;
	}
	c->due = bench_seconds() + server.delay;
	epoll_ctl(server.epoll, EPOLL_CTL_DEL, c->fd, NULL);
	*server.last = c;
	server.last = &c->next;
	return false;
}

/* Returns milliseconds until the next is due, -1 if none waits. */
static int
answer_due(void)
{
	struct connection *c;
	double left;

	while ((c = server.first) != NULL) {
		left = c->due - bench_seconds();
		if (left > 0)
			return (int)(left * 1000) + 1;
		server.first = c->next;
		if (server.first == NULL)
			server.last = &server.first;
		answer_policy(c);
	}
	return -1;
}

/* ---- SMTP ---------------------------------------------------------------- */

static void
begin_tls(struct connection *c)
{
	c->ssl = SSL_new(server.ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		bench_fail("TLS", "no memory");
	SSL_set_accept_state(c->ssl);
}

/* False if the connection is gone. */
static bool
take_line(struct connection *c, const char *line)
{
	if (c->in_data) {
		if (strcmp(line, ".") == 0) {
			c->in_data = false;
			say(c, "250 taken\r\n");
		}
	} else if (strncasecmp(line, "EHLO", 4) == 0) {
		say(c, c->ssl != NULL ? "250-mx\r\n250 PIPELINING\r\n"
				      : "250-mx\r\n250-PIPELINING\r\n"
					"250 STARTTLS\r\n");
	} else if (strncasecmp(line, "STARTTLS", 8) == 0) {
		say(c, "220 go ahead\r\n");
		begin_tls(c);
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		c->in_data = true;
		say(c, "354 go on\r\n");
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		say(c, "221 bye\r\n");
		drop(c);
		return false;
	} else {
		say(c, "250 ok\r\n");
	}
	return true;
}

static bool
take_lines(struct connection *c)
{
	char line[INPUT_SIZE], *end;

	while ((end = strstr(c->input, "\r\n")) != NULL) {
		size_t len = (size_t)(end - c->input);

		memcpy(line, c->input, len);
		line[len] = '\0';
		c->len -= len + 2;
		memmove(c->input, end + 2, c->len + 1);
		if (!take_line(c, line))
			return false;
	}
	return true;
}

/* ---- Connections --------------------------------------------------------- */

/* 1: done, 0: not yet, -1: refused. */
static int
shake_hands(struct connection *c)
{
	int rc = SSL_accept(c->ssl);

	if (rc == 1) {
		c->accepted = true;
		return 1;
	}
	return SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static void
serve(struct connection *c)
{
	int rc;

	if (c->ssl != NULL && !c->accepted) {
		if ((rc = shake_hands(c)) < 0)
			drop(c);
		if (rc <= 0)
			return;
	}
	while ((rc = hear(c)) > 0) {
		if (!(server.smtp ? take_lines(c) : take_request(c)))
			return;
		if (c->ssl != NULL && !c->accepted)
			return; /* STARTTLS */
	}
	if (rc < 0)
		drop(c);
}

static void
accept_all(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd, on = 1;

	while (
	    (fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));

		if (c == NULL)
			bench_fail("connection", "no memory");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->fd = fd;
		event.data.ptr = c;
		epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event);
		if (server.smtp)
			say(c, "220 mx ESMTP\r\n");
		else
			begin_tls(c);
	}
}

static void
listen_at(const char *address)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN };
	int on = 1;

	sa.sin_port = htons(server.smtp ? 25 : 443);
	inet_pton(AF_INET, address, &sa.sin_addr);
	server.epoll = epoll_create1(0);
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server.listener, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(server.listener, 4096) != 0)
		bench_fail(address, strerror(errno));
	epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event);
}

static void
run(void)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(server.epoll, events, EVENTS, answer_due());

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				accept_all();
			else
				serve(events[i].data.ptr);
		}
	}
}

int
main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 6)
		bench_fail("usage",
		    "server https|smtp ADDRESS ROOT.pem ROOT.key DELAY");
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	server.smtp = strcmp(argv[1], "smtp") == 0;
	server.ctx = certificates_context(argv[3], argv[4]);
	server.delay = bench_number(argv[5]) / 1000.0;
	listen_at(argv[2]);
	run();
	return 0;
}
