/* The HTTPS port against servers of its own (STS-3.3-01, -02, -06 to -08, -11,
 * -12, STS-7.1-02, STS-7.2-01, STS-7.2-02; issue 2, Discovery, Bad input). */
#include <config.h>

#include "io/https_curl.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/fake_dns.h"
#include "net/pki.h"
#include "net/world.h"
#include "support/scratch.h"

#define PATH "/.well-known/mta-sts.txt"
#define DAY 86400L
#define PATIENCE 60000 /* milliseconds, for what is sure to come */

static const struct fake_host hosts[] = {
	{ "good.test", "127.0.0.1", DNS_OK },
	{ "six.test", "::1", DNS_OK },
	{ "second.test", "127.0.0.9 127.0.0.1", DNS_OK },
	{ "partly.test", "10.0.0.1 127.0.0.1", DNS_OK },
	{ "inside.test", "10.0.0.1 192.168.0.1", DNS_OK },
	{ "refusing.test", "127.0.0.9", DNS_OK },
	{ "silent.test", "127.0.0.2", DNS_OK },
	{ "closing.test", "127.0.0.3", DNS_OK },
	{ "plain.test", "127.0.0.4", DNS_OK },
	{ "old.test", "127.0.0.5", DNS_OK },
	{ "nodata.test", NULL, DNS_NODATA },
	{ "dnstimeout.test", NULL, DNS_TIMEOUT },
	{ "dnssilent.test", NULL, DNS_OK },
	{ "expired.test", "127.0.0.1", DNS_OK },
	{ "future.test", "127.0.0.1", DNS_OK },
	{ "selfsigned.test", "127.0.0.1", DNS_OK },
	{ "unknown.test", "127.0.0.1", DNS_OK },
	{ "cn.test", "127.0.0.1", DNS_OK },
	{ "dot.test", "127.0.0.1", DNS_OK },
	{ "misnamed.test", "127.0.0.1", DNS_OK },
	{ "redirect.test", "127.0.0.1", DNS_OK },
	{ "missing.test", "127.0.0.1", DNS_OK },
	{ "short.test", "127.0.0.1", DNS_OK },
	{ "chunk.test", "127.0.0.1", DNS_OK },
	{ "cut.test", "127.0.0.1", DNS_OK },
	{ "until.test", "127.0.0.1", DNS_OK },
	{ "endless.test", "127.0.0.1", DNS_OK },
	{ "exact.test", "127.0.0.1", DNS_OK },
	{ "heads.test", "127.0.0.1", DNS_OK },
	{ "interim.test", "127.0.0.1", DNS_OK },
	{ "nothttp.test", "127.0.0.1", DNS_OK },
	{ "drip.test", "127.0.0.1", DNS_OK },
	{ "mute.test", "127.0.0.1", DNS_OK },
	{ "empty.test", "127.0.0.1", DNS_OK },
	{ "gzip.test", "127.0.0.1", DNS_OK },
	{ NULL, NULL, DNS_OK },
};

/* ---- The server --------------------------------------------------------- */

static struct pki_pair root, foreign;
static char root_path[] = "/tmp/mtasts-root-XXXXXX";

/* A certificate for the host of the SNI, with what its name says is wrong. */
static SSL_CTX *
context_for(const char *host, int version)
{
	char san[128];
	struct pki_wish wish = { .san = san, .not_before = -DAY,
		.not_after = DAY };
	struct pki_pair pair;
	SSL_CTX *ctx;

	(void)snprintf(san, sizeof(san), "DNS:%s", host);
	if (strcmp(host, "expired.test") == 0)
		wish.not_after = -60;
	if (strcmp(host, "future.test") == 0)
		wish.not_before = 3600;
	if (strcmp(host, "cn.test") == 0) {
		wish.cn = host;
		wish.san = NULL;
	}
	if (strcmp(host, "misnamed.test") == 0)
		wish.san = "DNS:other.test";
	if (strcmp(host, "dot.test") == 0)
		wish.san = "DNS:dot.test.";
	if (strcmp(host, "selfsigned.test") == 0)
		pair = pki_selfsigned(&wish);
	else if (strcmp(host, "unknown.test") == 0)
		pair = pki_issue(&foreign, &wish);
	else
		pair = pki_issue(&root, &wish);
	ctx = pki_server(&pair, version);
	pki_free(&pair);
	return ctx;
}

