/* The probe against hosts of its own (STS-4.2-01 to -04, STS-7.1-03,
 * STS-7.1-04, STS-7.2-01, STS-7.2-02, SMT-04, SMT-05; issue 2, Evaluation and
 * Bad input). */
#include <config.h>

#include "io/probe_openssl.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/fake_dns.h"
#include "net/pki.h"
#include "net/world.h"

#define DAY 86400L
#define EHLO_STARTTLS "250-host.test hello\r\n250-SIZE 1000\r\n" \
	"250-STARTTLS\r\n250 8BITMIME\r\n"
#define EHLO_PLAIN "250-host.test\r\n250 8BITMIME\r\n"
#define GREETING "220 host.test ESMTP\r\n"
#define GO "220 go ahead\r\n"
#define SILENCE NULL

/* ---- Hosts -------------------------------------------------------------- */

/* What a certificate is like. */
enum kind {
	CERT_GOOD,
	CERT_EXPIRED,
	CERT_FUTURE,
	CERT_MISNAMED,
	CERT_CN,
	CERT_IP,
	CERT_WILDCARD,
	CERT_PARTIAL_WILDCARD,
	CERT_SELFSIGNED,
	CERT_UNKNOWN_CA,
	CERT_EXPIRED_MISNAMED,
	CERT_SELFSIGNED_MISNAMED,
	CERT_OLD_TLS,
	CERT_TLS12,
	CERT_NO_TLS,	  /* plaintext instead of a handshake */
	CERT_SILENT_TLS,  /* nothing */
	CERT_CLOSING_TLS, /* the end */
};

/* Host N of the table is NAME.test on 127.0.1.N, and named so in its
 * certificate. A reply "" closes; SILENCE says nothing. */
