/*
 * Port: look at one SMTP host: connect to port 25, EHLO, STARTTLS, handshake
 * with SNI, verify chain, name and dates, QUIT. Knows no MTA-STS and sends no
 * mail. Production: probe_openssl.h. Tests: a fake that completes at once.
 */
#ifndef IO_PROBE_H
#define IO_PROBE_H

#include "mtasts.h"

/* The values are stored in caches: append only. */
enum probe_status {
	PROBE_OK = 1,
	PROBE_CONNECT_FAILED,	/* no address, unreachable, silent, 4xx */
	PROBE_NOT_SMTP,		/* a reply is not SMTP, or the greeting 5xx */
	PROBE_NO_STARTTLS,	/* not offered, or EHLO answered by 5xx */
	PROBE_STARTTLS_REFUSED, /* offered, and not answered by 220 */
	PROBE_TLS_FAILED,	/* the handshake broke */
	PROBE_TLS_VERSION,	/* no common version or cipher */
	PROBE_CERT_MISMATCH,	/* no SAN names the host */
	PROBE_CERT_EXPIRED,
	PROBE_CERT_NOT_TRUSTED, /* anything else the chain lacks */
	PROBE_NOMEM,
};

#define PROBE_DETAIL_SIZE 200

/* Lives for the duration of the callback. */
struct probe_finding {
	enum probe_status status;
	const char *detail;  /* "X509_V_ERR_..." or a few words, escaped */
	const char *address; /* that decided, "" if none */
};

struct probe_run;
typedef void probe_done_fn(void *arg, const struct probe_finding *finding);

struct probe_ops {
	enum mtasts_status (*start)(void *self, const char *host,
	    probe_done_fn *done, void *arg, struct probe_run **out);
	void (*cancel)(void *self, struct probe_run *run);
};

struct probe {
	const struct probe_ops *ops;
	void *self;
};

/* As dns_start: done once, *out NULL from then on. */
enum mtasts_status probe_start(const struct probe *probe, const char *host,
    probe_done_fn *done, void *arg, struct probe_run **out);
void probe_cancel(const struct probe *probe, struct probe_run **run);

const char *probe_status_name(enum probe_status status);

#endif
