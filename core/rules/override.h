/*
 * Overrides: the administrator's word about a domain, one line each, first
 * match of the most specific name decides.
 *
 *	example.com		skip
 *	.partner.example	enforce mx=*.partner.example,mx.example.net
 *
 * A leading dot means every name below, not the name itself. skip and none take
 * nothing, testing and enforce need mx=. "#" begins a comment; two lines for one
 * name are an error. Text in, table out; who reads the file is another's matter.
 */
#ifndef RULES_OVERRIDE_H
#define RULES_OVERRIDE_H

#include "rules/policy.h"

struct override {
	char *domain;	      /* normalised, with the leading dot if it had one */
	unsigned line;	      /* of the file */
	bool skip;	      /* no policy for this domain */
	struct policy policy; /* else this one, max_age 0 */
};

struct overrides; /* a table, sorted by domain */

/*
 * text  the file; name is used in errors only, as "name:line: ...".
 *
 * Returns MTASTS_OK, MTASTS_NOMEM or MTASTS_CONFIG. The caller owns *out.
 */
enum mtasts_status overrides_parse(struct span text, const char *name,
    struct overrides **out, struct mtasts_error *err);
void overrides_free(struct overrides **overrides);

/* The override for a normalised domain, or NULL. overrides may be NULL. */
const struct override *overrides_find(const struct overrides *overrides,
    const char *domain);

#endif
