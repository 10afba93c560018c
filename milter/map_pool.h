/*
 * Lookups that need the network, off the loop: a pool of threads that grows with
 * the questions that wait.
 */
#ifndef MILTER_MAP_POOL_H
#define MILTER_MAP_POOL_H

#include "instance.h"
#include "map_dialect.h"

#include <stdint.h>

/* One request, in the pool or in its connection's list. */
struct map_request {
	struct map_question question;
	int64_t arrived; /* monotonic milliseconds */
	char *found;	 /* the pool's answer, malloc'd; NULL: no memory */
	/* The loop's: */
	char *answer;	  /* NULL until there is one */
	void *connection; /* NULL when it is gone */
	bool pooled;	  /* the pool has it still */
	struct map_request *next;      /* in the connection */
	struct map_request *pool_next; /* in the pool */
};

int64_t map_pool_now(void);

/* wake() is called on a thread of the pool whenever a request is done. */
void map_pool_init(void (*wake)(void));
/* Hand over a request. False: there is no thread; the caller answers. */
bool map_pool_submit(struct map_request *request);
/* The requests that are done, linked by pool_next. */
struct map_request *map_pool_done(void);
/* Threads at rest let go of an instance that is no longer current. */
void map_pool_renew(void);

/* A session of the current instance, kept from one lookup to the next. */
struct map_lookups {
	struct instance *instance;
	struct mtasts_session *session;
};
bool map_lookups_open(struct map_lookups *lookups);
void map_lookups_close(struct map_lookups *lookups);

/* Look up and write the answer: count it, and log it. deadline in ms. */
void map_lookups_answer(struct map_lookups *lookups,
    const struct map_question *question, int deadline, char *answer,
    size_t size);

/* The same if nobody needs to be asked; else false, and nothing is counted. */
bool map_lookups_answer_cached(struct map_lookups *lookups,
    const struct map_question *question, char *answer, size_t size);

#endif
