/*
 * The TLS half of a probe: a handshake that goes on past a bad certificate, so
 * that all that is wrong with it is known and the host can be left politely.
 * Nothing confidential is ever sent over it.
 */
#ifndef IO_PROBE_TLS_H
#define IO_PROBE_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "io/probe.h"

struct ssl_ctx_st;
struct ssl_st;

struct probe_tls {
	struct ssl_st *ssl;
	/* The first verification error of each kind, 0 if there was none. */
	long untrusted, expired, mismatch;
	bool starved; /* memory ran out: nothing is known of the host */
};

/* What has to happen before the same call is made again. */
enum probe_tls_state {
	PROBE_TLS_DONE,
	PROBE_TLS_READ,  /* the socket becomes readable */
	PROBE_TLS_WRITE, /* or writable */
	PROBE_TLS_BROKEN,
};

/* False without memory. host: lower case, no final dot; for SNI and SAN. */
bool probe_tls_begin(struct probe_tls *tls, struct ssl_ctx_st *ctx, int fd,
    const char *host);
void probe_tls_end(struct probe_tls *tls); /* zeroed is fine too */

/* When DONE or BROKEN, *status and detail say what came of it. */
enum probe_tls_state probe_tls_handshake(struct probe_tls *tls,
    enum probe_status *status, char detail[PROBE_DETAIL_SIZE]);

enum probe_tls_state probe_tls_write(struct probe_tls *tls, const char *data,
    size_t len);
/* DONE when anything at all has been read; it is thrown away. */
enum probe_tls_state probe_tls_drain(struct probe_tls *tls);

#endif
