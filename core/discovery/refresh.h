/*
 * The background refresh (RFC 8461, 3.3 and 10.2): cached policies are fetched
 * anew before they expire, a few at a time, in passes over the cache; what has
 * had its time is removed on the way. Runs on the loop of its lookups.
 */
#ifndef DISCOVERY_REFRESH_H
#define DISCOVERY_REFRESH_H

#include "discovery/lookup.h"

#define REFRESH_JOBS 32	     /* fetches at once */
#define REFRESH_SCAN 512     /* records looked at in one go */
#define REFRESH_STEP 100     /* milliseconds between two goes */
#define REFRESH_PAUSE 300000 /* milliseconds between passes */

struct refresh;

/* env is borrowed and outlives it. forget_after: seconds. The first pass begins
 * with the loop. MTASTS_OK or MTASTS_NOMEM. */
enum mtasts_status refresh_new(struct lookup_env *env, int64_t forget_after,
    struct refresh **out);
/* Lookups in flight go on, unheard. NULL is fine. */
void refresh_free(struct refresh **refresh);

#endif
