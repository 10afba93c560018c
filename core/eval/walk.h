/*
 * The MX hosts of a domain, in order: found by DNS (with the implicit MX of RFC
 * 5321 and the null MX of RFC 7505), matched against the policy, probed as far
 * as needed, and judged by verdict.c. Runs on the loop of a lookup.
 */
#ifndef EVAL_WALK_H
#define EVAL_WALK_H

#include "discovery/lookup.h"
#include "eval/verdict.h"

struct walk_env {
	const struct lookup_env *ports; /* dns, cache, clock, trace */
	struct probe probe;
	bool probing;
	int64_t ttl;	     /* seconds a pass is remembered */
	int64_t failure_ttl; /* seconds, anything else */
};

struct walk;
/* evaluation lives for the duration of the callback; NULL: out of memory. */
typedef void walk_done_fn(void *arg, const struct evaluation *evaluation);

/*
 * Begin. policy is borrowed until the end, and is not mode none. done is called
 * once, perhaps before this function returns; *out is NULL from then on.
 */
enum mtasts_status walk_start(const struct walk_env *env, const char *domain,
    const struct policy *policy, walk_done_fn *done, void *arg,
    struct walk **out);

/* The caller's patience is over: done is called with a temperror; a verdict that
 * is settled was given before. NULL is fine. */
void walk_expire(struct walk **walk);
void walk_cancel(struct walk **walk);

#endif
