/* The DNS port by c-ares: what its configuration is, and how it is made. */
#ifndef IO_DNS_CARES_H
#define IO_DNS_CARES_H

#include "io/dns.h"
#include "io/loop.h"

struct dns_cares_options {
	const char *const *servers; /* addresses, with port as "[a]:p"; */
	size_t server_count;	    /* 0: resolv.conf, re-read when it changes */
	int timeout;		    /* milliseconds for one try, 2 tries */
	unsigned in_flight;	    /* questions at once, others wait: 128 */
};

enum mtasts_status dns_cares_new(struct loop *loop,
    const struct dns_cares_options *options, struct dns *out,
    struct mtasts_error *err);
/* Cancels what is in flight without a callback. */
void dns_cares_free(struct dns *dns);

#endif
