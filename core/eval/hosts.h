/*
 * The MX hosts of an evaluation: taken up in DNS's order, and which of them is
 * to be probed next. No I/O.
 */
#ifndef EVAL_HOSTS_H
#define EVAL_HOSTS_H

#include "eval/verdict.h"

/* Take up a host, matched against the policy; name is as domain_host makes it.
 * Of more than EVAL_HOSTS_MAX those that the policy names stay. True if it
 * matches. */
bool hosts_add(struct evaluation *evaluation, const struct policy *policy,
    const char *name, uint16_t preference);

/* The next host to probe, or NULL when the verdict can be given. */
struct eval_host *hosts_next(struct evaluation *evaluation, bool probing);

#endif
