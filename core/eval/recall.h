/*
 * What is remembered of MX hosts, in the answers environment: whom DNS named,
 * for their TTL, and what a probe found at a host, for minutes. And the one
 * verdict that may be given from it alone: pass.
 *
 * A fail, and whatever else is not a pass, is only ever given after a fresh
 * question to DNS, and under enforce after the second look at the TXT record
 * (RFC 8461, 5.1). No null MX and no implicit MX is remembered: the first lets
 * mail go as if there were no policy, the second is an absence; both must be so
 * now.
 *
 * Whoever forges one MX answer gains no more by its being remembered than he
 * gains now: hosts must match the policy to pass, for minutes as for the
 * moment, and at delivery the MTA asks DNS itself and checks each host by the
 * policy.
 */
#ifndef EVAL_RECALL_H
#define EVAL_RECALL_H

#include "eval/verdict.h"
#include "io/cache.h"
#include "rules/mxset.h"

/* The memory, at a time. All is borrowed. */
struct recall {
	const struct cache *cache;
	struct cache_reader *reader;
	struct cache_buffer *buffer; /* scratch */
	int64_t now;
};

/* A buffer of this size is never grown. */
#define RECALL_SIZE_MAX MXSET_SIZE_MAX

/* Pass by what is remembered, true with *out filled; or it cannot be said.
 * policy is not of mode none. A pass takes no system call and no allocation. */
bool recall_pass(const struct recall *recall, const char *domain,
    const struct policy *policy, bool probing, struct evaluation *out);

/* A finding that is fresh, into *host. */
bool recall_finding(const struct recall *recall, struct eval_host *host);
void recall_note_finding(const struct recall *recall,
    const struct eval_host *host, int64_t ttl);

/* Remember a set if there is something to keep, and else no other one. */
void recall_note_mx(const struct recall *recall, const char *domain,
    const struct mxset *set);
/* CACHE_NOTFOUND: there was none. */
enum cache_status recall_forget_mx(const struct cache *cache,
    const char *domain);

#endif
