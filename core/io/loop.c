/*
 * loop: one thread that waits for transfers, descriptors, timers and calls from
 * other threads at once: by poll, and by curl_multi_poll once there has been a
 * transfer. A pipe of its own wakes it, either way.
 *
 * Knows no protocol.
 *
 * Test: tests/unit/test_loop.c
 */
#include <config.h>

#include "io/loop.h"

#include "base/error.h"
#include "io/curl_library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watch {
	int fd;
	unsigned events;
	loop_ready_fn *fn;
	void *arg;
	unsigned long serial; /* tells apart two users of one number */
};

struct loop {
	const struct clock *clock;
	CURLM *multi; /* made for the first transfer */
	struct timer_list timers;

	struct watch *watches;
	struct pollfd *polled;	  /* the watches, as last polled */
	struct curl_waitfd *lent; /* the same, as libcurl takes them */
	unsigned long *serials;	  /* and who they were */
	size_t count, room;
	unsigned long serial;

	loop_transfer_fn *transfer;
	void *transfer_arg;

	int wake[2];		 /* a pipe */
	pthread_mutex_t lock; /* over posted alone */
	struct loop_call *posted, **posted_end;
};

/* ---- Beginning and end -------------------------------------------------- */

static void
wake(struct loop *loop)
{
	/* Full, it wakes as well. */
	(void)!write(loop->wake[1], "", 1);
}

