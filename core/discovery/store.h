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

/* Likewise up to STORE_MAX of them, in their order, at the price of one. */
#define STORE_MAX 64
void store_discoveries(const struct cache *cache,
    const struct discovery *const *discoveries, size_t count, int64_t now,
    const struct log *log);

/* Store one policy unless a newer one stands there (RFC 8461, 3.3). */
enum cache_status store_entry(const struct cache *cache, const char *domain,
    const struct entry *entry, int64_t now);

/* Likewise up to CACHE_ITEMS_MAX at a time, each with what came of it. Returns
 * CACHE_OK or the first status that is not. */
struct store_item {
	const char *domain;
	const struct entry *entry;
	enum cache_status status;
};
enum cache_status store_entries(const struct cache *cache,
    struct store_item *items, size_t count, int64_t now);

#endif
