/*
 * https_curl: the HTTPS port by libcurl with OpenSSL (RFC 8461, 3.3).
 *
 * A transfer asks the DNS port for the host's addresses, shows them to the
 * guard, and hands them to libcurl, whose own resolver is never used for the
 * host. The guard is asked once more for each socket. The whole is bounded by
 * one timer. Callers are called from a timer too, so that a callback may do
 * whatever it likes.
 *
 * libcurl's host check would accept a certificate by its subject name, so
 * OpenSSL is told the host as well. One store of roots is shared by all
 * transfers. And libcurl takes a lost connection for the end of a body that has
 * neither length nor chunks: whoever can cut it could shorten a policy, so such
 * a body counts only if TLS was closed as it should be.
 *
 * Knows no MTA-STS. What arrives is collected by https_reader.h.
 *
 * Test: tests/unit/test_https.c
 */
#include <config.h>

#include "io/https_curl.h"

#include "base/error.h"
#include "base/text.h"
#include "io/dns_parse.h"
#include "io/https_reader.h"
#include "io/tls.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT "443"
#define DEFAULT_TIMEOUT 60000
#define DEFAULT_BODY_MAX 65536
/* A host with more addresses than this has the first ones tried. */
#define ADDRESSES_MAX 16
#define DETAIL_SIZE 160

struct port {
	struct loop *loop;
	const struct dns *dns;
	struct https_curl_options options;
	struct x509_store_st *roots; /* loaded by the first transfer */
	struct https_transfer *transfers;
};

struct https_transfer {
	struct port *port;
	struct https_transfer *next, **link;
	https_done_fn *done;
	void *arg;
	struct https_transfer **out;
	char host[DNS_NAME_SIZE];
	char *path;
	struct timer timer; /* gives up; once complete, delivers */
	struct dns_query *query;
	CURL *easy;
	struct curl_slist *resolve;
	char error[CURL_ERROR_SIZE];
	struct https_reader reader;
	bool guarded; /* the guard refused a socket */
	bool closed;  /* the host ended TLS, not just TCP */

	enum https_status status;
	char detail[DETAIL_SIZE];
	char address[ADDRESS_TEXT_SIZE];
};

/* ---- The end of a transfer ----------------------------------------------- */

static void
drop_easy(struct https_transfer *t)
{
	if (t->easy != NULL) {
		(void)curl_multi_remove_handle(loop_multi(t->port->loop),
		    t->easy);
		curl_easy_cleanup(t->easy);
		t->easy = NULL;
	}
	curl_slist_free_all(t->resolve);
	t->resolve = NULL;
}

static void
transfer_free(struct https_transfer *t)
{
	https_reader_free(&t->reader);
	free(t->path);
	free(t);
}

/* Let go of everything that could call back. */
static void
detach(struct https_transfer *t)
{
	struct timers timers = loop_timers(t->port->loop);

	timer_stop(&timers, &t->timer);
	dns_cancel(t->port->dns, &t->query);
	drop_easy(t);
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
}

static const char *
field_value(const struct https_field *field)
{
	return field->present ? field->value : NULL;
}

static void
deliver(void *arg)
{
	struct https_transfer *t = arg;
	bool ok = t->status == HTTPS_OK;
	struct https_answer answer = {
		.status = t->status,
		.code = t->reader.code,
		.content_type = field_value(&t->reader.content_type),
		.content_encoding = field_value(&t->reader.content_encoding),
		.body = ok && t->reader.len > 0 ? t->reader.body : "",
		.len = ok ? t->reader.len : 0,
		.detail = t->detail,
		.address = t->address,
	};

	detach(t);
	*t->out = NULL;
	t->done(t->arg, &answer);
	transfer_free(t);
}

static void
finish(struct https_transfer *t, enum https_status status, const char *detail)
{
	struct timers timers = loop_timers(t->port->loop);
	struct text text;

	t->status = status;
	text_init(&text, t->detail, sizeof(t->detail));
	text_put(&text, detail);
	drop_easy(t);
	timer_start(&timers, &t->timer,
	    clock_monotonic(loop_clock(t->port->loop)), deliver, t);
}

static void
finish_guarded(struct https_transfer *t, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE], detail[ADDRESS_TEXT_SIZE + 8] = "guard-";

	strcat(detail, address_format(address, text));
	finish(t, HTTPS_REFUSED, detail);
}

static void
note_address(struct https_transfer *t)
{
	char *address = NULL;
	struct text text;

	if (t->easy == NULL)
		return;
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address);
	text_init(&text, t->address, sizeof(t->address));
	text_put(&text, address != NULL ? address : "");
}

static void
give_up(void *arg)
{
	struct https_transfer *t = arg;

	note_address(t);
	t->status = HTTPS_TIMEOUT;
	strcpy(t->detail, "timeout");
	deliver(t);
}

