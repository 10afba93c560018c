/*
 * What becomes known of a lookup beside its result: trace, log, counters.
 */
#ifndef DISCOVERY_REPORT_H
#define DISCOVERY_REPORT_H

#include "discovery/discovery.h"
#include "discovery/lookup.h"

/* A step of a trace that took elapsed milliseconds. */
void report_step(const struct lookup_trace *trace, enum mtasts_stage stage,
    const char *subject, int64_t elapsed, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The step that an answer ended, once discovery has seen it. */
void report_txt(const struct lookup_env *env,
    const struct discovery *discovery, const struct dns_answer *dns,
    int64_t elapsed);
void report_fetch(const struct lookup_env *env,
    const struct discovery *discovery, const struct https_answer *https,
    int64_t elapsed);

/* The log line, if one is due, and the counters of a discovery that is done. */
void report_discovery(const struct lookup_env *env,
    const struct discovery *discovery);

#endif
