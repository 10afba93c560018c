/*
 * Which recipients leave by SMTP, and whose policy is theirs.
 */
#ifndef MILTER_ROUTE_H
#define MILTER_ROUTE_H

#include "conf.h"

#define ROUTE_DOMAIN_SIZE 512

/* What the MTA said of a recipient; NULL what it did not. */
struct route_recipient {
	const char *mailer; /* {rcpt_mailer} */
	const char *host;   /* {rcpt_host} */
	const char *addr;   /* {rcpt_addr} */
};

/* Not an SMTP recipient, or one we are not to judge: continue. */
enum route_kind {
	ROUTE_UNKNOWN = 0, /* the MTA does not tell */
	ROUTE_LOCAL,	   /* no mailer of ours */
	ROUTE_FIXED,	   /* a host in brackets: no MX, no policy */
	ROUTE_OVERRIDDEN,  /* another next hop than the domain's */
	ROUTE_OUTBOUND,
};

/* The policy domain is written with ROUTE_OUTBOUND only. */
enum route_kind route_find(const struct conf *conf,
    const struct route_recipient *recipient, char *domain, size_t size);

/* The part of an address behind its last @; "" if there is none. */
const char *route_domain(const char *addr, char *buf, size_t size);

#endif