static char sni[128];

static int
on_sni(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)arg;
	if (name == NULL)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	(void)snprintf(sni, sizeof(sni), "%s", name);
	SSL_set_SSL_CTX(ssl, context_for(name, 0));
	return SSL_TLSEXT_ERR_OK;
}

static void
say(SSL *ssl, const char *text)
{
	(void)SSL_write(ssl, text, (int)strlen(text));
}

static bool
forever(SSL *ssl, const char *text)
{
	while (SSL_write(ssl, text, (int)strlen(text)) > 0)
		;
	return true;
}

static void
respond(SSL *ssl, const char *request)
{
	static char block[65536];
	char head[128];
	int i;

	if (strcmp(sni, "redirect.test") == 0) {
		say(ssl, "HTTP/1.1 301 Moved\r\nLocation: https://good.test"
			 PATH "\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(sni, "missing.test") == 0) {
		say(ssl, "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone");
	} else if (strcmp(sni, "short.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc");
	} else if (strcmp(sni, "chunk.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			 "\r\n3\r\nabc\r\n");
	} else if (strcmp(sni, "cut.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\n\r\nversion: STSv1\r\n");
		_exit(0); /* TCP ends, TLS does not */
	} else if (strcmp(sni, "until.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\n\r\nall of it");
	} else if (strcmp(sni, "endless.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\n\r\n");
		forever(ssl, "mx: *.example.com\r\n");
	} else if (strcmp(sni, "exact.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n");
		(void)SSL_write(ssl, block, sizeof(block));
	} else if (strcmp(sni, "heads.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\n");
		forever(ssl, "X-Filler: 0123456789\r\n");
	} else if (strcmp(sni, "interim.test") == 0) {
		say(ssl, "HTTP/1.1 103 Early\r\nContent-Type: text/html\r\n"
			 "\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			 "Content-Length: 2\r\n\r\nok");
	} else if (strcmp(sni, "nothttp.test") == 0) {
		say(ssl, "version: STSv1\r\nmode: enforce\r\n");
	} else if (strcmp(sni, "drip.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
		for (i = 0; i < 1000; i++) {
			say(ssl, "x");
			usleep(20000);
		}
	} else if (strcmp(sni, "mute.test") == 0) {
		sleep(60);
	} else if (strcmp(sni, "empty.test") == 0) {
		return;
	} else if (strcmp(sni, "gzip.test") == 0) {
		say(ssl, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
			 "Content-Length: 5\r\n\r\n\x1f\x8bxyz");
	} else {
		(void)snprintf(head, sizeof(head),
		    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		    "Content-Length: %zu\r\n\r\n", strlen(request));
		say(ssl, head);
		say(ssl, request);
	}
}

static void
talk_https(int fd, void *arg)
{
	char request[4096] = "";
	SSL *ssl = SSL_new(arg);
	size_t len = 0;
	int n;

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1)
		return;
	while (strstr(request, "\r\n\r\n") == NULL &&
	    (n = SSL_read(ssl, request + len,
		 (int)(sizeof(request) - len - 1))) > 0) {
		len += (size_t)n;
		request[len] = '\0';
	}
	respond(ssl, request);
	(void)SSL_shutdown(ssl);
	(void)SSL_read(ssl, request, sizeof(request));
}

static void
talk_silent(int fd, void *arg)
{
	(void)arg;
	world_hang(fd);
}

static void
talk_closing(int fd, void *arg)
{
	(void)fd;
	(void)arg;
}

static void
talk_plain(int fd, void *arg)
{
	(void)arg;
	world_write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
	world_hang(fd);
}

static void
pipe_both(int a, int b)
{
	struct pollfd fds[2] = { { .fd = a, .events = POLLIN },
		{ .fd = b, .events = POLLIN } };
	char buf[4096];
	ssize_t n;
	int i;

	while (poll(fds, 2, -1) > 0)
		for (i = 0; i < 2; i++) {
			if (fds[i].revents == 0)
				continue;
			n = read(fds[i].fd, buf, sizeof(buf));
			if (n <= 0 ||
			    write(fds[1 - i].fd, buf, (size_t)n) != n)
				return;
		}
}

/* A proxy that only knows one host, by its name. */
static void
talk_proxy(int fd, void *arg)
{
	char line[512];
	struct sockaddr_storage sa;
	struct address address;
	socklen_t len;
	int on;

	(void)arg;
	if (!world_read_line(fd, line, sizeof(line)) ||
	    strcmp(line, "CONNECT byproxy.test:443 HTTP/1.1") != 0) {
		world_write(fd, "HTTP/1.1 403 No\r\n\r\n");
		return;
	}
	while (world_read_line(fd, line, sizeof(line)) && line[0] != '\0')
		;
	if (!address_parse("127.0.0.1", &address))
		abort();
	len = address_to_sockaddr(&address, 443, &sa);
	on = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(on, (const struct sockaddr *)&sa, len) != 0)
		abort();
	world_write(fd, "HTTP/1.1 200 Go\r\nContent-Type: no\r\n\r\n");
	pipe_both(fd, on);
}

/* ---- The client --------------------------------------------------------- */

static struct loop *loop;
static struct dns dns;
static struct https https;
static struct network allowed[2];
static pid_t servers[8];

struct result {
	bool done;
	struct https_transfer *transfer;
	enum https_status status;
	int code;
	char type[64];
	char body[4096];
	size_t len;
	char detail[128];
	char address[64];
};

static void
on_done(void *arg, const struct https_answer *a)
{
	struct result *r = arg;

	assert_false(r->done);
	assert_null(r->transfer);
	r->done = true;
	r->status = a->status;
	r->code = a->code;
	r->len = a->len;
	(void)snprintf(r->type, sizeof(r->type), "%s",
	    a->content_type != NULL ? a->content_type : "-");
	(void)snprintf(r->body, sizeof(r->body), "%.*s", (int)a->len, a->body);
	(void)snprintf(r->detail, sizeof(r->detail), "%s", a->detail);
	(void)snprintf(r->address, sizeof(r->address), "%s", a->address);
}

static void
run(const bool *stop, int64_t ms)
{
	int64_t until = clock_monotonic(&clock_system) + ms;

	while (!*stop && clock_monotonic(&clock_system) < until)
		loop_run_once(loop, until);
}

static void
start(const char *host, https_done_fn *done, struct result *r)
{
	*r = (struct result){ .done = false };
	assert_int_equal(https_start(&https, host, PATH, done, r,
			     &r->transfer), MTASTS_OK);
	assert_false(r->done);
	assert_non_null(r->transfer);
}

static void
get(const char *host, struct result *r)
{
	start(host, on_done, r);
	run(&r->done, PATIENCE);
	assert_true(r->done);
}

static void
make_https(const char *proxy, int timeout)
{
	struct https_curl_options options = {
		.ca_file = root_path,
		.proxy = proxy,
		.guard = { .allowed = allowed, .count = 2 },
		.timeout = timeout,
	};

	https_curl_free(&https);
	assert_int_equal(https_curl_new(loop, &dns, &options, &https, NULL),
	    MTASTS_OK);
}

static int
make_world(void **state)
{
	SSL_CTX *ctx, *old;
	size_t n = 0;

	(void)state;
	close(mkstemp(root_path));
	root = pki_root("test root");
	foreign = pki_root("foreign root");
	pki_write(root.cert, root_path);
	ctx = context_for("default.test", 0);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_sni);
	old = context_for("old.test", TLS1_1_VERSION);
	servers[n++] = world_accept("127.0.0.1", 443, talk_https, ctx);
	servers[n++] = world_accept("::1", 443, talk_https, ctx);
	servers[n++] = world_accept("127.0.0.2", 443, talk_silent, NULL);
	servers[n++] = world_accept("127.0.0.3", 443, talk_closing, NULL);
	servers[n++] = world_accept("127.0.0.4", 443, talk_plain, NULL);
	servers[n++] = world_accept("127.0.0.5", 443, talk_https, old);
	servers[n++] = world_accept("127.0.0.1", 3128, talk_proxy, NULL);
	SSL_CTX_free(ctx);
	SSL_CTX_free(old);
	dns = fake_dns(hosts);
	if (!network_parse("127.0.0.0/8", &allowed[0]) ||
	    !network_parse("::1", &allowed[1]))
		return -1;
	return loop_new(&clock_system, &loop, NULL) == MTASTS_OK ? 0 : -1;
}

static int
free_world(void **state)
{
	size_t i;

	(void)state;
	https_curl_free(&https);
	loop_free(&loop);
	for (i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		world_stop(servers[i]);
	pki_free(&root);
	pki_free(&foreign);
	unlink(root_path);
	return 0;
}

static int
use_defaults(void **state)
{
	(void)state;
	make_https(NULL, PATIENCE);
	return 0;
}

/* ---- Tests -------------------------------------------------------------- */

static const struct {
	const char *host;
	enum https_status status;
	int code;
	const char *detail;
} outcomes[] = {
	{ "good.test", HTTPS_OK, 200, "" },
	{ "Good.TEST.", HTTPS_OK, 200, "" },
	{ "six.test", HTTPS_OK, 200, "" },
	{ "second.test", HTTPS_OK, 200, "" },
	{ "partly.test", HTTPS_OK, 200, "" },
	{ "inside.test", HTTPS_REFUSED, 0, "guard-10.0.0.1" },
	{ "refusing.test", HTTPS_CONNECT, 0, "connect-refused" },
	{ "closing.test", HTTPS_PROTOCOL, 0, "tls-handshake" },
	{ "plain.test", HTTPS_PROTOCOL, 0, "not-tls" },
	{ "old.test", HTTPS_PROTOCOL, 0, "tls-version" },
	{ "nowhere.test", HTTPS_DNS, 0, "dns-nxdomain" },
	{ "nodata.test", HTTPS_DNS, 0, "dns-nodata" },
	{ "dnstimeout.test", HTTPS_DNS, 0, "dns-timeout" },
	{ "bad name", HTTPS_DNS, 0, "bad-name" },
	/* STS-3.3-01, -02 */
	{ "expired.test", HTTPS_TLS, 0, "X509_V_ERR_CERT_HAS_EXPIRED" },
	{ "future.test", HTTPS_TLS, 0, "X509_V_ERR_CERT_NOT_YET_VALID" },
	{ "selfsigned.test", HTTPS_TLS, 0,
	    "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT" },
	{ "unknown.test", HTTPS_TLS, 0,
	    "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
	{ "cn.test", HTTPS_TLS, 0, "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "misnamed.test", HTTPS_TLS, 0, "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "dot.test", HTTPS_TLS, 0, "X509_V_ERR_HOSTNAME_MISMATCH" },
	/* STS-3.3-06, -07: the code is told, nothing is followed */
	{ "redirect.test", HTTPS_OK, 301, "" },
	{ "missing.test", HTTPS_OK, 404, "" },
	{ "short.test", HTTPS_PROTOCOL, 200, "truncated" },
	{ "chunk.test", HTTPS_PROTOCOL, 200, "truncated" },
	{ "cut.test", HTTPS_PROTOCOL, 200, "truncated" },
	{ "until.test", HTTPS_OK, 200, "" },
	{ "endless.test", HTTPS_TOO_LARGE, 200, "too-large" },
	{ "exact.test", HTTPS_OK, 200, "" },
	{ "heads.test", HTTPS_TOO_LARGE, 200, "too-large" },
	{ "interim.test", HTTPS_OK, 200, "" },
	{ "nothttp.test", HTTPS_PROTOCOL, 0, "not-http" },
	{ "empty.test", HTTPS_CONNECT, 0, "connection-closed" },
	{ "gzip.test", HTTPS_OK, 200, "" },
};

static void
outcomes_are_told_apart(void **state)
{
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		get(outcomes[i].host, &r);
		if (r.status != outcomes[i].status ||
		    r.code != outcomes[i].code ||
		    strcmp(r.detail, outcomes[i].detail) != 0)
			fail_msg("%s: %s %d %s", outcomes[i].host,
			    https_status_name(r.status), r.code, r.detail);
		if (r.status != HTTPS_OK)
			assert_int_equal(r.len, 0);
	}
}

/* STS-3.3-08, STS-7.1-02 */
static void
request_says_no_more_than_it_must(void **state)
{
	struct result r;

	(void)state;
	get("good.test", &r);
	assert_string_equal(r.body, "GET " PATH " HTTP/1.1\r\n"
	    "Host: good.test\r\nUser-Agent: mtasts/" MTASTS_VERSION "\r\n"
	    "Accept: */*\r\n\r\n");
	assert_string_equal(r.type, "text/plain");
	assert_string_equal(r.address, "127.0.0.1");
	get("six.test", &r);
	assert_string_equal(r.address, "::1");
}

static void
bodies_and_types_arrive(void **state)
{
	struct result r;

	(void)state;
	get("interim.test", &r);
	assert_string_equal(r.body, "ok");
	assert_string_equal(r.type, "text/plain");
	get("exact.test", &r);
	assert_int_equal(r.len, 65536);
	get("gzip.test", &r);
	assert_string_equal(r.body, "\x1f\x8bxyz");
	assert_string_equal(r.type, "-");
	get("until.test", &r);
	assert_string_equal(r.body, "all of it");
}

/* STS-3.3-11 */
static void
time_is_bounded(void **state)
{
	static const char *const names[] = { "silent.test", "drip.test",
		"mute.test", "dnssilent.test" };
	struct result r;
	size_t i;

	(void)state;
	make_https(NULL, 300);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		get(names[i], &r);
		if (r.status != HTTPS_TIMEOUT)
			fail_msg("%s: %s", names[i],
			    https_status_name(r.status));
	}
}

static void
many_at_once(void **state)
{
	static struct result r[50];
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		start(i % 2 == 0 ? "good.test" : "missing.test", on_done,
		    &r[i]);
	for (i = 0; i < 50; i++) {
		run(&r[i].done, PATIENCE);
		assert_true(r[i].done);
		assert_int_equal(r[i].status, HTTPS_OK);
		assert_int_equal(r[i].code, i % 2 == 0 ? 200 : 404);
	}
}

static void
proxy_is_given_the_name(void **state)
{
	struct result r;

	(void)state;
	make_https("http://127.0.0.1:3128", PATIENCE);
	get("byproxy.test", &r); /* which DNS does not know */
	assert_int_equal(r.status, HTTPS_OK);
	assert_string_equal(r.type, "text/plain");
	get("good.test", &r); /* which the proxy refuses */
	assert_int_equal(r.status, HTTPS_CONNECT);
}

static void
odd_proxies_are_refused(void **state)
{
	static const char *const rows[] = { "https://proxy.test:3128",
		"socks5://proxy.test", "socks4://proxy.test", "ftp://x" };
	struct https_curl_options options = { .timeout = 1 };
	struct mtasts_error err;
	struct https refused;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		options.proxy = rows[i];
		assert_int_equal(https_curl_new(loop, &dns, &options, &refused,
				     &err), MTASTS_CONFIG);
	}
}

