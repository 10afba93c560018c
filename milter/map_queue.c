/*
 * map_queue: see map_queue.h. On the loop alone.
 *
 * Test: tests/milter/map.py
 */
#include <config.h>

#include "map_queue.h"

#include <stdlib.h>
#include <string.h>

struct map_request {
	struct map_lookup lookup; /* first: it leads back here */
	bool away;		  /* being looked up, and not ours */
	struct map_queue *queue;  /* NULL when its owner is gone */
	struct map_request *next;
};

static void
request_free(struct map_request *request)
{
	free(request->lookup.answer);
	free(request);
}

void
map_queue_init(struct map_queue *queue, void *owner)
{
	*queue = (struct map_queue) { .owner = owner, .last = &queue->first };
}

void
map_queue_drop(struct map_queue *queue)
{
	while (queue->first != NULL) {
		struct map_request *request = queue->first;

		queue->first = request->next;
		if (request->away)
			request->queue = NULL;
		else
			request_free(request);
	}
	map_queue_init(queue, queue->owner);
}

static struct map_request *
add(struct map_queue *queue, const struct map_question *question)
{
	struct map_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->lookup.question = *question;
	request->queue = queue;
	*queue->last = request;
	queue->last = &request->next;
	queue->pending++;
	return request;
}

bool
map_queue_answered(struct map_queue *queue,
    const struct map_question *question, const char *answer)
{
	struct map_request *request = add(queue, question);

	if (request != NULL)
		request->lookup.answer = strdup(answer);
	return request != NULL && request->lookup.answer != NULL;
}

bool
map_queue_look_up(struct map_queue *queue,
    const struct map_question *question)
{
	struct map_request *request = add(queue, question);

	if (request != NULL)
		request->away = map_lookup_start(&request->lookup);
	return request != NULL && request->away;
}

const char *
map_queue_next(const struct map_queue *queue)
{
	return queue->first == NULL || queue->first->away ?
	    NULL : queue->first->lookup.answer;
}

void
map_queue_pop(struct map_queue *queue)
{
	struct map_request *request = queue->first;

	queue->first = request->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->pending--;
	request_free(request);
}

bool
map_queue_returned(void **owner, bool *answered)
{
	struct map_lookup *lookup = map_lookup_done();
	struct map_request *request = (struct map_request *)(void *)lookup;

	if (request == NULL)
		return false;
	request->away = false;
	*answered = lookup->answer != NULL;
	*owner = NULL;
	if (request->queue != NULL)
		*owner = request->queue->owner;
	else
		request_free(request);
	return true;
}
