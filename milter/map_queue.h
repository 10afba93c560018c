/*
 * The questions of a connection that wait for their answers, which leave in the
 * order in which they were asked.
 */
#ifndef MILTER_MAP_QUEUE_H
#define MILTER_MAP_QUEUE_H

#include "map_lookup.h"

struct map_request;

struct map_queue {
	void *owner;
	struct map_request *first, **last;
	unsigned pending;
};

void map_queue_init(struct map_queue *queue, void *owner);
/* The owner goes. What is looked up still comes back, and is freed then. */
void map_queue_drop(struct map_queue *queue);

/* A question whose answer is there, but not its turn; or one that is looked up
 * elsewhere. False: no memory. */
bool map_queue_answered(struct map_queue *queue,
    const struct map_question *question, const char *answer);
bool map_queue_look_up(struct map_queue *queue,
    const struct map_question *question);

/* The answer that is to leave next, NULL if it is not there; and let it go. */
const char *map_queue_next(const struct map_queue *queue);
void map_queue_pop(struct map_queue *queue);

/* A question has come back from where it was looked up; false if none has. *owner
 * is NULL when it is gone. Not *answered: there was no memory for an answer. */
bool map_queue_returned(void **owner, bool *answered);

#endif
