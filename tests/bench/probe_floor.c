/*
 * Row 11, floor: OpenSSL over non-blocking sockets, doing STARTTLS and
 * verification and nothing else. No DNS; the roots are loaded once.
 *
 *	probe_floor ADDRESS ROOTS COUNT JOBS
 */
#include "bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 256
#define SMTP_PORT 25

/* Which answer is awaited. */
enum stage {
	BANNER,
	EHLO,
	STARTTLS,
	HANDSHAKE,
	QUIT
};

struct host {
	char name[BENCH_NAME_SIZE + 8];
	int fd;
	SSL *ssl;
	enum stage stage;
};

static struct {
	SSL_CTX *ctx;
	struct sockaddr_in address;
	int epoll;
	unsigned count, jobs, started, done;
} work;

static void
say(struct host *host, const char *text)
{
	size_t len = strlen(text);

	if ((host->ssl != NULL ? SSL_write(host->ssl, text, (int)len)
			       : (int)write(host->fd, text, len)) != (int)len)
		bench_fail(host->name, "cannot write");
}

static void
start_one(void)
{
	struct host *host = calloc(1, sizeof(*host));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = host };
	char name[BENCH_NAME_SIZE];

	if (host == NULL)
		bench_fail("host", "no memory");
	bench_name(work.started++, name);
	snprintf(host->name, sizeof(host->name), "mx.%s", name);
	host->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(host->fd, (struct sockaddr *)&work.address,
		sizeof(work.address)) != 0 &&
	    errno != EINPROGRESS)
		bench_fail(host->name, strerror(errno));
	epoll_ctl(work.epoll, EPOLL_CTL_ADD, host->fd, &event);
}

static void
begin_tls(struct host *host)
{
	host->ssl = SSL_new(work.ctx);
	if (host->ssl == NULL || SSL_set_fd(host->ssl, host->fd) != 1 ||
	    SSL_set_tlsext_host_name(host->ssl, host->name) != 1 ||
	    SSL_set1_host(host->ssl, host->name) != 1)
		bench_fail(host->name, "no TLS");
	SSL_set_verify(host->ssl, SSL_VERIFY_PEER, NULL);
	SSL_set_connect_state(host->ssl);
}

/* True when it is done. */
static bool
shake_hands(struct host *host)
{
	int rc = SSL_connect(host->ssl);

	if (rc == 1)
		return true;
	if (SSL_get_error(host->ssl, rc) != SSL_ERROR_WANT_READ)
		bench_fail(
		    host->name, ERR_reason_error_string(ERR_get_error()));
	return false;
}

static void
leave(struct host *host)
{
	SSL_shutdown(host->ssl);
	SSL_free(host->ssl);
	close(host->fd);
	free(host);
	work.done++;
	if (work.started < work.count)
		start_one();
}

/* Whether an answer came. */
static bool
hear(struct host *host)
{
	char text[1024];

	if (host->ssl != NULL)
		return SSL_read(host->ssl, text, sizeof(text)) > 0;
	return read(host->fd, text, sizeof(text)) > 0;
}

static void
go_on(struct host *host)
{
	if (host->stage == HANDSHAKE ? !shake_hands(host) : !hear(host))
		return;
	switch (host->stage++) {
	case BANNER:
		say(host, "EHLO bench.test\r\n");
		break;
	case EHLO:
		say(host, "STARTTLS\r\n");
		break;
	case STARTTLS:
		begin_tls(host);
		shake_hands(host);
		break;
	case HANDSHAKE:
		say(host, "QUIT\r\n");
		break;
	case QUIT:
		leave(host);
		break;
	}
}

static void
open_all(const char *address, const char *roots)
{
	work.address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(SMTP_PORT) };
	if (inet_pton(AF_INET, address, &work.address.sin_addr) != 1)
		bench_fail(address, "no address");
	work.ctx = SSL_CTX_new(TLS_client_method());
	if (work.ctx == NULL ||
	    SSL_CTX_load_verify_locations(work.ctx, roots, NULL) != 1)
		bench_fail(roots, "cannot be loaded");
	SSL_CTX_set_min_proto_version(work.ctx, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(work.ctx, SSL_SESS_CACHE_OFF);
	work.epoll = epoll_create1(0);
}

int
main(int argc, char **argv)
{
	struct bench_time start = bench_now();
	struct epoll_event events[EVENTS];

	if (argc != 5)
		bench_fail("usage", "probe_floor ADDRESS ROOTS COUNT JOBS");
	work.count = bench_number(argv[3]);
	work.jobs = bench_number(argv[4]);
	open_all(argv[1], argv[2]);
	while (work.started < work.jobs && work.started < work.count)
		start_one();
	while (work.done < work.count) {
		int n = epoll_wait(work.epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			go_on(events[i].data.ptr);
	}
	bench_report(work.count, &start);
	return 0;
}
