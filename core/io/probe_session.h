/*
 * One SMTP connection of a probe, to one address. Knows no DNS and no guard.
 */
#ifndef IO_PROBE_SESSION_H
#define IO_PROBE_SESSION_H

#include "io/address.h"
#include "io/loop.h"
#include "io/probe.h"

struct probe_session;
struct ssl_ctx_st;

/* Borrowed for the life of the session. */
struct probe_session_options {
	struct loop *loop;
	struct ssl_ctx_st *ctx;
	const char *helo;
	const char *host; /* lower case, no final dot */
	struct address address;
	int64_t deadline; /* monotonic milliseconds */
};

/* detail: escaped, lives for the call. */
typedef void probe_session_fn(void *arg, enum probe_status status,
    const char *detail);

/* fn is called once, later, unless the session is cancelled; *out is NULL from
 * then on. Returns MTASTS_OK or MTASTS_NOMEM. */
enum mtasts_status probe_session_start(
    const struct probe_session_options *options, probe_session_fn *fn,
    void *arg, struct probe_session **out);
void probe_session_cancel(struct probe_session **session);

#endif
