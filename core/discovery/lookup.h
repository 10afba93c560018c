/*
 * A lookup performed: the actions of discovery.h through the ports, and what it
 * leaves in the cache. Runs on one thread's loop, hundreds at once.
 *
 * Lookups of one domain with the same flags on the same loop share the work; no
 * two fetch the same domain at the same time, here or elsewhere on the host.
 */
#ifndef DISCOVERY_LOOKUP_H
#define DISCOVERY_LOOKUP_H

#include "base/clock.h"
#include "base/log.h"
#include "io/cache.h"
#include "io/counters.h"
#include "io/dns.h"
#include "io/flight.h"
#include "io/https.h"
#include "io/timer.h"
#include "rules/answer.h"
#include "rules/entry.h"

/* The trace of a run: NULL fn is none. */
struct lookup_trace {
	mtasts_trace_fn *fn;
	void *arg;
};

struct lookup_work;
struct outbox_item;

/* What lookups of one loop have in common. All is borrowed. */
struct lookup_env {
	const struct clock *clock;
	struct timers timers;
	struct dns dns;
	struct https https;
	struct cache cache;
	struct cache_reader *reader;
	struct flight flight;
	struct counters *counters;   /* may be NULL */
	const struct log *log;	     /* may be NULL */
	struct lookup_trace trace;
	bool strict_first_use;
	int refresh_warnings; /* failures in a row before an alert */

	/* Store nothing at once, even when nothing else is in flight. */
	bool patient;

	struct lookup_work *works;  /* in flight; NULL at first */
	struct outbox_item *outbox; /* to be stored, oldest first */
	size_t outbox_count;
	struct timer outbox_timer;
};

/* Ends what is in flight as if memory were short, and stores what has ended. */
void lookup_env_close(struct lookup_env *env);

/* Lives for the duration of the callback. */
struct lookup_found {
	enum mtasts_status status; /* MTASTS_OK or MTASTS_NOMEM */
	struct span answer;	   /* encoded, see rules/answer.h */
	enum mtasts_source source;
};

struct lookup;
typedef void lookup_done_fn(void *arg, const struct lookup_found *found);

/*
 * Begin a lookup of a normalised domain. done is called once, perhaps before
 * this function returns; *out is NULL from then on.
 *
 * Returns MTASTS_OK, or MTASTS_NOMEM (done is not called).
 */
enum mtasts_status lookup_start(struct lookup_env *env, const char *domain,
    unsigned flags, lookup_done_fn *done, void *arg, struct lookup **out);

/* The caller's patience is over and nobody goes on with the work: it ends from
 * what there is, for everybody who shares it, and done is called. */
void lookup_expire(struct lookup **lookup);

/* done will not be called; the work goes on. NULL is fine. */
void lookup_leave(struct lookup **lookup);

/*
 * What the cache alone says, without a question to anybody: a fresh answer, a
 * live policy, or MTASTS_REASON_NOT_CACHED; with when an id was first seen, or
 * asked for in vain, as far as that is remembered. reader and buffer are the
 * caller's; *answer leads into buffer.
 */
void lookup_cached(const struct cache *cache,
    struct cache_reader *reader, const char *domain, int64_t now,
    struct cache_buffer *buffer, struct answer *answer);

/* The stored policy, live or not; *entry leads into buffer. */
bool lookup_entry(const struct cache *cache, struct cache_reader *reader,
    const char *domain, struct cache_buffer *buffer, struct entry *entry);

/* A fresh answer alone: true if *answer may be given as it is. */
bool lookup_fresh(const struct cache *cache, struct cache_reader *reader,
    const char *domain, int64_t now, struct cache_buffer *buffer,
    struct answer *answer);

#endif