static const struct script {
	const char *name;
	const char *greeting, *ehlo, *starttls;
	enum kind kind;
	enum probe_status status;
	const char *detail;
} scripts[] = {
	{ "good", GREETING, EHLO_STARTTLS, GO, CERT_GOOD, PROBE_OK, "" },
	{ "tls12", GREETING, EHLO_STARTTLS, GO, CERT_TLS12, PROBE_OK, "" },
	{ "wildcard", GREETING, EHLO_STARTTLS, GO, CERT_WILDCARD, PROBE_OK,
	    "" },
	{ "lines", "220-one\r\n220-two\r\n220 three\r\n",
	    "250-x\r\n250 starttls\r\n", "220-a\r\n220 b\r\n", CERT_GOOD,
	    PROBE_OK, "" },
	/* connect-failed */
	{ "silent", SILENCE, "", "", CERT_GOOD, PROBE_CONNECT_FAILED,
	    "timeout before the greeting" },
	{ "closing", "", "", "", CERT_GOOD, PROBE_CONNECT_FAILED,
	    "connection closed" },
	{ "busy", "421 too busy\r\n", "", "", CERT_GOOD, PROBE_CONNECT_FAILED,
	    "greeting: 421 too busy" },
	{ "ehlo-silent", GREETING, SILENCE, "", CERT_GOOD,
	    PROBE_CONNECT_FAILED, "timeout after EHLO" },
	{ "ehlo-closing", GREETING, "", "", CERT_GOOD, PROBE_CONNECT_FAILED,
	    "connection closed" },
	{ "ehlo-busy", GREETING, "451 later\r\n", "", CERT_GOOD,
	    PROBE_CONNECT_FAILED, "EHLO: 451 later" },
	{ "starttls-silent", GREETING, EHLO_STARTTLS, SILENCE, CERT_GOOD,
	    PROBE_CONNECT_FAILED, "timeout after STARTTLS" },
	{ "tls-silent", GREETING, EHLO_STARTTLS, GO, CERT_SILENT_TLS,
	    PROBE_CONNECT_FAILED, "timeout in the TLS handshake" },
	/* not SMTP */
	{ "ssh", "SSH-2.0-OpenSSH_9.2\r\n", "", "", CERT_GOOD, PROBE_NOT_SMTP,
	    "not an SMTP reply" },
	{ "refusing", "554 go away\x1b[2J\r\n", "", "", CERT_GOOD,
	    PROBE_NOT_SMTP, "greeting: 554 go away\\x1b[2J" },
	{ "ehlo-garbage", GREETING, "hello\r\n", "", CERT_GOOD, PROBE_NOT_SMTP,
	    "not an SMTP reply" },
	{ "ehlo-early", GREETING EHLO_STARTTLS, "", "", CERT_GOOD,
	    PROBE_NOT_SMTP, "reply that was not asked for" },
	{ "starttls-garbage", GREETING, EHLO_STARTTLS, "go\r\n", CERT_GOOD,
	    PROBE_NOT_SMTP, "not an SMTP reply" },
	/* STARTTLS */
	{ "plain", GREETING, EHLO_PLAIN, "", CERT_GOOD, PROBE_NO_STARTTLS,
	    "" },
	{ "ancient", GREETING, "502 what\r\n", "", CERT_GOOD,
	    PROBE_NO_STARTTLS, "EHLO refused: 502 what" },
	{ "stripped", GREETING, "250-x\r\n250-XXXXXXXA\r\n250 DSN\r\n", "",
	    CERT_GOOD, PROBE_NO_STARTTLS, "" },
	{ "starttls-2", GREETING, EHLO_STARTTLS, "250 what\r\n", CERT_GOOD,
	    PROBE_STARTTLS_REFUSED, "STARTTLS refused: 250 what" },
	{ "starttls-4", GREETING, EHLO_STARTTLS, "454 not now\r\n", CERT_GOOD,
	    PROBE_STARTTLS_REFUSED, "STARTTLS refused: 454 not now" },
	{ "starttls-5", GREETING, EHLO_STARTTLS, "502 never\r\n", CERT_GOOD,
	    PROBE_STARTTLS_REFUSED, "STARTTLS refused: 502 never" },
	/* SMT-04 */
	{ "injected", GREETING, EHLO_STARTTLS, GO "250 injected\r\n", CERT_GOOD,
	    PROBE_TLS_FAILED, "plaintext after STARTTLS" },
	/* the handshake */
	{ "tls-plain", GREETING, EHLO_STARTTLS, GO, CERT_NO_TLS,
	    PROBE_TLS_FAILED, "wrong version number" },
	{ "tls-closing", GREETING, EHLO_STARTTLS, GO, CERT_CLOSING_TLS,
	    PROBE_TLS_FAILED, "connection closed in the handshake" },
	{ "old", GREETING, EHLO_STARTTLS, GO, CERT_OLD_TLS, PROBE_TLS_VERSION,
	    "tlsv1 alert protocol version" },
	/* the certificate */
	{ "misnamed", GREETING, EHLO_STARTTLS, GO, CERT_MISNAMED,
	    PROBE_CERT_MISMATCH, "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "cn", GREETING, EHLO_STARTTLS, GO, CERT_CN, PROBE_CERT_MISMATCH,
	    "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "ip", GREETING, EHLO_STARTTLS, GO, CERT_IP, PROBE_CERT_MISMATCH,
	    "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "partial", GREETING, EHLO_STARTTLS, GO, CERT_PARTIAL_WILDCARD,
	    PROBE_CERT_MISMATCH, "X509_V_ERR_HOSTNAME_MISMATCH" },
	{ "expired", GREETING, EHLO_STARTTLS, GO, CERT_EXPIRED,
	    PROBE_CERT_EXPIRED, "X509_V_ERR_CERT_HAS_EXPIRED" },
	{ "future", GREETING, EHLO_STARTTLS, GO, CERT_FUTURE,
	    PROBE_CERT_NOT_TRUSTED, "X509_V_ERR_CERT_NOT_YET_VALID" },
	{ "selfsigned", GREETING, EHLO_STARTTLS, GO, CERT_SELFSIGNED,
	    PROBE_CERT_NOT_TRUSTED, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT" },
	{ "unknown", GREETING, EHLO_STARTTLS, GO, CERT_UNKNOWN_CA,
	    PROBE_CERT_NOT_TRUSTED,
	    "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
	/* several at once: trust before dates before names */
	{ "both", GREETING, EHLO_STARTTLS, GO, CERT_EXPIRED_MISNAMED,
	    PROBE_CERT_EXPIRED, "X509_V_ERR_CERT_HAS_EXPIRED" },
	{ "all", GREETING, EHLO_STARTTLS, GO, CERT_SELFSIGNED_MISNAMED,
	    PROBE_CERT_NOT_TRUSTED, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT" },
};
#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

/* What the latest host has seen, shared with its process. */
static struct seen {
	char helo[256];
	char sni[256];
	char quit[16]; /* "plain" or "tls" */
} *seen;

static struct pki_pair root, foreign;
static char root_path[] = "/tmp/mtasts-root-XXXXXX";

static SSL_CTX *
context_of(const struct script *script)
{
	char own[64];
	struct pki_wish wish = { .san = own, .not_before = -DAY,
		.not_after = DAY };
	const struct pki_pair *issuer = &root;
	struct pki_pair pair;
	SSL_CTX *ctx;
	int version = 0;

	(void)snprintf(own, sizeof(own), "DNS:%s.test", script->name);
	switch (script->kind) {
	case CERT_EXPIRED:
		wish.not_after = -60;
		break;
	case CERT_FUTURE:
		wish.not_before = 3600;
		break;
	case CERT_EXPIRED_MISNAMED:
		wish.not_after = -60;
		wish.san = "DNS:other.test";
		break;
	case CERT_MISNAMED:
		wish.san = "DNS:other.test";
		break;
	case CERT_CN:
		wish.cn = "cn.test";
		wish.san = NULL;
		break;
	case CERT_IP:
		wish.san = "IP:127.0.1.1";
		break;
	case CERT_WILDCARD:
		/* A certificate for all of a top-level domain would not do. */
		wish.san = "DNS:*.mx.test,DNS:wildcard.test";
		break;
	case CERT_PARTIAL_WILDCARD:
		wish.san = "DNS:part*.test";
		break;
	case CERT_SELFSIGNED:
		issuer = NULL;
		break;
	case CERT_SELFSIGNED_MISNAMED:
		issuer = NULL;
		wish.san = "DNS:other.test";
		break;
	case CERT_UNKNOWN_CA:
		issuer = &foreign;
		break;
	case CERT_OLD_TLS:
		version = TLS1_1_VERSION;
		break;
	case CERT_TLS12:
		version = TLS1_2_VERSION;
		break;
	case CERT_GOOD:
	case CERT_NO_TLS:
	case CERT_SILENT_TLS:
	case CERT_CLOSING_TLS:
		break;
	}
	pair = issuer == NULL ? pki_selfsigned(&wish) :
				pki_issue(issuer, &wish);
	ctx = pki_server(&pair, version);
	pki_free(&pair);
	return ctx;
}

static bool
say(int fd, const char *reply)
{
	if (reply == NULL) {
		world_hang(fd);
		return false;
	}
	world_write(fd, reply);
	return reply[0] != '\0';
}

static void
talk_tls(int fd, const struct script *script)
{
	SSL *ssl = SSL_new(context_of(script));
	const char *name;
	char line[64] = "";

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1)
		return;
	name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)snprintf(seen->sni, sizeof(seen->sni), "%s",
	    name != NULL ? name : "-");
	if (SSL_read(ssl, line, sizeof(line) - 1) > 0 &&
	    strcmp(line, "QUIT\r\n") == 0)
		strcpy(seen->quit, "tls");
	(void)SSL_write(ssl, "221 bye\r\n", 9);
	(void)SSL_shutdown(ssl);
}

static void
talk(int fd, void *arg)
{
	const struct script *script = arg;
	char line[512], hello[4096];

	if (!say(fd, script->greeting))
		return;
	while (world_read_line(fd, line, sizeof(line))) {
		if (strcmp(line, "QUIT") == 0) {
			strcpy(seen->quit, "plain");
			world_write(fd, "221 bye\r\n");
			return;
		}
		if (strncmp(line, "EHLO ", 5) == 0) {
			strcpy(seen->helo, line + 5);
			if (!say(fd, script->ehlo))
				return;
			continue;
		}
		if (!say(fd, script->starttls))
			return;
		if (strncmp(script->starttls, "220", 3) != 0)
			continue;
		if (script->kind == CERT_SILENT_TLS)
			world_hang(fd);
		else if (script->kind != CERT_CLOSING_TLS &&
		    script->kind != CERT_NO_TLS)
			talk_tls(fd, script);
		else if (read(fd, hello, sizeof(hello)) > 0 &&
		    script->kind == CERT_NO_TLS)
			world_write(fd, "250 what handshake?\r\n");
		return;
	}
}

/* ---- The client --------------------------------------------------------- */

static char names[SCRIPTS][32], addresses[SCRIPTS][16];
static struct fake_host hosts[SCRIPTS + 16];
static size_t host_count;
static pid_t servers[SCRIPTS + 1];
static struct loop *loop;
static struct dns dns;
static struct probe probe;
static struct network allowed[2];

struct result {
	bool done;
	struct probe_run *run;
	enum probe_status status;
	char detail[256];
	char address[64];
};

static void
on_done(void *arg, const struct probe_finding *finding)
{
	struct result *r = arg;

	assert_false(r->done);
	assert_null(r->run);
	r->done = true;
	r->status = finding->status;
	(void)snprintf(r->detail, sizeof(r->detail), "%s", finding->detail);
	(void)snprintf(r->address, sizeof(r->address), "%s", finding->address);
}

static void
run(const bool *stop, int64_t ms)
{
	int64_t until = clock_monotonic(&clock_system) + ms;

	while (!*stop && clock_monotonic(&clock_system) < until)
		loop_run_once(loop, until);
}

static void
start(const char *host, probe_done_fn *done, struct result *r)
{
	*r = (struct result){ .done = false };
	assert_int_equal(probe_start(&probe, host, done, r, &r->run),
	    MTASTS_OK);
	assert_false(r->done);
	assert_non_null(r->run);
}

static void
look(const char *host, struct result *r)
{
	memset(seen, 0, sizeof(*seen));
	start(host, on_done, r);
	run(&r->done, 10000);
	assert_true(r->done);
}

static void
make_probe(int timeout, int total)
{
	struct probe_openssl_options options = {
		.ca_file = root_path,
		.helo = "probe.test",
		.guard = { .allowed = allowed, .count = 2 },
		.timeout = timeout,
		.total = total,
	};

	probe_openssl_free(&probe);
	assert_int_equal(probe_openssl_new(loop, &dns, &options, &probe, NULL),
	    MTASTS_OK);
}

static void
add_host(const char *name, const char *list, enum dns_status status)
{
	hosts[host_count++] = (struct fake_host){ name, list, status };
}

static void *
script_of(const char *name)
{
	union {
		const struct script *script;
		void *arg;
	} u;
	size_t i;

	for (i = 0; i < SCRIPTS; i++)
		if (strcmp(scripts[i].name, name) == 0) {
			u.script = &scripts[i];
			return u.arg;
		}
	return NULL;
}

static int
make_world(void **state)
{
	size_t i;

	(void)state;
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	close(mkstemp(root_path));
	root = pki_root("test root");
	foreign = pki_root("foreign root");
	pki_write(root.cert, root_path);
	for (i = 0; i < SCRIPTS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s.test",
		    scripts[i].name);
		(void)snprintf(addresses[i], sizeof(addresses[i]),
		    "127.0.1.%zu", i + 1);
		add_host(names[i], addresses[i], DNS_OK);
		servers[i] = world_accept(addresses[i], 25, talk,
		    script_of(scripts[i].name));
	}
	servers[SCRIPTS] = world_accept("::1", 25, talk, script_of("good"));
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
	probe_openssl_free(&probe);
	loop_free(&loop);
	for (i = 0; i < SCRIPTS + 1; i++)
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
	make_probe(400, 5000);
	host_count = SCRIPTS;
	memset(hosts + SCRIPTS, 0, sizeof(hosts) - SCRIPTS * sizeof(hosts[0]));
	return 0;
}

