/*
 * dns: the port's own calls; what answers is behind its table.
 *
 * Test: tests/unit/test_dns.c
 */
#include <config.h>

#include "io/dns.h"

enum mtasts_status
dns_start(const struct dns *dns, const char *name, enum dns_type type,
    dns_done_fn *done, void *arg, struct dns_query **out)
{
	*out = NULL;
	return dns->ops->start(dns->self, name, type, done, arg, out);
}

void
dns_cancel(const struct dns *dns, struct dns_query **query)
{
	struct dns_query *q = *query;

	if (q == NULL)
		return;
	*query = NULL;
	dns->ops->cancel(dns->self, q);
}

const char *
dns_status_name(enum dns_status status)
{
	switch (status) {
	case DNS_OK:
		return "ok";
	case DNS_NXDOMAIN:
		return "nxdomain";
	case DNS_NODATA:
		return "nodata";
	case DNS_TIMEOUT:
		return "timeout";
	case DNS_SERVFAIL:
		return "servfail";
	case DNS_NOMEM:
		return "nomem";
	}
	return "unknown";
}
