/*
 * A job on the background thread, and a caller who waits for it. The job is the
 * thread's; it forgets a caller whose deadline is over.
 *
 * Test: tests/unit/test_thread.c.
 */
#include <stdlib.h>
#include <time.h>

#include "api/wait.h"

/* On the caller's stack. */
struct waiter {
	pthread_cond_t ready;
	struct job *job;
	bool done;
};

struct wait {
	struct task task; /* first: its functions cast back */
	struct job job;
	struct waiter *waiter; /* NULL when nobody waits; under the mutex */
};

/* ---- On the thread ----------------------------------------------------- */

static void
end(struct wait *wait)
{
	thread_leave(&wait->task);
	job_clear(&wait->job);
	free(wait);
}

static void
move_outcome(struct job *from, struct job *to)
{
	*to = *from;
	from->bytes = NULL;
	from->evaluation = NULL;
}

static void
on_done(struct job *job)
{
	struct wait *wait = job->arg;
	pthread_mutex_t *mutex = thread_mutex(wait->task.thread);

	pthread_mutex_lock(mutex);
	if (wait->waiter != NULL) {
		move_outcome(job, wait->waiter->job);
		wait->waiter->done = true;
		pthread_cond_signal(&wait->waiter->ready);
	}
	pthread_mutex_unlock(mutex);
	end(wait);
}

static void
begin(struct task *task)
{
	struct wait *wait = (struct wait *)(void *)task;

	wait->job.engine = thread_engine(task->thread);
	job_start(&wait->job);
}

/* Nobody waits any more: sessions are freed before their context. */
static void
abandon(struct task *task)
{
	end((struct wait *)(void *)task);
}

/* ---- On the caller's ----------------------------------------------------- */

static struct timespec
time_after(int milliseconds)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += milliseconds / 1000;
	ts.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

static void
waiter_init(struct waiter *waiter, struct job *job)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->ready, &attr);
	pthread_condattr_destroy(&attr);
	waiter->job = job;
	waiter->done = false;
}

/* With the mutex held. */
static void
wait_until_done(struct waiter *waiter, pthread_mutex_t *mutex, int deadline)
{
	struct timespec until = time_after(deadline < 0 ? 0 : deadline);
	int error = 0;

	while (!waiter->done && error == 0)
		error = deadline < 0 ?
		    pthread_cond_wait(&waiter->ready, mutex) :
		    pthread_cond_timedwait(&waiter->ready, mutex, &until);
}

enum mtasts_status
wait_for_job(struct thread *thread, struct job *job, int deadline,
    bool *in_time)
{
	static const struct task_ops ops = { begin, abandon };
	struct wait *wait = calloc(1, sizeof(*wait));
	pthread_mutex_t *mutex = thread_mutex(thread);
	struct waiter waiter;

	if (wait == NULL)
		return MTASTS_NOMEM;
	waiter_init(&waiter, job);
	wait->task.ops = &ops;
	wait->job = *job;
	wait->job.done = on_done;
	wait->job.arg = wait;
	wait->waiter = &waiter;
	thread_post(thread, &wait->task);
	pthread_mutex_lock(mutex);
	wait_until_done(&waiter, mutex, deadline);
	if (!waiter.done)
		wait->waiter = NULL;
	pthread_mutex_unlock(mutex);
	pthread_cond_destroy(&waiter.ready);
	*in_time = waiter.done;
	return waiter.done ? job->status : MTASTS_OK;
}