/* ---- Tests -------------------------------------------------------------- */

static void
findings_are_told_apart(void **state)
{
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < SCRIPTS; i++) {
		look(names[i], &r);
		if (r.status != scripts[i].status ||
		    strcmp(r.detail, scripts[i].detail) != 0)
			fail_msg("%s: %s %s", names[i],
			    probe_status_name(r.status), r.detail);
		assert_string_equal(r.address, addresses[i]);
	}
}

/* STS-7.1-03, STS-7.1-04, SMT-05 */
static void
hosts_are_told_who_and_left_politely(void **state)
{
	static const struct {
		const char *host, *quit;
	} rows[] = {
		{ "good.test", "tls" },
		{ "tls12.test", "tls" },
		{ "misnamed.test", "tls" },
		{ "selfsigned.test", "tls" },
		{ "plain.test", "plain" },
		{ "ancient.test", "plain" },
		{ "starttls-4.test", "plain" },
		{ "refusing.test", "plain" },
		{ "silent.test", "" },
	};
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		look(rows[i].host, &r);
		if (strcmp(seen->quit, rows[i].quit) != 0)
			fail_msg("%s: QUIT %s", rows[i].host, seen->quit);
		if (strcmp(rows[i].quit, "tls") == 0)
			assert_string_equal(seen->sni, rows[i].host);
	}
	look("GOOD.Test.", &r);
	assert_int_equal(r.status, PROBE_OK);
	assert_string_equal(seen->sni, "good.test");
	assert_string_equal(seen->helo, "probe.test");
}

