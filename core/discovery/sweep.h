/*
 * Removing what has had its time: policies past max_age, answers past their
 * deadline. Each removal looks again at what stands there now.
 */
#ifndef DISCOVERY_SWEEP_H
#define DISCOVERY_SWEEP_H

#include "io/cache.h"

/* True if the record was removed. A record that cannot be decoded goes too. */
bool sweep_record(const struct cache *cache, enum cache_store store,
    struct span key, int64_t now);

/* Is this record, as seen, worth a look by sweep_record? */
bool sweep_is_over(enum cache_store store, struct span value, int64_t now);

#endif
