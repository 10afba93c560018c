/*
 * timer: the port's two calls, and the sorted list that its makers share.
 *
 * Test: tests/unit/test_loop.c
 */
#include <config.h>

#include "io/timer.h"

#include <stddef.h>

void
timer_start(const struct timers *timers, struct timer *timer, int64_t at,
    timer_fn *fn, void *arg)
{
	timer_stop(timers, timer);
	timer->fn = fn;
	timer->arg = arg;
	timer->at = at;
	timers->ops->start(timers->self, timer);
}

void
timer_stop(const struct timers *timers, struct timer *timer)
{
	if (timer->fn == NULL)
		return;
	timers->ops->stop(timers->self, timer);
	timer->fn = NULL;
}

void
timer_list_init(struct timer_list *list)
{
	list->head = (struct timer){ .next = &list->head, .prev = &list->head };
}

/* From the end: most timers are started with the same few delays. */
void
timer_list_add(struct timer_list *list, struct timer *timer)
{
	struct timer *before = list->head.prev;

	while (before != &list->head && before->at > timer->at)
		before = before->prev;
	timer->prev = before;
	timer->next = before->next;
	before->next->prev = timer;
	before->next = timer;
}

void
timer_list_remove(struct timer *timer)
{
	timer->prev->next = timer->next;
	timer->next->prev = timer->prev;
	timer->next = timer->prev = NULL;
}

const struct timer *
timer_list_first(const struct timer_list *list)
{
	return list->head.next == &list->head ? NULL : list->head.next;
}

/* Take those that are due out of list, in order, into a list of their own. */
static void
take_due(struct timer_list *list, int64_t now, struct timer_list *due)
{
	struct timer *last = &list->head;

	timer_list_init(due);
	while (last->next != &list->head && last->next->at <= now)
		last = last->next;
	if (last == &list->head)
		return;
	due->head.next = list->head.next;
	due->head.prev = last;
	list->head.next = last->next;
	last->next->prev = &list->head;
	due->head.next->prev = &due->head;
	last->next = &due->head;
}

void
timer_list_fire(struct timer_list *list, int64_t now)
{
	struct timer_list due;
	struct timer *timer;
	timer_fn *fn;

	/* A list apart, so that a timer started by a callback waits for the
	 * next round, whatever its time; one stopped leaves whichever it is
	 * in. */
	take_due(list, now, &due);
	while ((timer = due.head.next) != &due.head) {
		timer_list_remove(timer);
		fn = timer->fn;
		timer->fn = NULL;
		fn(timer->arg);
	}
}