static const char *
address_of(const char *name)
{
	size_t i;

	for (i = 0; i < SCRIPTS; i++)
		if (strcmp(scripts[i].name, name) == 0)
			return addresses[i];
	return name; /* an address already */
}

/* good.test, at the addresses of these, which are then looked at. */
static void
look_at(const char *a, const char *b, const char *c, struct result *r)
{
	char list[80];
	struct text text;

	text_init(&text, list, sizeof(list));
	text_printf(&text, "%s %s %s", address_of(a), address_of(b),
	    address_of(c));
	hosts[0].addresses = list;
	look("good.test", r);
	hosts[0].addresses = addresses[0];
}

static void
addresses_are_tried_until_one_passes(void **state)
{
	const char *closed = "127.0.9.9", *inside = "10.0.0.1";
	struct result r;

	(void)state;
	look_at("plain", "good", "misnamed", &r);
	assert_int_equal(r.status, PROBE_OK);
	assert_string_equal(r.address, address_of("good"));
	look_at(closed, "misnamed", "plain", &r);
	assert_int_equal(r.status, PROBE_CERT_MISMATCH);
	assert_string_equal(r.address, address_of("misnamed"));
	look_at("plain", closed, "busy", &r);
	assert_int_equal(r.status, PROBE_NO_STARTTLS);
	look_at(inside, inside, "plain", &r);
	assert_int_equal(r.status, PROBE_NO_STARTTLS);
	look_at(closed, closed, "good", &r);
	assert_int_equal(r.status, PROBE_OK);
	look_at("::1", closed, closed, &r);
	assert_int_equal(r.status, PROBE_OK);
	assert_string_equal(r.address, "::1");
}

