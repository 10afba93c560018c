/*
 * The policy (RFC 8461, 3.2): a body parsed, and an MX host matched against it.
 */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include "base/pack.h"
#include "base/span.h"
#include "rules/lint.h"

#define POLICY_BODY_MAX 65536	    /* octets, RFC 8461, 3.3 */
#define POLICY_MAX_AGE_MAX 31557600 /* seconds, RFC 8461, 3.2 */

/*
 * A policy is a view: mx points to mx_count strings, each with its NUL, one
 * behind the other, in memory that somebody else owns.
 */
struct policy {
	enum mtasts_mode mode; /* never MTASTS_NO_POLICY once parsed */
	uint32_t max_age;      /* seconds, clamped */
	size_t mx_count;
	size_t mx_size; /* octets at mx */
	const char *mx;
};

/*
 * Parse a body.
 *
 * storage  at least body.len + 1 octets; out->mx points into it. Patterns are
 *          stored in lower case, without a trailing dot.
 * lint     may be NULL.
 *
 * Returns false if the body is not a valid policy; *out is then all zero.
 */
bool policy_parse(struct span body, char *storage, struct policy *out,
    struct mtasts_lint *lint);

/*
 * Check and copy one pattern as policy_parse would: lower case into out, which
 * holds value.len + 1 octets. Used for overrides and imports. Returns the
 * length, 0 if it is not a pattern.
 */
size_t policy_pattern(struct span value, char *out);

/* Walk the patterns: NULL gives the first, the last gives NULL. */
const char *policy_next_mx(const struct policy *policy, const char *mx);

/*
 * The form of a policy inside a stored record. unpack gives a view into the
 * octets, and refuses any that policy_parse could not have stored: a pattern is
 * not judged anew, but its characters and the count are.
 */
void policy_pack(struct pack *pack, const struct policy *policy);
bool policy_unpack(struct span *octets, struct policy *out);

/* Does any pattern match this host, a domain_host() name (RFC 8461, 4.1)? */
bool policy_match(const struct policy *policy, const char *host);

#endif