static void
environment_changes_nothing(void **state)
{
	struct result r;
	struct stat st;

	(void)state;
	get("good.test", &r);
	assert_int_equal(r.status, HTTPS_OK);
	get("refusing.test", &r);
	assert_string_equal(r.detail, "connect-refused");
	if (stat(getenv("SSLKEYLOGFILE"), &st) == 0)
		assert_int_equal(st.st_size, 0);
}

static struct result other;

static void
cancel_and_start(void *arg, const struct https_answer *a)
{
	struct result *r = arg;

	r->done = true;
	r->status = a->status;
	https_cancel(&https, &other.transfer);
	assert_int_equal(https_start(&https, "good.test", PATH, on_done, &other,
			     &other.transfer), MTASTS_OK);
}

static void
cancelled_transfers_are_not_heard_of_again(void **state)
{
	struct result r[4];
	bool never = false;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		start(i < 2 ? "good.test" : "mute.test", on_done, &r[i]);
	https_cancel(&https, &r[0].transfer);
	run(&never, 100);
	https_cancel(&https, &r[2].transfer);
	https_cancel(&https, &r[2].transfer);
	run(&r[1].done, 2000);
	assert_false(r[0].done);
	assert_true(r[1].done);
	assert_false(r[2].done);
	https_cancel(&https, &r[3].transfer);

	start("mute.test", on_done, &other);
	start("good.test", cancel_and_start, &r[0]);
	run(&other.done, PATIENCE);
	assert_true(r[0].done);
	assert_int_equal(other.status, HTTPS_OK);
}

