/*
 * Questions of the socket map looked up: in the cache, on the loop, or by the
 * library's background thread.
 */
#ifndef MILTER_MAP_LOOKUP_H
#define MILTER_MAP_LOOKUP_H

#include "instance.h"
#include "map_dialect.h"

/* A question that is looked up elsewhere, from map_lookup_start to
 * map_lookup_done. */
struct map_lookup {
	struct map_question question;
	char *answer; /* malloc'd; NULL: no memory */
	/* Inside. */
	struct instance *instance;
	struct map_lookup *next;
};

/* wake() is called on another thread whenever a lookup is done. */
void map_lookup_init(void (*wake)(void));

/* The answer, counted and logged, if nobody needs to be asked; else false. */
bool map_lookup_cached(const struct map_question *question, char *answer,
    size_t size);

/* Have it looked up, within the configured time. False: no memory. */
bool map_lookup_start(struct map_lookup *lookup);

/* One that is done, the caller's again; NULL if there is none. */
struct map_lookup *map_lookup_done(void);

/* Let go of an instance that is no longer current. */
void map_lookup_renew(void);

#endif
