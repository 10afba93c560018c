/*
 * Port: DNS questions, asynchronous. Knows no MTA-STS.
 *
 * Absent (NXDOMAIN, NODATA), temporary (TIMEOUT, SERVFAIL) and broken answers
 * stay apart. Production: dns_cares.h. Tests: a fake that completes at once,
 * from within dns_start.
 */
#ifndef IO_DNS_H
#define IO_DNS_H

#include "base/span.h"
#include "io/address.h"
#include "mtasts.h"

enum dns_type {
	DNS_TXT,
	DNS_MX,
	DNS_ADDRESS, /* AAAA and A, asked together */
};

enum dns_status {
	DNS_OK,
	DNS_NXDOMAIN,
	DNS_NODATA,
	DNS_TIMEOUT,
	DNS_SERVFAIL, /* SERVFAIL, REFUSED, dead servers, CNAME loop, garbage */
	DNS_NOMEM,
};

struct dns_mx {
	uint16_t preference;
	const char *host; /* as in the record, without escapes; "" is the root */
};

/* Lives for the duration of the callback. */
struct dns_answer {
	enum dns_status status;
	enum dns_type type;
	/* Seconds: of the RRset with the CNAMEs before it; of a negative answer,
	 * min(SOA TTL, SOA minimum), 0 without an SOA. */
	uint32_t ttl;
	size_t count;
	const struct span *txt;	      /* each record, strings joined */
	const struct dns_mx *mx;      /* by preference, equal ones shuffled */
	const struct address *address; /* IPv6 first */
	const char *detail;	      /* a few words, "" if none */
};

struct dns_query;
typedef void dns_done_fn(void *arg, const struct dns_answer *answer);

struct dns_ops {
	enum mtasts_status (*start)(void *self, const char *name,
	    enum dns_type type, dns_done_fn *done, void *arg,
	    struct dns_query **out);
	void (*cancel)(void *self, struct dns_query *query);
};

struct dns {
	const struct dns_ops *ops;
	void *self;
};

/*
 * Ask. done is called exactly once unless the query is cancelled; *out is NULL
 * from the moment done begins (the port clears it). *out must stay in place
 * until then. Returns MTASTS_OK or MTASTS_NOMEM (done is not called).
 */
enum mtasts_status dns_start(const struct dns *dns, const char *name,
    enum dns_type type, dns_done_fn *done, void *arg, struct dns_query **out);

/* Forget a query: done will not be called. *query is set NULL; NULL is fine. */
void dns_cancel(const struct dns *dns, struct dns_query **query);

const char *dns_status_name(enum dns_status status);

#endif