static void
free_the_port(void *arg, const struct https_answer *a)
{
	struct result *r = arg;

	(void)a;
	r->done = true;
	https_curl_free(&https);
}

static void
callback_may_free_the_port(void **state)
{
	struct result r;
	bool never = false;

	(void)state;
	start("mute.test", on_done, &other);
	start("good.test", free_the_port, &r);
	run(&r.done, PATIENCE);
	assert_true(r.done);
	assert_null(other.transfer);
	run(&never, 50);
	assert_false(other.done);
}

/* In a process that has not loaded libcurl yet. */
static bool
cannot_fetch_for_a_while(void *arg)
{
	struct rlimit old, low;
	struct result r;

	(void)arg;
	if (loop_new(&clock_system, &loop, NULL) != MTASTS_OK ||
	    getrlimit(RLIMIT_NOFILE, &old) != 0)
		return false;
	https = (struct https){ .ops = NULL };
	make_https(NULL, PATIENCE);
	low = (struct rlimit){ 3, old.rlim_max };
	setrlimit(RLIMIT_NOFILE, &low);
	get("good.test", &r);
	setrlimit(RLIMIT_NOFILE, &old);
	if (r.status != HTTPS_UNABLE ||
	    strstr(r.detail, "libcurl cannot be loaded") == NULL)
		return false;
	get("good.test", &r);
	return r.status == HTTPS_OK;
}

