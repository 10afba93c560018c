/*
 * The inside of struct mtasts: what the threads of a process share.
 */
#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/options.h"
#include "base/log.h"
#include "discovery/lookup.h"
#include "io/cache.h"
#include "io/counters.h"
#include "rules/override.h"

struct thread;

struct mtasts {
	struct mtasts_options *options;
	struct log log;
	struct lookup_trace trace;
	struct cache cache;
	struct counters *counters;
	struct overrides *overrides;
	struct thread *thread; /* the background thread, or NULL */
};

/* Does the background thread run in this process (and not only in a parent)? */
bool context_has_thread(const struct mtasts *ctx);

#endif
