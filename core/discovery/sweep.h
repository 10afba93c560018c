/*
 * Removing what has had its time: policies past max_age, answers past their
 * deadline. What is seen to be over is collected, and removed some hundred at a
 * time; each removal looks again at what stands there then.
 */
#ifndef DISCOVERY_SWEEP_H
#define DISCOVERY_SWEEP_H

#include "io/cache.h"

#define SWEEP_KEYS_SIZE 32768 /* octets of keys that wait */

struct sweep;
struct sweep_record {
	const struct sweep *sweep;
	bool removed;
};

struct sweep {
	/* Set by the user; may change while nothing waits. */
	const struct cache *cache;
	enum cache_store store;
	bool all; /* not only what is over */
	int64_t now;
	size_t removed; /* so far */

	/* Inside: what waits. */
	size_t count, len;
	struct cache_item items[CACHE_ITEMS_MAX];
	struct sweep_record records[CACHE_ITEMS_MAX];
	char keys[SWEEP_KEYS_SIZE];
};

/* False if this record, as seen, is to stay. One that cannot be decoded goes
 * too. Must not run inside a transaction. */
bool sweep_take(struct sweep *sweep, struct span key, struct span value);

/* Remove what still waits. */
void sweep_flush(struct sweep *sweep);

#endif