static void
on_wake(void *arg, int fd, unsigned events)
{
	char buf[64];

	(void)arg;
	(void)events;
	while (read(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		;
}

static enum mtasts_status
open_wake(struct loop *loop, struct mtasts_error *err)
{
	if (pipe2(loop->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
		loop->wake[0] = loop->wake[1] = -1;
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_NONE, errno,
		    "no pipe: %s", strerror(errno));
	}
	if (loop_watch(loop, loop->wake[0], LOOP_READ, on_wake, NULL) !=
	    MTASTS_OK)
		return error_nomem(err, "loop");
	return MTASTS_OK;
}

enum mtasts_status
loop_new(const struct clock *clock, struct loop **out, struct mtasts_error *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	enum mtasts_status status;

	*out = NULL;
	if (loop == NULL)
		return error_nomem(err, "loop");
	loop->clock = clock;
	timer_list_init(&loop->timers);
	loop->posted_end = &loop->posted;
	pthread_mutex_init(&loop->lock, NULL);
	status = open_wake(loop, err);
	if (status != MTASTS_OK)
		loop_free(&loop);
	*out = loop;
	return status;
}

void
loop_free(struct loop **loop)
{
	struct loop *l = *loop;

	if (l == NULL)
		return;
	*loop = NULL;
	if (l->multi != NULL)
		libcurl.multi_cleanup(l->multi);
	if (l->wake[0] >= 0) {
		close(l->wake[0]);
		close(l->wake[1]);
	}
	pthread_mutex_destroy(&l->lock);
	free(l->watches);
	free(l->polled);
	free(l->lent);
	free(l->serials);
	free(l);
}

const struct clock *
loop_clock(const struct loop *loop)
{
	return loop->clock;
}

static void
timers_start(void *self, struct timer *timer)
{
	struct loop *loop = self;

	timer_list_add(&loop->timers, timer);
}

static void
timers_stop(void *self, struct timer *timer)
{
	(void)self;
	timer_list_remove(timer);
}

struct timers
loop_timers(struct loop *loop)
{
	static const struct timer_ops ops = {
		.start = timers_start,
		.stop = timers_stop,
	};

	return (struct timers){ .ops = &ops, .self = loop };
}

enum mtasts_status
loop_multi(struct loop *loop, void **out, struct mtasts_error *err)
{
	enum mtasts_status status = MTASTS_OK;

	if (loop->multi == NULL) {
		status = curl_library_load(err);
		if (status == MTASTS_OK &&
		    (loop->multi = libcurl.multi_init()) == NULL)
			status = error_nomem(err, "libcurl");
	}
	*out = loop->multi;
	return status;
}

void
loop_on_transfer(struct loop *loop, loop_transfer_fn *fn, void *arg)
{
	loop->transfer = fn;
	loop->transfer_arg = arg;
}

static struct watch *
watch_find(struct loop *loop, int fd)
{
	size_t i;

	for (i = 0; i < loop->count; i++)
		if (loop->watches[i].fd == fd)
			return &loop->watches[i];
	return NULL;
}

/* Room for one more watch in the arrays that go together. */
static bool
watches_grow(struct loop *loop)
{
	size_t room = loop->room == 0 ? 16 : loop->room * 2;
	void *p;

	if (loop->count < loop->room)
		return true;
	if ((p = realloc(loop->watches, room * sizeof(*loop->watches))) == NULL)
		return false;
	loop->watches = p;
	if ((p = realloc(loop->polled, room * sizeof(*loop->polled))) == NULL)
		return false;
	loop->polled = p;
	if ((p = realloc(loop->lent, room * sizeof(*loop->lent))) == NULL)
		return false;
	loop->lent = p;
	if ((p = realloc(loop->serials, room * sizeof(*loop->serials))) == NULL)
		return false;
	loop->serials = p;
	loop->room = room;
	return true;
}

enum mtasts_status
loop_watch(struct loop *loop, int fd, unsigned events, loop_ready_fn *fn,
    void *arg)
{
	struct watch *watch = watch_find(loop, fd);

	if (events == 0) {
		if (watch != NULL)
			*watch = loop->watches[--loop->count];
		return MTASTS_OK;
	}
	if (watch == NULL) {
		if (!watches_grow(loop))
			return MTASTS_NOMEM;
		watch = &loop->watches[loop->count++];
		*watch = (struct watch){ .fd = fd, .serial = ++loop->serial };
	}
	watch->events = events;
	watch->fn = fn;
	watch->arg = arg;
	return MTASTS_OK;
}

void
loop_post(struct loop *loop, struct loop_call *call)
{
	call->next = NULL;
	pthread_mutex_lock(&loop->lock);
	*loop->posted_end = call;
	loop->posted_end = &call->next;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

static void
run_posted(struct loop *loop)
{
	struct loop_call *call, *next;

	pthread_mutex_lock(&loop->lock);
	call = loop->posted;
	loop->posted = NULL;
	loop->posted_end = &loop->posted;
	pthread_mutex_unlock(&loop->lock);
	for (; call != NULL; call = next) {
		next = call->next; /* the call may be gone when it returns */
		call->fn(call->arg);
	}
}

static void
run_transfers(struct loop *loop)
{
	CURLMsg *message;
	int n;

	if (loop->multi == NULL)
		return;
	libcurl.multi_perform(loop->multi, &n);
	while ((message = libcurl.multi_info_read(loop->multi, &n)) != NULL)
		if (message->msg == CURLMSG_DONE && loop->transfer != NULL)
			loop->transfer(loop->transfer_arg,
			    message->easy_handle, (int)message->data.result);
}

static short
to_poll(unsigned events)
{
	return (short)(((events & LOOP_READ) != 0 ? POLLIN : 0) |
	    ((events & LOOP_WRITE) != 0 ? POLLOUT : 0));
}

/* An error or a hang-up is both: run_ready makes of it what was asked for. */
static unsigned
from_poll(short revents)
{
	if ((revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		return LOOP_READ | LOOP_WRITE;
	return ((revents & POLLIN) != 0 ? LOOP_READ : 0) |
	    ((revents & POLLOUT) != 0 ? LOOP_WRITE : 0);
}

static size_t
fill_polled(struct loop *loop)
{
	size_t i;

	for (i = 0; i < loop->count; i++) {
		loop->polled[i] = (struct pollfd){
			.fd = loop->watches[i].fd,
			.events = to_poll(loop->watches[i].events),
		};
		loop->serials[i] = loop->watches[i].serial;
	}
	return loop->count;
}

/* libcurl has bits of its own, with poll's names. */
static void
poll_with_transfers(struct loop *loop, size_t polled, int ms)
{
	size_t i;

	for (i = 0; i < polled; i++) {
		short events = loop->polled[i].events;

		loop->lent[i] = (struct curl_waitfd){
			.fd = loop->polled[i].fd,
			.events = (short)(
			    ((events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0) |
			    ((events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0)),
		};
	}
	libcurl.multi_poll(loop->multi, loop->lent, (unsigned)polled, ms, NULL);
	for (i = 0; i < polled; i++) {
		short events = loop->lent[i].revents;

		loop->polled[i].revents = (short)(
		    ((events & CURL_WAIT_POLLIN) != 0 ? POLLIN : 0) |
		    ((events & CURL_WAIT_POLLOUT) != 0 ? POLLOUT : 0));
	}
}

/* Callbacks may watch anything, so each is looked up again: it may be gone, and
 * its number may be somebody else's by now. */
static void
run_ready(struct loop *loop, size_t polled)
{
	struct watch *watch;
	unsigned events;
	size_t i;

	for (i = 0; i < polled; i++) {
		events = from_poll(loop->polled[i].revents);
		if (events == 0)
			continue;
		watch = watch_find(loop, loop->polled[i].fd);
		if (watch == NULL || watch->serial != loop->serials[i])
			continue;
		/* A hang-up is read as readable, asked for or not. */
		if ((events & watch->events) != 0)
			events &= watch->events;
		else
			events = watch->events;
		watch->fn(watch->arg, watch->fd, events);
	}
}

/* Milliseconds to wait at most. */
static int
patience(const struct loop *loop, int64_t until)
{
	const struct timer *first = timer_list_first(&loop->timers);
	int64_t ms;

	if (first != NULL && (until < 0 || first->at < until))
		until = first->at;
	if (until < 0)
		return INT_MAX;
	ms = until - clock_monotonic(loop->clock);
	if (ms < 0)
		return 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void
loop_run_once(struct loop *loop, int64_t until)
{
	size_t polled = fill_polled(loop);

	if (loop->multi == NULL)
		(void)poll(loop->polled, polled, patience(loop, until));
	else
		poll_with_transfers(loop, polled, patience(loop, until));
	run_transfers(loop);
	run_ready(loop, polled);
	timer_list_fire(&loop->timers, clock_monotonic(loop->clock));
	run_posted(loop);
}
