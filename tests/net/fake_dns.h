/* A DNS port that answers ADDRESS questions from a table, within dns_start. */
#ifndef TESTS_NET_FAKE_DNS_H
#define TESTS_NET_FAKE_DNS_H

#include "io/dns.h"

struct fake_host {
	const char *name; /* NULL ends the table; what is not in it: NXDOMAIN */
	const char *addresses; /* separated by a space; NULL: the status */
	enum dns_status status;
};

/* Never answers where the status is DNS_OK and there are no addresses. */
struct dns fake_dns(const struct fake_host *table);

#endif
