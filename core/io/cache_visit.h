/*
 * Every entry of an environment, in the order of keys, seen at several moments.
 * Internal to cache_lmdb.
 */
#ifndef IO_CACHE_VISIT_H
#define IO_CACHE_VISIT_H

#include "io/cache_env.h"

/* As cache_visit (io/cache.h): from the first key behind "after", which is of
 * CACHE_KEY_MAX octets at most. */
enum cache_status cache_visit_env(struct cache_env *env, struct span after,
    cache_visit_fn *fn, void *arg);

#endif
