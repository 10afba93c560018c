/*
 * The MX hosts of a domain as DNS named them, kept until their TTL ends: a
 * record of the answers environment. Only what DNS says there is, never that
 * there is nothing; losing it costs a question.
 */
#ifndef RULES_MXSET_H
#define RULES_MXSET_H

#include "rules/domain.h"

#include <stdint.h>

/* The first octet, as in answer.h. */
#define MXSET_FORMAT 0x31

#define MXSET_HOSTS_MAX 32 /* a longer set is not kept */
#define MXSET_KEPT_MAX 300 /* seconds, whatever the TTL says */
#define MXSET_SIZE_MAX (18 + MXSET_HOSTS_MAX * (4 + DOMAIN_MAX))

struct mxset_host {
	uint16_t preference;
	char name[DOMAIN_SIZE]; /* as domain_host makes it */
};

struct mxset {
	int64_t asked_at; /* wall seconds, when DNS answered; 0: not begun */
	int64_t fresh_until;
	size_t count; /* more than MXSET_HOSTS_MAX: there were too many */
	struct mxset_host hosts[MXSET_HOSTS_MAX]; /* in DNS's order */
};

/* An empty set, of an answer that has come now. With a ttl of 0 it is never
 * fresh. */
void mxset_begin(struct mxset *set, uint32_t ttl, int64_t now);
void mxset_add(struct mxset *set, const char name[DOMAIN_SIZE],
    uint16_t preference);

/* The octets of a set, written to buf. Returns the length, 0 if there is
 * nothing to keep (no host, too many, no time left) or it does not fit. */
size_t mxset_encode(const struct mxset *set, void *buf, size_t size);

/* False for octets that are no set of this format version; *out means nothing
 * then. */
bool mxset_decode(const void *data, size_t len, struct mxset *out);

/* May it still be gone by? Not after fresh_until, nor if asked_at lies in the
 * future, nor for longer than MXSET_KEPT_MAX: a clock was stepped. */
bool mxset_is_fresh(const struct mxset *set, int64_t now);

#endif