static void
hosts_that_cannot_be_reached(void **state)
{
	static const struct {
		const char *host, *detail;
	} rows[] = {
		{ "nowhere.test", "dns-nxdomain" },
		{ "nodata.test", "dns-nodata" },
		{ "slow.test", "dns-timeout" },
		{ "inside.test", "guard-192.168.1.1" },
		{ "closed.test", "connection refused" },
		{ "bad name", "bad-name" },
	};
	struct result r;
	size_t i;

	(void)state;
	add_host("nodata.test", NULL, DNS_NODATA);
	add_host("slow.test", NULL, DNS_TIMEOUT);
	add_host("inside.test", "192.168.1.1 10.0.0.1", DNS_OK);
	add_host("closed.test", "127.0.9.9", DNS_OK);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		look(rows[i].host, &r);
		if (r.status != PROBE_CONNECT_FAILED ||
		    strcmp(r.detail, rows[i].detail) != 0)
			fail_msg("%s: %s %s", rows[i].host,
			    probe_status_name(r.status), r.detail);
	}
}

static void
time_is_bounded(void **state)
{
	struct result r;
	int64_t t;

	(void)state;
	make_probe(200, 500);
	add_host("never.test", NULL, DNS_OK);
	t = clock_monotonic(&clock_system);
	look_at("silent", "silent", "silent", &r);
	assert_int_equal(r.status, PROBE_CONNECT_FAILED);
	assert_string_equal(r.detail, "timeout before the greeting");
	assert_true(clock_monotonic(&clock_system) - t >= 400);
	t = clock_monotonic(&clock_system);
	look("never.test", &r);
	assert_int_equal(r.status, PROBE_CONNECT_FAILED);
	assert_string_equal(r.detail, "timeout");
	assert_true(clock_monotonic(&clock_system) - t >= 400);
}

