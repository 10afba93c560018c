/*
 * probe_openssl: the probe port. The addresses of a host, one after the other,
 * until one of them passes (RFC 8461, 4.1 and 4.2).
 *
 * Where none passes, the first definite failure is the finding: it says more
 * than an address that did not answer. The conversation itself is in
 * probe_session.c.
 *
 * Test: tests/unit/test_probe.c
 */
#include <config.h>

#include "io/probe_openssl.h"

#include "base/error.h"
#include "base/text.h"
#include "io/dns_parse.h"
#include "io/probe_session.h"
#include "io/probe_tls.h"
#include "io/tls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 10000
#define DEFAULT_TOTAL 30000
#define ADDRESSES_MAX 16
#define SLACK 100

struct port {
	struct loop *loop;
	const struct dns *dns;
	struct probe_openssl_options options;
	char helo[DNS_NAME_SIZE];
	struct ssl_ctx_st *ctx; /* made for the first host */
	struct probe_run *runs;
};

struct finding {
	enum probe_status status; /* 0: nothing found yet */
	char detail[PROBE_DETAIL_SIZE];
	char address[ADDRESS_TEXT_SIZE];
};

struct probe_run {
	struct port *port;
	struct probe_run *next, **link;
	probe_done_fn *done;
	void *arg;
	struct probe_run **out;
	char host[DNS_NAME_SIZE];
	int64_t deadline;
	struct timer timer; /* delivers */
	struct dns_query *query;
	struct address addresses[ADDRESSES_MAX];
	size_t count, tried;
	struct probe_session *session;
	struct finding finding;
};

static int64_t
now(const struct port *port)
{
	return clock_monotonic(loop_clock(port->loop));
}

/* ---- The end of a run --------------------------------------------------- */

/* Let go of everything that could call back. */
static void
detach(struct probe_run *run)
{
	struct timers timers = loop_timers(run->port->loop);

	timer_stop(&timers, &run->timer);
	dns_cancel(run->port->dns, &run->query);
	probe_session_cancel(&run->session);
	*run->link = run->next;
	if (run->next != NULL)
		run->next->link = run->link;
}

static void
deliver(void *arg)
{
	struct probe_run *run = arg;
	struct probe_finding finding = {
		.status = run->finding.status,
		.detail = run->finding.detail,
		.address = run->finding.address,
	};

	detach(run);
	*run->out = NULL;
	run->done(run->arg, &finding);
	free(run);
}

static void
finish(struct probe_run *run)
{
	struct timers timers = loop_timers(run->port->loop);

	timer_start(&timers, &run->timer, now(run->port), deliver, run);
}

static bool
says_more(enum probe_status a, enum probe_status b)
{
	if (b == 0 || a == PROBE_OK)
		return true;
	return b == PROBE_CONNECT_FAILED && a != PROBE_CONNECT_FAILED;
}

static void
find(struct probe_run *run, enum probe_status status, const char *detail,
    const struct address *address)
{
	struct finding *finding = &run->finding;
	struct text text;

	if (!says_more(status, finding->status))
		return;
	finding->status = status;
	text_init(&text, finding->detail, sizeof(finding->detail));
	text_put(&text, detail);
	finding->address[0] = '\0';
	if (address != NULL)
		(void)address_format(address, finding->address);
}

static void
give_up(void *arg)
{
	struct probe_run *run = arg;

	find(run, PROBE_CONNECT_FAILED, "timeout", NULL);
	deliver(run);
}

/* ---- One address after the other ---------------------------------------- */

static void try_next(struct probe_run *run);

static void
on_session(void *arg, enum probe_status status, const char *detail)
{
	struct probe_run *run = arg;

	find(run, status, detail, &run->addresses[run->tried - 1]);
	if (status == PROBE_OK || status == PROBE_NOMEM)
		finish(run);
	else
		try_next(run);
}

static void
try_next(struct probe_run *run)
{
	struct probe_session_options options = {
		.loop = run->port->loop,
		.ctx = run->port->ctx,
		.helo = run->port->helo,
		.host = run->host,
		.deadline = now(run->port) + run->port->options.timeout,
	};

	if (run->tried == run->count || now(run->port) >= run->deadline) {
		finish(run);
		return;
	}
	if (options.deadline > run->deadline)
		options.deadline = run->deadline;
	options.address = run->addresses[run->tried++];
	if (probe_session_start(&options, on_session, run, &run->session) !=
	    MTASTS_OK) {
		find(run, PROBE_NOMEM, "", NULL);
		finish(run);
	}
}

static void
use_addresses(struct probe_run *run, const struct address *list, size_t count)
{
	char text[ADDRESS_TEXT_SIZE], detail[ADDRESS_TEXT_SIZE + 8] = "guard-";
	size_t i;

	for (i = 0; i < count && run->count < ADDRESSES_MAX; i++)
		if (guard_permits(&run->port->options.guard, &list[i]))
			run->addresses[run->count++] = list[i];
	if (run->count > 0) {
		try_next(run);
		return;
	}
	strcat(detail, address_format(&list[0], text));
	find(run, PROBE_CONNECT_FAILED, detail, NULL);
	finish(run);
}

