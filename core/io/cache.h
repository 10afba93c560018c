/*
 * Port: the cache, two stores of octets under short keys, shared by every
 * process of the host. Knows no MTA-STS: what a value means, its owner knows.
 * Production: cache_lmdb.h. Tests: cache_mem.h, and both by one test body.
 *
 * Trouble is a status, never fatal: a lookup goes on without its cache.
 */
#ifndef IO_CACHE_H
#define IO_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum cache_store {
	CACHE_POLICIES, /* durable */
	CACHE_ANSWERS,	/* may be lost at any time */
};
#define CACHE_STORES 2

enum cache_status {
	CACHE_OK,
	CACHE_NOTFOUND,	   /* no such key */
	CACHE_BUSY,	   /* no place for one more reader: cannot say */
	CACHE_FULL,	   /* not stored: nothing could be evicted for it */
	CACHE_UNAVAILABLE, /* not there, no access, damaged */
	CACHE_NOMEM,
};

/* A key has 1 to CACHE_KEY_MAX octets, a value at most CACHE_VALUE_MAX: others
 * are not found, and answered by CACHE_FULL when they are to be stored. */
#define CACHE_KEY_MAX 511
#define CACHE_VALUE_MAX 1048576

/* A copy of a value; memory reused from call to call. Zeroed is empty. */
struct cache_buffer {
	char *data;
	size_t len;
	size_t size;
};
void cache_buffer_free(struct cache_buffer *buffer);
/* Copy into it, growing it if need be. False if memory is short. */
bool cache_buffer_set(struct cache_buffer *buffer, struct span value);

/*
 * How willingly a value may be evicted: 0 never, the larger the sooner (that
 * among equals the newest goes first is for the number to say). Runs inside a
 * transaction: pure and fast.
 */
typedef unsigned cache_rank_fn(const void *data, size_t len, int64_t now);

/*
 * Sees the value stored now (old.data NULL if there is none) and decides what
 * stands there next. Runs inside a write transaction: pure and fast, no I/O. It
 * may be asked again if room had to be made; the last answer counts.
 */
enum cache_change { CACHE_KEEP, CACHE_REPLACE, CACHE_DELETE };
typedef enum cache_change cache_change_fn(void *arg, struct span old,
    struct span *replacement);

/* One of several changes: of what, fn's argument, and what came of it. */
struct cache_item {
	struct span key;
	void *arg;
	enum cache_status status;
};
/* So much at most is changed at a time: others wait meanwhile. */
#define CACHE_ITEMS_MAX 256
#define CACHE_ITEMS_OCTETS 262144 /* of replacements, about */

/* Returns false to stop. Runs outside any transaction, on copies. */
typedef bool cache_visit_fn(void *arg, struct span key, struct span value);

struct cache_size {
	uint64_t entries;
	uint64_t used;	   /* octets of the map in use */
	uint64_t capacity; /* octets of the map */
};

struct cache_reader; /* one a thread: a read transaction kept for renewal */

struct cache_ops {
	struct cache_reader *(*reader_new)(void *self);
	void (*reader_free)(void *self, struct cache_reader *reader);
	enum cache_status (*get)(void *self, struct cache_reader *reader,
	    enum cache_store store, struct span key,
	    struct cache_buffer *out);
	void (*change)(void *self, enum cache_store store,
	    struct cache_item *items, size_t count, cache_change_fn *fn,
	    int64_t now);
	enum cache_status (*visit)(void *self, enum cache_store store,
	    struct span after, cache_visit_fn *fn, void *arg);
	enum cache_status (*size)(void *self, enum cache_store store,
	    struct cache_size *out);
};

struct cache {
	const struct cache_ops *ops;
	void *self;
};

/* NULL if memory is short. Free readers before the cache; NULL is fine. */
struct cache_reader *cache_reader_new(const struct cache *cache);
void cache_reader_free(const struct cache *cache,
    struct cache_reader **reader);

/* Copy a value. A hit into a buffer that is large enough makes no system call
 * and allocates nothing. */
enum cache_status cache_get(const struct cache *cache,
    struct cache_reader *reader, enum cache_store store, struct span key,
    struct cache_buffer *out);

/* Read, decide and write as one step. now is wall time, for eviction.
 * CACHE_NOTFOUND: fn said CACHE_DELETE and there was nothing. */
enum cache_status cache_change(const struct cache *cache,
    enum cache_store store, struct span key, cache_change_fn *fn, void *arg,
    int64_t now);
enum cache_status cache_put(const struct cache *cache, enum cache_store store,
    struct span key, struct span value, int64_t now);
enum cache_status cache_delete(const struct cache *cache,
    enum cache_store store, struct span key);

/*
 * The same for each item in turn, up to CACHE_ITEMS_MAX of them, at the price
 * of one: they are written together where that can be, else one by one. What
 * cache_change would have said stands in each item's status.
 *
 * Returns CACHE_OK, or the first status that is neither that nor NOTFOUND.
 */
enum cache_status cache_change_all(const struct cache *cache,
    enum cache_store store, struct cache_item *items, size_t count,
    cache_change_fn *fn, int64_t now);
enum cache_status cache_delete_all(const struct cache *cache,
    enum cache_store store, struct cache_item *items, size_t count);

/* For what stands behind the port: may this be a key? */
bool cache_key_is_possible(struct span key);

/* Every entry behind a key (all of them for an empty one), in key order; what
 * changes meanwhile may or may not be seen. No transaction is open while fn
 * runs, and memory use is bounded. */
enum cache_status cache_visit(const struct cache *cache,
    enum cache_store store, struct span after, cache_visit_fn *fn,
    void *arg);
enum cache_status cache_size(const struct cache *cache, enum cache_store store,
    struct cache_size *out);

#endif
