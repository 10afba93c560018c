/* The cache in memory, for tests: sorted arrays, one thread. */
#ifndef IO_CACHE_MEM_H
#define IO_CACHE_MEM_H

#include "io/cache.h"

/* limit: entries a store may hold before it evicts, 0 for no limit. */
bool cache_mem_new(size_t limit, cache_rank_fn *const rank[CACHE_STORES],
    struct cache *out);
void cache_mem_free(struct cache *cache);

#endif
