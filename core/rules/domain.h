/*
 * Names: the policy domain an adapter hands in, made canonical (RFC 8461, 2 and
 * 3.4; IDNA2008), and the two names derived from it. No I/O.
 */
#ifndef RULES_DOMAIN_H
#define RULES_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#define DOMAIN_MAX 253		       /* octets of a name in text form */
#define DOMAIN_SIZE (DOMAIN_MAX + 1)   /* with the NUL */
#define DOMAIN_PREFIX_MAX 9	       /* "_mta-sts." */

enum domain_status {
	DOMAIN_OK,
	DOMAIN_LITERAL,	     /* [192.0.2.1], [IPv6:...], or a bare address */
	DOMAIN_SINGLE_LABEL, /* localhost */
	DOMAIN_TOO_LONG,     /* or no room for the "_mta-sts." prefix */
	DOMAIN_INVALID,
	DOMAIN_NOMEM, /* not known: no memory to convert its U-labels */
};

/*
 * name  any octets, U-labels or A-labels, any case, at most one trailing dot.
 * out   lower-case A-labels without the dot; "" unless DOMAIN_OK.
 *
 * A plain ASCII name takes no allocation and no library call.
 */
enum domain_status domain_normalise(const char *name, size_t len,
    char out[DOMAIN_SIZE]);

/* The word for a status, for a detail or an error. */
const char *domain_status_text(enum domain_status status);

/* "_mta-sts." and "mta-sts." before a normalised domain. */
void domain_record_name(const char *domain, char out[DOMAIN_SIZE]);
void domain_policy_host(const char *domain, char out[DOMAIN_SIZE]);

/*
 * The name of an MX host as DNS gave it, made comparable: lower case, without
 * the root's dot, LDH and underscore only. False if it cannot be a host name;
 * an address is none, nor is anything else that ends in a number.
 */
bool domain_host(const char *name, size_t len, char out[DOMAIN_SIZE]);

#endif
