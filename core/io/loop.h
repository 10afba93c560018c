/*
 * The loop: one thread waiting for everything at once: descriptors, timers,
 * posted calls, and the transfers of a curl multi handle where there are any.
 *
 * Everything but loop_post belongs to the thread that runs the loop. Nothing is
 * called back from within the function that asked for it. A loop is not used
 * across fork(): the child makes its own and abandons this one.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/clock.h"
#include "io/timer.h"
#include "mtasts.h"

struct loop;

enum mtasts_status loop_new(const struct clock *clock, struct loop **out,
    struct mtasts_error *err);
void loop_free(struct loop **loop);

const struct clock *loop_clock(const struct loop *loop);
struct timers loop_timers(struct loop *loop);

/* The CURLM, for https_curl alone, which the first call makes: it loads libcurl
 * and fails as that does. And who hears of finished transfers. */
enum mtasts_status loop_multi(struct loop *loop, void **out,
    struct mtasts_error *err);
typedef void loop_transfer_fn(void *arg, void *easy, int code);
void loop_on_transfer(struct loop *loop, loop_transfer_fn *fn, void *arg);

#define LOOP_READ 0x1u
#define LOOP_WRITE 0x2u
typedef void loop_ready_fn(void *arg, int fd, unsigned events);

/* Watch a descriptor, or change what it is watched for; 0 ends it. An error or
 * hang-up on it is reported as whatever was asked for. */
enum mtasts_status loop_watch(struct loop *loop, int fd, unsigned events,
    loop_ready_fn *fn, void *arg);

/* A call made from another thread, to run on the loop's: intrusive, owned by
 * the caller until it has run. Wakes the loop. */
struct loop_call {
	void (*fn)(void *arg);
	void *arg;
	struct loop_call *next;
};
void loop_post(struct loop *loop, struct loop_call *call);

/* Wait for something to happen, at most until this monotonic time (negative: no
 * limit), and deal with it. */
void loop_run_once(struct loop *loop, int64_t until);

#endif