/* ---- What libcurl calls --------------------------------------------------- */

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct https_transfer *t = arg;

	return https_reader_line(&t->reader, data, size * count) ?
	    size * count : 0;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct https_transfer *t = arg;

	return https_reader_body(&t->reader, data, size * count) ?
	    size * count : 0;
}

/* The last word on where we connect to. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct https_transfer *t = arg;
	struct address address;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !address_from_sockaddr(&sa->addr, &address) ||
	    !guard_permits(&t->port->options.guard, &address)) {
		t->guarded = true;
		return CURL_SOCKET_BAD; /* the next address */
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* Called if libcurl had to resolve a name: it never has to. */
static int
on_resolve(void *resolver, void *reserved, void *arg)
{
	(void)resolver;
	(void)reserved;
	(void)arg;
	return 1;
}

static void
on_tls_event(const SSL *ssl, int where, int value)
{
	struct https_transfer *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (where == SSL_CB_READ_ALERT && (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
		t->closed = true;
}

static CURLcode
on_tls(CURL *easy, void *ctx, void *arg)
{
	struct https_transfer *t = arg;

	(void)easy;
	SSL_CTX_set_keylog_callback(ctx, NULL); /* whatever SSLKEYLOGFILE is */
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_info_callback(ctx, on_tls_event);
	if (!tls_use_roots(ctx, t->port->roots) ||
	    !tls_expect_host(SSL_CTX_get0_param(ctx), t->host))
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

/* ---- Setting up ------------------------------------------------------------ */

static bool
set_numbers(CURL *easy, const struct https_curl_options *options)
{
	const struct {
		CURLoption option;
		long value;
	} list[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, options->timeout / 2 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP_CONTENT_DECODING, 0 },
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_FRESH_CONNECT, 1 },
		{ CURLOPT_FORBID_REUSE, 1 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
		{ CURLOPT_SSL_OPTIONS, CURLSSLOPT_NO_PARTIALCHAIN },
		{ CURLOPT_CA_CACHE_TIMEOUT, 0 }, /* ours is cached already */
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (curl_easy_setopt(easy, list[i].option, list[i].value) !=
		    CURLE_OK)
			return false;
	return true;
}

static bool
set_strings(CURL *easy, const char *url, const char *proxy)
{
	const struct {
		CURLoption option;
		const char *value;
	} list[] = {
		{ CURLOPT_URL, url },
		{ CURLOPT_PROTOCOLS_STR, "https" },
		{ CURLOPT_USERAGENT, "mtasts/" MTASTS_VERSION },
		{ CURLOPT_PROXY, proxy != NULL ? proxy : "" },
		{ CURLOPT_NOPROXY, "" },
		{ CURLOPT_ACCEPT_ENCODING, NULL },
		{ CURLOPT_CAINFO, NULL }, /* roots come by on_tls */
		{ CURLOPT_CAPATH, NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (curl_easy_setopt(easy, list[i].option, list[i].value) !=
		    CURLE_OK)
			return false;
	return true;
}

static bool
set_callbacks(CURL *easy, struct https_transfer *t)
{
	return curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ==
		CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ==
		CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls) ==
		CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK;
}

/* Addresses of ours, and no other. */
static bool
set_addresses(CURL *easy, struct https_transfer *t)
{
	return curl_easy_setopt(easy, CURLOPT_RESOLVE, t->resolve) ==
	    CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION,
		on_resolve) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket) ==
		CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK;
}

static bool
set_all(CURL *easy, struct https_transfer *t)
{
	const char *proxy = t->port->options.proxy;
	size_t size = sizeof("https://" "/") + strlen(t->host) +
	    strlen(t->path);
	char *url = malloc(size);
	struct text text;
	bool ok;

	if (url == NULL)
		return false;
	text_init(&text, url, size);
	text_printf(&text, "https://%s%s%s", t->host,
	    t->path[0] == '/' ? "" : "/", t->path);
	ok = set_numbers(easy, &t->port->options) &&
	    set_strings(easy, url, proxy) && set_callbacks(easy, t) &&
	    (proxy != NULL || set_addresses(easy, t));
	free(url);
	return ok;
}

static bool
load_roots(struct port *port, struct mtasts_error *err)
{
	return port->roots != NULL ||
	    tls_roots_load(port->options.ca_file, port->options.ca_path,
		&port->roots, err) == MTASTS_OK;
}

static void
fetch(struct https_transfer *t)
{
	struct mtasts_error err;

	if (!load_roots(t->port, &err)) {
		finish(t, err.status == MTASTS_NOMEM ? HTTPS_NOMEM : HTTPS_TLS,
		    err.text);
		return;
	}
	t->easy = curl_easy_init();
	if (t->easy == NULL || !set_all(t->easy, t) ||
	    curl_multi_add_handle(loop_multi(t->port->loop), t->easy) !=
		CURLM_OK)
		finish(t, HTTPS_NOMEM, "");
}

/* ---- Addresses ------------------------------------------------------------ */

/* "+HOST:443:ADDRESS,[ADDRESS]": "+" lets libcurl forget it again. */
static bool
add_resolve(struct https_transfer *t, const struct address *list, size_t count)
{
	char entry[DNS_NAME_SIZE + ADDRESSES_MAX * (ADDRESS_TEXT_SIZE + 3) + 8];
	char address[ADDRESS_TEXT_SIZE];
	struct text text;
	size_t i;

	text_init(&text, entry, sizeof(entry));
	text_printf(&text, "+%s:" PORT ":", t->host);
	for (i = 0; i < count; i++)
		text_printf(&text,
		    list[i].family == AF_INET6 ? "%s[%s]" : "%s%s",
		    i > 0 ? "," : "", address_format(&list[i], address));
	t->resolve = curl_slist_append(NULL, entry);
	return t->resolve != NULL;
}

static void
use_addresses(struct https_transfer *t, const struct address *list,
    size_t count)
{
	struct address permitted[ADDRESSES_MAX];
	size_t i, n = 0;

	for (i = 0; i < count && n < ADDRESSES_MAX; i++)
		if (guard_permits(&t->port->options.guard, &list[i]))
			permitted[n++] = list[i];
	if (n == 0)
		finish_guarded(t, &list[0]);
	else if (!add_resolve(t, permitted, n))
		finish(t, HTTPS_NOMEM, "");
	else
		fetch(t);
}

static void
on_addresses(void *arg, const struct dns_answer *answer)
{
	struct https_transfer *t = arg;
	char detail[DETAIL_SIZE];
	struct text text;

	if (answer->status == DNS_OK && answer->count > 0) {
		use_addresses(t, answer->address, answer->count);
		return;
	}
	if (answer->status == DNS_NOMEM) {
		finish(t, HTTPS_NOMEM, "");
		return;
	}
	text_init(&text, detail, sizeof(detail));
	text_printf(&text, "dns-%s", dns_status_name(answer->status));
	finish(t, HTTPS_DNS, detail);
}

/* ---- What libcurl says ----------------------------------------------------- */

static const char *
connect_detail(CURL *easy)
{
	long number = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ECONNREFUSED:
		return "connect-refused";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
		return "connect-unreachable";
	default:
		return "connect-failed";
	}
}

/* libcurl tells by words only which side of a handshake was too old. */
static const char *
handshake_detail(const char *error)
{
	if (strstr(error, "protocol version") != NULL ||
	    strstr(error, "unsupported protocol") != NULL)
		return "tls-version";
	if (strstr(error, "wrong version number") != NULL)
		return "not-tls";
	return "tls-handshake";
}

static void
finish_untrusted(struct https_transfer *t)
{
	long code = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &code);
	/* OpenSSL content and libcurl not: it does not like the name. */
	finish(t, HTTPS_TLS,
	    code != 0 ? tls_verify_name(code) :
			"X509_V_ERR_HOSTNAME_MISMATCH");
}

