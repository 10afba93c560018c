/*
 * Counters that all processes of the host share: a small mapped file of atomic
 * 64-bit numbers in the run directory. Without it they count for the process.
 */
#ifndef IO_COUNTERS_H
#define IO_COUNTERS_H

#include <stdint.h>

#include "mtasts.h"

/* Stored by position: append only. */
enum counter {
	COUNTER_LOOKUPS,
	COUNTER_HITS,	    /* answered without I/O */
	COUNTER_MISSES,
	COUNTER_UNCHANGED,  /* TXT asked, same id */
	COUNTER_FETCHES,    /* HTTPS requests */
	COUNTER_FETCH_FAILURES,
	COUNTER_DNS_FAILURES,
	COUNTER_EVALUATIONS,
	COUNTER_PASS,
	COUNTER_FAIL,
	COUNTER_TEMPERROR,
	COUNTER_PROBES,
	COUNTER_REFRESHES,
	COUNTER_CONNECTIONS,
	COUNTER_CONNECTION_FAILURES,
	COUNTER_COUNT
};

struct counters;

enum mtasts_status counters_new(const char *run_directory,
    struct counters **out);
void counters_free(struct counters **counters);
/* Thread-safe; no system call once mapped. counters may be NULL. */
void counters_add(struct counters *counters, enum counter counter);
uint64_t counters_read(struct counters *counters, enum counter counter);
const char *counter_name(enum counter counter);

#endif
