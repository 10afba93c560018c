/*
 * loop: one thread that waits for transfers, descriptors, timers and calls from
 * other threads at once, by curl_multi_poll.
 *
 * Also the one place where libcurl is initialised, once a process. Knows no
 * protocol.
 *
 * Test: tests/unit/test_loop.c
 */
#include <config.h>

#include "io/loop.h"

#include "base/error.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

struct watch {
	int fd;
	unsigned events;
	loop_ready_fn *fn;
	void *arg;
	unsigned long serial; /* tells apart two users of one number */
};

struct loop {
	const struct clock *clock;
	CURLM *multi;
	struct timer_list timers;

	struct watch *watches;
	struct curl_waitfd *polled; /* the watches, as last polled */
	unsigned long *serials;	    /* and who they were */
	size_t count, room;
	unsigned long serial;

	loop_transfer_fn *transfer;
	void *transfer_arg;

	pthread_mutex_t lock; /* over posted alone */
	struct loop_call *posted, **posted_end;
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

/* OpenSSL goes on without the names of what it had no memory for. */
static void
global_init(void)
{
	errno = 0;
	global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (global_result == CURLE_OK && errno == ENOMEM)
		global_result = CURLE_OUT_OF_MEMORY;
}

enum mtasts_status
loop_new(const struct clock *clock, struct loop **out, struct mtasts_error *err)
{
	struct loop *loop;

	*out = NULL;
	pthread_once(&global_once, global_init);
	if (global_result == CURLE_OUT_OF_MEMORY)
		return error_nomem(err, "libcurl");
	if (global_result != CURLE_OK)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_HTTPS,
		    (int)global_result, "libcurl cannot be initialised: %s",
		    curl_easy_strerror(global_result));
	if ((loop = calloc(1, sizeof(*loop))) == NULL)
		return error_nomem(err, "loop");
	if ((loop->multi = curl_multi_init()) == NULL) {
		free(loop);
		return error_nomem(err, "loop");
	}
	loop->clock = clock;
	timer_list_init(&loop->timers);
	loop->posted_end = &loop->posted;
	pthread_mutex_init(&loop->lock, NULL);
	*out = loop;
	return MTASTS_OK;
}

void
loop_free(struct loop **loop)
{
	struct loop *l = *loop;

	if (l == NULL)
		return;
	*loop = NULL;
	curl_multi_cleanup(l->multi);
	pthread_mutex_destroy(&l->lock);
	free(l->watches);
	free(l->polled);
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

void *
loop_multi(struct loop *loop)
{
	return loop->multi;
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

/* Room for one more watch in the three arrays that go together. */
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
	curl_multi_wakeup(loop->multi);
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

	curl_multi_perform(loop->multi, &n);
	while ((message = curl_multi_info_read(loop->multi, &n)) != NULL)
		if (message->msg == CURLMSG_DONE && loop->transfer != NULL)
			loop->transfer(loop->transfer_arg,
			    message->easy_handle, (int)message->data.result);
}

static short
to_poll(unsigned events)
{
	return (short)(((events & LOOP_READ) != 0 ? CURL_WAIT_POLLIN : 0) |
	    ((events & LOOP_WRITE) != 0 ? CURL_WAIT_POLLOUT : 0));
}

static unsigned
from_poll(short revents)
{
	return ((revents & CURL_WAIT_POLLIN) != 0 ? LOOP_READ : 0) |
	    ((revents & CURL_WAIT_POLLOUT) != 0 ? LOOP_WRITE : 0);
}

static size_t
fill_polled(struct loop *loop)
{
	size_t i;

	for (i = 0; i < loop->count; i++) {
		loop->polled[i] = (struct curl_waitfd){
			.fd = loop->watches[i].fd,
			.events = to_poll(loop->watches[i].events),
		};
		loop->serials[i] = loop->watches[i].serial;
	}
	return loop->count;
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

	curl_multi_poll(loop->multi, loop->polled, (unsigned)polled,
	    patience(loop, until), NULL);
	run_transfers(loop);
	run_ready(loop, polled);
	timer_list_fire(&loop->timers, clock_monotonic(loop->clock));
	run_posted(loop);
}
