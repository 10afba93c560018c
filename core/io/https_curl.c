/*
 * https_curl: the HTTPS port by libcurl with OpenSSL (RFC 8461, 3.3).
 *
 * A transfer asks the DNS port for the host's addresses, shows them to the
 * guard, and has them fetched from by https_easy.h. One timer bounds the whole.
 * Callers are called from a timer too, so that a callback may do whatever it
 * likes. One store of roots serves all transfers.
 *
 * Knows no MTA-STS, and of libcurl only that it exists and may not be there.
 *
 * Test: tests/unit/test_https.c
 */
#include <config.h>

#include "io/https_curl.h"

#include "base/error.h"
#include "base/text.h"
#include "io/curl_library.h"
#include "io/dns_parse.h"
#include "io/https_easy.h"
#include "io/tls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_TIMEOUT 60000
#define DEFAULT_BODY_MAX 65536
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
	struct https_easy easy;

	enum https_status status;
	char detail[DETAIL_SIZE];
	char address[ADDRESS_TEXT_SIZE];
};

/* ---- The end of a transfer ---------------------------------------------- */

static void
transfer_free(struct https_transfer *t)
{
	https_easy_free(&t->easy);
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
	https_easy_end(&t->easy);
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
	const struct https_reader *reader = &t->easy.reader;
	bool ok = t->status == HTTPS_OK;
	struct https_answer answer = {
		.status = t->status,
		.code = reader->code,
		.content_type = field_value(&reader->content_type),
		.content_encoding = field_value(&reader->content_encoding),
		.body = ok && reader->len > 0 ? reader->body : "",
		.len = ok ? reader->len : 0,
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
	https_easy_end(&t->easy);
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
give_up(void *arg)
{
	struct https_transfer *t = arg;

	https_easy_address(&t->easy, t->address);
	t->status = HTTPS_TIMEOUT;
	strcpy(t->detail, "timeout");
	deliver(t);
}

/* ---- Fetching ----------------------------------------------------------- */

static bool
load_roots(struct port *port, struct mtasts_error *err)
{
	return port->roots != NULL ||
	    tls_roots_load(port->options.ca_file, port->options.ca_path,
		&port->roots, err) == MTASTS_OK;
}

/* Nothing can be fetched, and the host has no part in it. */
static void
finish_unable(struct https_transfer *t, const struct mtasts_error *err)
{
	finish(t, err->status == MTASTS_NOMEM ? HTTPS_NOMEM : HTTPS_UNABLE,
	    err->text);
}

static void
fetch(struct https_transfer *t, const struct address *list, size_t count)
{
	struct port *port = t->port;
	struct https_easy_options options = {
		.host = t->host,
		.path = t->path,
		.proxy = port->options.proxy,
		.guard = &port->options.guard,
		/* A part, so that a later address has its turn. */
		.connect_timeout = port->options.timeout / 2,
		.body_max = port->options.body_max,
	};
	struct mtasts_error err;
	void *multi;

	if (loop_multi(port->loop, &multi, &err) != MTASTS_OK) {
		finish_unable(t, &err);
		return;
	}
	if (!load_roots(port, &err)) {
		finish(t, err.status == MTASTS_NOMEM ? HTTPS_NOMEM : HTTPS_TLS,
		    err.text);
		return;
	}
	options.roots = port->roots;
	if (https_easy_begin(&t->easy, &options, list, count, multi, t) !=
	    MTASTS_OK)
		finish(t, HTTPS_NOMEM, "");
}

/* ---- Addresses ---------------------------------------------------------- */

static void
use_addresses(struct https_transfer *t, const struct address *list,
    size_t count)
{
	struct address permitted[HTTPS_ADDRESSES_MAX];
	size_t i, n = 0;

	for (i = 0; i < count && n < HTTPS_ADDRESSES_MAX; i++)
		if (guard_permits(&t->port->options.guard, &list[i]))
			permitted[n++] = list[i];
	if (n == 0)
		finish_guarded(t, &list[0]);
	else
		fetch(t, permitted, n);
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

static void
on_transfer(void *arg, void *easy, int code)
{
	struct https_transfer *t = https_easy_owner(easy);
	const char *detail;
	enum https_status status;

	(void)arg;
	https_easy_address(&t->easy, t->address);
	status = https_easy_result(&t->easy, code, &detail);
	finish(t, status, detail);
}

/* ---- The port ----------------------------------------------------------- */

/* With its slash. */
static char *
path_copy(const char *path)
{
	size_t size = strlen(path) + 2;
	char *copy = malloc(size);
	struct text text;

	if (copy == NULL)
		return NULL;
	text_init(&text, copy, size);
	text_printf(&text, "%s%s", path[0] == '/' ? "" : "/", path);
	return copy;
}

static struct https_transfer *
transfer_new(struct port *port, const char *path)
{
	struct https_transfer *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->path = path_copy(path)) == NULL) {
		free(t);
		return NULL;
	}
	t->port = port;
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
		fetch(t, NULL, 0);
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
https_curl_load(struct mtasts_error *err)
{
	return curl_library_load(err);
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