static void
many_at_once(void **state)
{
	static struct result r[60];
	bool never = false;
	int i, n, left = 60;

	(void)state;
	make_probe(5000, 5000);
	for (i = 0; i < 60; i++)
		start(names[i % 4], on_done, &r[i]);
	for (n = 0; n < 100 && left > 0; n++) {
		run(&never, 100);
		for (i = left = 0; i < 60; i++)
			left += !r[i].done;
	}
	for (i = 0; i < 60; i++)
		assert_int_equal(r[i].status, PROBE_OK);
}

static struct result other;

static void
cancel_and_start(void *arg, const struct probe_finding *finding)
{
	struct result *r = arg;

	(void)finding;
	r->done = true;
	probe_cancel(&probe, &other.run);
	assert_int_equal(probe_start(&probe, "plain.test", on_done, &other,
			     &other.run), MTASTS_OK);
}

static void
cancelled_runs_are_not_heard_of_again(void **state)
{
	static const char *const who[] = { "good.test", "silent.test",
		"tls-silent.test", "ehlo-silent.test" };
	struct result r[4];
	bool never = false;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		start(who[i], on_done, &r[i]);
	probe_cancel(&probe, &r[0].run);
	run(&never, 100);
	for (i = 1; i < 4; i++)
		probe_cancel(&probe, &r[i].run);
	run(&never, 100);
	for (i = 0; i < 4; i++)
		assert_false(r[i].done);

	start("silent.test", on_done, &other);
	start("good.test", cancel_and_start, &r[0]);
	run(&other.done, 3000);
	assert_true(r[0].done);
	assert_int_equal(other.status, PROBE_NO_STARTTLS);
}

static void
free_the_port(void *arg, const struct probe_finding *finding)
{
	struct result *r = arg;

	(void)finding;
	r->done = true;
	probe_openssl_free(&probe);
}

static void
callback_may_free_the_port(void **state)
{
	struct result r;
	bool never = false;

	(void)state;
	start("silent.test", on_done, &other);
	start("good.test", free_the_port, &r);
	run(&r.done, 3000);
	assert_null(other.run);
	run(&never, 50);
	assert_false(other.done);
}

static void
helo_is_a_name_whatever_is_configured(void **state)
{
	struct probe_openssl_options options = {
		.ca_file = root_path,
		.helo = "evil\r\nMAIL FROM:<>",
		.guard = { .allowed = allowed, .count = 2 },
	};
	struct result r;

	(void)state;
	probe_openssl_free(&probe);
	assert_int_equal(probe_openssl_new(loop, &dns, &options, &probe, NULL),
	    MTASTS_OK);
	look("good.test", &r);
	assert_int_equal(r.status, PROBE_OK);
	assert_null(strchr(seen->helo, '\r'));
	assert_null(strstr(seen->helo, "evil"));
	assert_true(seen->helo[0] != '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(findings_are_told_apart, use_defaults),
		cmocka_unit_test_setup(hosts_are_told_who_and_left_politely,
		    use_defaults),
		cmocka_unit_test_setup(addresses_are_tried_until_one_passes,
		    use_defaults),
		cmocka_unit_test_setup(hosts_that_cannot_be_reached,
		    use_defaults),
		cmocka_unit_test_setup(time_is_bounded, use_defaults),
		cmocka_unit_test_setup(many_at_once, use_defaults),
		cmocka_unit_test_setup(cancelled_runs_are_not_heard_of_again,
		    use_defaults),
		cmocka_unit_test_setup(callback_may_free_the_port,
		    use_defaults),
		cmocka_unit_test_setup(helo_is_a_name_whatever_is_configured,
		    use_defaults),
	};

	if (!world_enter())
		return world_skip();
	return cmocka_run_group_tests(tests, make_world, free_world);
}