static void
on_addresses(void *arg, const struct dns_answer *answer)
{
	struct probe_run *run = arg;
	char detail[PROBE_DETAIL_SIZE];
	struct text text;

	if (answer->status == DNS_OK && answer->count > 0) {
		use_addresses(run, answer->address, answer->count);
		return;
	}
	text_init(&text, detail, sizeof(detail));
	text_printf(&text, "dns-%s", dns_status_name(answer->status));
	find(run,
	    answer->status == DNS_NOMEM ? PROBE_NOMEM : PROBE_CONNECT_FAILED,
	    detail, NULL);
	finish(run);
}

/* ---- The port ----------------------------------------------------------- */

/* Roots are read when they are first needed, and once. */
static enum mtasts_status
make_context(struct port *port, struct mtasts_error *err)
{
	struct x509_store_st *roots;
	enum mtasts_status status;

	if (port->ctx != NULL)
		return MTASTS_OK;
	status = tls_roots_load(port->options.ca_file, port->options.ca_path,
	    &roots, err);
	if (status != MTASTS_OK)
		return status;
	port->ctx = tls_client_new(roots);
	tls_roots_free(&roots);
	return port->ctx != NULL ? MTASTS_OK : error_nomem(err, "TLS");
}

/* Without roots nothing can be judged: that is not the host's fault. */
static enum mtasts_status
begin(struct probe_run *run, const char *host)
{
	struct mtasts_error err;
	enum mtasts_status status = make_context(run->port, &err);

	if (status == MTASTS_NOMEM)
		return status;
	if (status != MTASTS_OK) {
		find(run, PROBE_CONNECT_FAILED, err.text, NULL);
		finish(run);
		return MTASTS_OK;
	}
	if (!dns_name_normalise(host, run->host) || run->host[0] == '\0') {
		find(run, PROBE_CONNECT_FAILED, "bad-name", NULL);
		finish(run);
		return MTASTS_OK;
	}
	return dns_start(run->port->dns, run->host, DNS_ADDRESS, on_addresses,
	    run, &run->query);
}

static enum mtasts_status
port_start(void *self, const char *host, probe_done_fn *done, void *arg,
    struct probe_run **out)
{
	struct port *port = self;
	struct timers timers = loop_timers(port->loop);
	struct probe_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return MTASTS_NOMEM;
	run->port = port;
	run->done = done;
	run->arg = arg;
	run->out = out;
	run->deadline = now(port) + port->options.total;
	run->next = port->runs;
	run->link = &port->runs;
	if (run->next != NULL)
		run->next->link = &run->next;
	port->runs = run;
	/* The last session, bound by the same deadline, has more to say. */
	timer_start(&timers, &run->timer, run->deadline + SLACK, give_up, run);
	if (begin(run, host) != MTASTS_OK) {
		detach(run);
		free(run);
		return MTASTS_NOMEM;
	}
	*out = run;
	return MTASTS_OK;
}

static void
port_cancel(void *self, struct probe_run *run)
{
	(void)self;
	detach(run);
	free(run);
}

/* A name that can be sent; RFC 5321, 4.1.1.1 wants one that exists. */
static void
choose_helo(struct port *port)
{
	char name[256];

	if (port->options.helo != NULL &&
	    dns_name_normalise(port->options.helo, port->helo) &&
	    port->helo[0] != '\0')
		return;
	name[0] = '\0';
	if (gethostname(name, sizeof(name)) != 0)
		name[0] = '\0';
	name[sizeof(name) - 1] = '\0';
	if (!dns_name_normalise(name, port->helo) || port->helo[0] == '\0')
		strcpy(port->helo, "localhost");
}

enum mtasts_status
probe_openssl_new(struct loop *loop, const struct dns *dns,
    const struct probe_openssl_options *options, struct probe *out,
    struct mtasts_error *err)
{
	static const struct probe_ops ops = {
		.start = port_start,
		.cancel = port_cancel,
	};
	struct port *port = calloc(1, sizeof(*port));

	*out = (struct probe){ .ops = NULL };
	if (port == NULL)
		return error_nomem(err, "probe");
	port->loop = loop;
	port->dns = dns;
	port->options = *options;
	if (port->options.timeout <= 0)
		port->options.timeout = DEFAULT_TIMEOUT;
	if (port->options.total <= 0)
		port->options.total = DEFAULT_TOTAL;
	choose_helo(port);
	*out = (struct probe){ .ops = &ops, .self = port };
	return MTASTS_OK;
}

void
probe_openssl_free(struct probe *probe)
{
	struct port *port = probe->self;

	if (port == NULL)
		return;
	*probe = (struct probe){ .ops = NULL };
	while (port->runs != NULL) {
		*port->runs->out = NULL;
		port_cancel(port, port->runs);
	}
	if (port->ctx != NULL)
		tls_client_free(&port->ctx);
	free(port);
}
