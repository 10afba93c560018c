/*
 * What a discovery leaves in the cache: the policy first, then the answer. Pure
 * changes of stored records; when they are made, lookup.c knows.
 */
#ifndef DISCOVERY_STORE_H
#define DISCOVERY_STORE_H

#include "base/log.h"
#include "discovery/discovery.h"
#include "io/cache.h"

/* Store a discovery that is done. Cache trouble is logged and survived. */
void store_discovery(const struct cache *cache,
    const struct discovery *discovery, int64_t now, const struct log *log);

/* Store one policy unless a newer one stands there (RFC 8461, 3.3). */
enum cache_status store_entry(const struct cache *cache, const char *domain,
    const struct entry *entry, int64_t now);

#endif