static void
finish_stopped(struct https_transfer *t)
{
	if (t->reader.too_large)
		finish(t, HTTPS_TOO_LARGE, "too-large");
	else
		finish(t, HTTPS_NOMEM, "");
}

static void
finish_unconnected(struct https_transfer *t)
{
	if (t->guarded)
		finish(t, HTTPS_REFUSED, "guard");
	else
		finish(t, HTTPS_CONNECT, connect_detail(t->easy));
}

static void
finish_broken(struct https_transfer *t)
{
	if (t->reader.head_octets > 0)
		finish(t, HTTPS_PROTOCOL, "truncated");
	else
		finish(t, HTTPS_CONNECT, "connection-lost");
}

static void
finish_complete(struct https_transfer *t)
{
	if (t->reader.len > 0 && !t->reader.delimited && !t->closed)
		finish(t, HTTPS_PROTOCOL, "truncated");
	else
		finish(t, HTTPS_OK, "");
}

/* Every CURLcode ends here. */
static void
translate(struct https_transfer *t, CURLcode code)
{
	switch ((int)code) {
	case CURLE_OK:
		finish_complete(t);
		return;
	case CURLE_OUT_OF_MEMORY:
		finish(t, HTTPS_NOMEM, "");
		return;
	case CURLE_COULDNT_CONNECT:
		finish_unconnected(t);
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		finish(t, HTTPS_CONNECT, "proxy");
		return;
	case CURLE_OPERATION_TIMEDOUT:
		finish(t, HTTPS_TIMEOUT, "connect-timeout");
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		finish_untrusted(t);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		finish(t, HTTPS_PROTOCOL, handshake_detail(t->error));
		return;
	case CURLE_SSL_CLIENTCERT:
		finish(t, HTTPS_PROTOCOL, "tls-client-certificate");
		return;
	case CURLE_WRITE_ERROR:
		finish_stopped(t);
		return;
	case CURLE_PARTIAL_FILE:
		finish(t, HTTPS_PROTOCOL, "truncated");
		return;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		finish_broken(t);
		return;
	case CURLE_GOT_NOTHING:
		finish(t, HTTPS_CONNECT, "connection-closed");
		return;
	case CURLE_UNSUPPORTED_PROTOCOL: /* no status line: HTTP/0.9 */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		finish(t, HTTPS_PROTOCOL, "not-http");
		return;
	default:
		finish(t, HTTPS_PROTOCOL, curl_easy_strerror(code));
		return;
	}
}

