/*
 * Port: timers. A timer fires once, never from within timer_start, unless it is
 * stopped before. Production: the loop. Tests: a clock moved by hand.
 */
#ifndef IO_TIMER_H
#define IO_TIMER_H

#include <stdint.h>

typedef void timer_fn(void *arg);

/* Embedded in its user, who need not look inside. Zeroed means stopped. */
struct timer {
	timer_fn *fn; /* NULL while stopped */
	void *arg;
	int64_t at; /* monotonic milliseconds */
	struct timer *next, *prev;
};

struct timer_ops {
	void (*start)(void *self, struct timer *timer);
	void (*stop)(void *self, struct timer *timer);
};

struct timers {
	const struct timer_ops *ops;
	void *self;
};

/* Fire fn(arg) at this monotonic time; a running timer is moved. */
void timer_start(const struct timers *timers, struct timer *timer, int64_t at,
    timer_fn *fn, void *arg);
/* Stopping a stopped timer is fine. */
void timer_stop(const struct timers *timers, struct timer *timer);

/*
 * For makers of the port: timers in the order of their times. ops->start adds
 * and ops->stop removes; timer_start and timer_stop see to the rest.
 */
struct timer_list {
	struct timer head; /* of a ring; not a timer */
};

void timer_list_init(struct timer_list *list);
void timer_list_add(struct timer_list *list, struct timer *timer);
void timer_list_remove(struct timer *timer);
/* The one that is due first, NULL if there is none. */
const struct timer *timer_list_first(const struct timer_list *list);
/* Fire all that are due. Callbacks may start and stop any timer; what they
 * start fires in a later call. */
void timer_list_fire(struct timer_list *list, int64_t now);

#endif
