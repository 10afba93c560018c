/* The probe by OpenSSL over non-blocking sockets of the loop. */
#ifndef IO_PROBE_OPENSSL_H
#define IO_PROBE_OPENSSL_H

#include "io/dns.h"
#include "io/loop.h"
#include "io/probe.h"

struct probe_openssl_options {
	const char *ca_file; /* NULL with ca_path NULL: the built-in roots */
	const char *ca_path;
	const char *helo;    /* NULL: the host's name */
	struct guard guard;
	int timeout;	     /* milliseconds for one address, 10 s */
	int total;	     /* milliseconds for all of a host's, 30 s */
};

enum mtasts_status probe_openssl_new(struct loop *loop, const struct dns *dns,
    const struct probe_openssl_options *options, struct probe *out,
    struct mtasts_error *err);
void probe_openssl_free(struct probe *probe);

#endif
