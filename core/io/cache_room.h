/*
 * Room in an environment's map: how much is left, and how more is made by
 * evicting what its owner ranks as dispensable. Internal to cache_lmdb.
 */
#ifndef IO_CACHE_ROOM_H
#define IO_CACHE_ROOM_H

#include "io/cache_env.h"

struct cache_room {
	uint64_t page;	/* octets */
	uint64_t total; /* pages of the map */
	uint64_t live;	/* pages in use */
	uint64_t spare; /* pages a writer can have now: new ones, and free ones
			 * that no reader may still be looking at */
};
/* In a read transaction. */
enum cache_fault cache_room_measure(struct cache_env *env, MDB_txn *txn,
    struct cache_room *out);

/*
 * May a new value of this size be stored in the write transaction that is
 * open? False when 90 %
 * are in use, or readers pin so much that the last 5 % would be touched: what
 * is left is for evicting and deleting, which need pages themselves.
 */
bool cache_room_is_there(struct cache_env *env, size_t size);

/* May so many records be changed in the write transaction that is open, with
 * the reserve left as it is? */
bool cache_room_is_ample(struct cache_env *env, size_t changes);

/* Make room. False: nothing can be evicted, or a reader pins it all. */
bool cache_room_make(struct cache_env *env, const struct cache_place *place,
    cache_rank_fn *rank, int64_t now);

#endif
