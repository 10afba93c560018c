/*
 * Passes over the cache: see refresh.h. A go looks at some hundred records,
 * starts lookups for policies that are due as long as there is room for more,
 * and the next go takes up where it stopped: the loop is never held for long.
 *
 * Test: tests/scenario/refresh.scn.
 */
#include <stdlib.h>
#include <string.h>

#include "discovery/refresh.h"
#include "discovery/sweep.h"
#include "rules/domain.h"
#include "rules/entry.h"

#define KEY_MAX 512 /* longer than any key of the cache */

struct refresh {
	struct lookup_env *env;
	int64_t forget_after;
	struct timer timer;
	enum cache_store store; /* policies first, then answers */
	char after[KEY_MAX];	/* the pass has come so far */
	size_t after_len;
	size_t scanned; /* in this go */
	bool stopped;	/* this go before the end of the store */
	struct sweep sweep;
	struct lookup *jobs[REFRESH_JOBS];
};

static void
on_refreshed(void *arg, const struct lookup_found *found)
{
	(void)arg; /* the lookup has stored, logged and counted */
	(void)found;
}

static struct lookup **
free_job(struct refresh *refresh)
{
	size_t i;

	for (i = 0; i < REFRESH_JOBS; i++)
		if (refresh->jobs[i] == NULL)
			return &refresh->jobs[i];
	return NULL;
}

/* Start what is due. False: no room, come back to this one. */
static bool
refresh_policy(struct refresh *refresh, struct span key, struct span value,
    int64_t now)
{
	char domain[DOMAIN_SIZE];
	struct lookup **job = free_job(refresh);
	struct entry entry;

	if (!entry_decode(value.data, value.len, &entry) ||
	    !entry_is_due(&entry, now) ||
	    entry_is_forgotten(&entry, now, refresh->forget_after) ||
	    key.len > DOMAIN_MAX)
		return true;
	if (job == NULL)
		return false;
	memcpy(domain, key.data, key.len);
	domain[key.len] = '\0';
	return lookup_start(refresh->env, domain, MTASTS_REFRESH,
		   on_refreshed, refresh, job) == MTASTS_OK;
}

static bool
on_record(void *arg, struct span key, struct span value)
{
	struct refresh *refresh = arg;
	int64_t now = clock_wall(refresh->env->clock);

	if (!sweep_take(&refresh->sweep, key, value) &&
	    refresh->store == CACHE_POLICIES)
		refresh->stopped = !refresh_policy(refresh, key, value, now);
	if (refresh->stopped)
		return false;
	if (key.len <= KEY_MAX) {
		memcpy(refresh->after, key.data, key.len);
		refresh->after_len = key.len;
	}
	refresh->stopped = ++refresh->scanned == REFRESH_SCAN;
	return !refresh->stopped;
}

static void go(void *arg);

static void
schedule(struct refresh *refresh, int64_t delay)
{
	timer_start(&refresh->env->timers, &refresh->timer,
	    clock_monotonic(refresh->env->clock) + delay, go, refresh);
}

static void
go(void *arg)
{
	struct refresh *refresh = arg;

	refresh->scanned = 0;
	refresh->stopped = false;
	refresh->sweep.store = refresh->store;
	refresh->sweep.now = clock_wall(refresh->env->clock);
	cache_visit(&refresh->env->cache, refresh->store,
	    span_of(refresh->after, refresh->after_len), on_record, refresh);
	sweep_flush(&refresh->sweep);
	if (refresh->stopped) {
		schedule(refresh, REFRESH_STEP);
		return;
	}
	refresh->after_len = 0;
	if (refresh->store == CACHE_POLICIES) {
		refresh->store = CACHE_ANSWERS;
		schedule(refresh, REFRESH_STEP);
	} else {
		refresh->store = CACHE_POLICIES;
		schedule(refresh, REFRESH_PAUSE);
	}
}

enum mtasts_status
refresh_new(struct lookup_env *env, int64_t forget_after, struct refresh **out)
{
	struct refresh *refresh = calloc(1, sizeof(*refresh));

	*out = refresh;
	if (refresh == NULL)
		return MTASTS_NOMEM;
	refresh->env = env;
	refresh->sweep.cache = &env->cache;
	refresh->forget_after = forget_after;
	schedule(refresh, 0);
	return MTASTS_OK;
}

void
refresh_free(struct refresh **refresh_p)
{
	struct refresh *refresh = *refresh_p;
	size_t i;

	if (refresh == NULL)
		return;
	timer_stop(&refresh->env->timers, &refresh->timer);
	for (i = 0; i < REFRESH_JOBS; i++)
		lookup_leave(&refresh->jobs[i]);
	free(refresh);
	*refresh_p = NULL;
}
