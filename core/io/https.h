/*
 * Port: one HTTPS GET under limits, asynchronous. Knows no MTA-STS: host and
 * path come from the caller, what the answer is good for is another's matter.
 * Production: https_curl.h. Tests: a fake that completes at once.
 */
#ifndef IO_HTTPS_H
#define IO_HTTPS_H

#include <stddef.h>

#include "mtasts.h"

enum https_status {
	HTTPS_OK,	 /* a whole answer of whatever code */
	HTTPS_DNS,	 /* the host has no address, or DNS fails */
	HTTPS_REFUSED,	 /* the guard permits none of its addresses */
	HTTPS_CONNECT,	 /* no connection, or it broke */
	HTTPS_TIMEOUT,
	HTTPS_TLS,	 /* certificate not acceptable for the host */
	HTTPS_PROTOCOL,	 /* not TLS, not HTTP, cut short */
	HTTPS_TOO_LARGE, /* head or body beyond the limit */
	HTTPS_NOMEM,
	HTTPS_UNABLE,	 /* this host cannot fetch at all */
};

/* Lives for the duration of the callback. */
struct https_answer {
	enum https_status status;
	int code;		      /* HTTP status, 0 if none came */
	const char *content_type;     /* NULL if there was none; hostile, */
	const char *content_encoding; /* as sent, repetitions joined by ", " */
	const char *body;
	size_t len;
	const char *detail; /* reason code or few words, escaped; "" if none */
	const char *address; /* that was spoken to, "" if none */
};

struct https_transfer;
typedef void https_done_fn(void *arg, const struct https_answer *answer);

struct https_ops {
	enum mtasts_status (*start)(void *self, const char *host,
	    const char *path, https_done_fn *done, void *arg,
	    struct https_transfer **out);
	void (*cancel)(void *self, struct https_transfer *transfer);
};

struct https {
	const struct https_ops *ops;
	void *self;
};

/* As dns_start: done once, *out NULL from then on. */
enum mtasts_status https_start(const struct https *https, const char *host,
    const char *path, https_done_fn *done, void *arg,
    struct https_transfer **out);
void https_cancel(const struct https *https, struct https_transfer **transfer);

const char *https_status_name(enum https_status status);

#endif