static void
without_libcurl_there_is_no_fetch_until_it_is_there(void **state)
{
	(void)state;
	assert_int_equal(scratch_child(cannot_fetch_for_a_while, NULL), 0);
}

static void
unreadable_roots_trust_nobody(void **state)
{
	struct https_curl_options options = {
		.ca_file = "/nonexistent.pem",
		.guard = { .allowed = allowed, .count = 2 },
	};
	struct result r;

	(void)state;
	https_curl_free(&https);
	assert_int_equal(https_curl_new(loop, &dns, &options, &https, NULL),
	    MTASTS_OK);
	get("good.test", &r);
	assert_int_equal(r.status, HTTPS_TLS);
	assert_non_null(strstr(r.detail, "/nonexistent.pem"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* the first, because the others load libcurl */
		cmocka_unit_test(
		    without_libcurl_there_is_no_fetch_until_it_is_there),
		cmocka_unit_test_setup(outcomes_are_told_apart, use_defaults),
		cmocka_unit_test_setup(request_says_no_more_than_it_must,
		    use_defaults),
		cmocka_unit_test_setup(bodies_and_types_arrive, use_defaults),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test_setup(many_at_once, use_defaults),
		cmocka_unit_test(proxy_is_given_the_name),
		cmocka_unit_test(odd_proxies_are_refused),
		cmocka_unit_test_setup(environment_changes_nothing,
		    use_defaults),
		cmocka_unit_test_setup(
		    cancelled_transfers_are_not_heard_of_again, use_defaults),
		cmocka_unit_test_setup(callback_may_free_the_port,
		    use_defaults),
		cmocka_unit_test(unreadable_roots_trust_nobody),
	};
	char key_log[] = "/tmp/mtasts-keys-XXXXXX";
	int failed;

	if (!world_enter())
		return world_skip();
	close(mkstemp(key_log));
	setenv("SSLKEYLOGFILE", key_log, 1);
	setenv("https_proxy", "http://127.0.0.9:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.9:1", 1);
	failed = cmocka_run_group_tests(tests, make_world, free_world);
	unlink(key_log);
	return failed;
}