static void
on_transfer(void *arg, void *easy, int code)
{
	struct https_transfer *t = NULL;

	(void)arg;
	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	note_address(t);
	translate(t, (CURLcode)code);
}

/* ---- The port --------------------------------------------------------------- */

static struct https_transfer *
transfer_new(struct port *port, const char *path)
{
	struct https_transfer *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->path = strdup(path)) == NULL) {
		free(t);
		return NULL;
	}
	t->port = port;
	https_reader_init(&t->reader, port->options.body_max);
	t->next = port->transfers;
	t->link = &port->transfers;
	if (t->next != NULL)
		t->next->link = &t->next;
	port->transfers = t;
	return t;
}

/* Addresses first, unless a proxy looks them up. */
static enum mtasts_status
begin(struct https_transfer *t, const char *host)
{
	if (!dns_name_normalise(host, t->host) || t->host[0] == '\0') {
		finish(t, HTTPS_DNS, "bad-name");
		return MTASTS_OK;
	}
	if (t->port->options.proxy != NULL) {
		fetch(t);
		return MTASTS_OK;
	}
	return dns_start(t->port->dns, t->host, DNS_ADDRESS, on_addresses, t,
	    &t->query);
}

static enum mtasts_status
port_start(void *self, const char *host, const char *path, https_done_fn *done,
    void *arg, struct https_transfer **out)
{
	struct port *port = self;
	struct timers timers = loop_timers(port->loop);
	struct https_transfer *t = transfer_new(port, path);

	if (t == NULL)
		return MTASTS_NOMEM;
	t->done = done;
	t->arg = arg;
	t->out = out;
	timer_start(&timers, &t->timer,
	    clock_monotonic(loop_clock(port->loop)) + port->options.timeout,
	    give_up, t);
	if (begin(t, host) != MTASTS_OK) {
		detach(t);
		transfer_free(t);
		return MTASTS_NOMEM;
	}
	*out = t;
	return MTASTS_OK;
}

static void
port_cancel(void *self, struct https_transfer *t)
{
	(void)self;
	detach(t);
	transfer_free(t);
}

/* Only such proxies as look the host up themselves, and speak no TLS of their
 * own: it would be judged by the policy host's name. */
static bool
is_usable_proxy(const char *proxy)
{
	static const char *const schemes[] = { "http://", "socks4a://",
		"socks5h://" };
	size_t i;

	if (strstr(proxy, "://") == NULL)
		return true;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(proxy, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

enum mtasts_status
https_curl_new(struct loop *loop, const struct dns *dns,
    const struct https_curl_options *options, struct https *out,
    struct mtasts_error *err)
{
	static const struct https_ops ops = {
		.start = port_start,
		.cancel = port_cancel,
	};
	struct port *port;

	*out = (struct https){ .ops = NULL };
	if (options->proxy != NULL && !is_usable_proxy(options->proxy))
		return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_HTTPS, 0,
		    "proxy must be http://, socks4a:// or socks5h://: %s",
		    options->proxy);
	if ((port = calloc(1, sizeof(*port))) == NULL)
		return error_nomem(err, "HTTPS");
	port->loop = loop;
	port->dns = dns;
	port->options = *options;
	if (port->options.timeout <= 0)
		port->options.timeout = DEFAULT_TIMEOUT;
	if (port->options.body_max == 0)
		port->options.body_max = DEFAULT_BODY_MAX;
	loop_on_transfer(loop, on_transfer, port);
	*out = (struct https){ .ops = &ops, .self = port };
	return MTASTS_OK;
}

void
https_curl_free(struct https *https)
{
	struct port *port = https->self;

	if (port == NULL)
		return;
	*https = (struct https){ .ops = NULL };
	while (port->transfers != NULL) {
		*port->transfers->out = NULL;
		port_cancel(port, port->transfers);
	}
	loop_on_transfer(port->loop, NULL, NULL);
	if (port->roots != NULL)
		tls_roots_free(&port->roots);
	free(port);
}
