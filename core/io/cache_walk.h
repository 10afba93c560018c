/*
 * A walk over every page of an environment that holds entries, in a child: a
 * page that kills whoever reads it kills the child. Internal to cache_lmdb.
 */
#ifndef IO_CACHE_WALK_H
#define IO_CACHE_WALK_H

#include "io/cache_env.h"
#include "io/cache_lmdb.h"

struct cache_walk {
	const struct cache_place *place;
	int dirfd;		/* of the environment */
	bool read_only;
	enum cache_store store; /* for check */
	cache_check_fn *check;	/* may be NULL */
	mtasts_report_fn *report;
	void *arg;
	size_t damage; /* out: how many things were found wrong */
};

/* False if there can be no child. */
bool cache_walk(struct cache_walk *walk);

#endif
