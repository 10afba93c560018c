/*
 * The cache in two LMDB environments (see DESIGN of the cache in README.md):
 * <directory>/policies, synced, and <run_directory>/answers, never synced.
 *
 * Opened by first use, again after fork (the parent's handle is left alone),
 * and again when the directory was set aside or replaced. One process opens an
 * environment once; handles of the same directory share it.
 */
#ifndef IO_CACHE_LMDB_H
#define IO_CACHE_LMDB_H

#include "base/log.h"
#include "io/cache.h"
#include "mtasts_admin.h"

struct cache_lmdb_options {
	const char *directory;	   /* of policies */
	const char *run_directory; /* of answers; may be missing */
	uint64_t size;		   /* of the policies map, octets */
	cache_rank_fn *rank[CACHE_STORES];
	const struct log *log;	   /* borrowed, outlives the cache; may be NULL */
};

/* Opens nothing. Copies the strings. */
enum mtasts_status cache_lmdb_new(const struct cache_lmdb_options *options,
    struct cache *out, struct mtasts_error *err);
void cache_lmdb_free(struct cache *cache);

/* Remove dead readers; for refresh and purge. Returns how many there were. */
int cache_lmdb_reap(const struct cache *cache);

/* As mtasts_admin_verify and mtasts_admin_compact. check() says whether a value
 * can be decoded. */
typedef bool cache_check_fn(enum cache_store store, struct span key,
    struct span value);
enum mtasts_status cache_lmdb_verify(const struct cache *cache,
    cache_check_fn *check, mtasts_report_fn *report, void *arg,
    size_t *damage, struct mtasts_error *err);
enum mtasts_status cache_lmdb_compact(const struct cache *cache,
    const char *file, struct mtasts_error *err);

#endif
