/*
 * A pthread that runs a loop, and tasks that are handed to it: a job with two
 * owners, the caller who waits and the thread who works. The last one frees it.
 *
 * Test: tests/unit/test_thread.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/thread.h"
#include "base/error.h"
#include "discovery/refresh.h"
#include "io/fork.h"

struct thread {
	struct mtasts *ctx;
	unsigned generation; /* of the process */
	pthread_t id;
	pthread_mutex_t mutex; /* over the tasks' done and owners */
	struct engine *engine;
	struct refresh *refresh; /* NULL without MTASTS_THREAD_REFRESH */
	struct loop_call stop_call;
	/* The thread's own: */
	bool stopping;
	struct task *tasks; /* begun and not done */
};

struct task {
	struct job job; /* first: job_done casts back */
	struct thread *thread;
	struct loop_call call;
	pthread_cond_t ready;
	bool done;
	int owners;
	struct task *next, **link; /* in the thread's list */
};

/* ---- Tasks ---------------------------------------------------------------- */

static struct task *
task_new(struct thread *thread, const struct job *job)
{
	struct task *task = calloc(1, sizeof(*task));
	pthread_condattr_t attr;

	if (task == NULL)
		return NULL;
	task->job = *job;
	task->job.engine = thread->engine;
	task->thread = thread;
	task->owners = 2;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&task->ready, &attr);
	pthread_condattr_destroy(&attr);
	return task;
}

/* Called with the mutex held, which it releases. */
static void
task_release(struct task *task)
{
	bool last = --task->owners == 0;

	pthread_mutex_unlock(&task->thread->mutex);
	if (!last)
		return;
	job_clear(&task->job);
	pthread_cond_destroy(&task->ready);
	free(task);
}

static void
task_link(struct task *task)
{
	struct thread *thread = task->thread;

	task->next = thread->tasks;
	task->link = &thread->tasks;
	if (task->next != NULL)
		task->next->link = &task->next;
	thread->tasks = task;
}

static void
task_unlink(struct task *task)
{
	*task->link = task->next;
	if (task->next != NULL)
		task->next->link = task->link;
}

/* On the thread. */
static void
task_done(struct job *job)
{
	struct task *task = (struct task *)(void *)job;

	task_unlink(task);
	pthread_mutex_lock(&task->thread->mutex);
	task->done = true;
	pthread_cond_signal(&task->ready);
	task_release(task);
}

static void
task_begin(void *arg)
{
	struct task *task = arg;

	task->job.done = task_done;
	task_link(task);
	job_start(&task->job);
}

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

/* With the mutex held. */
static bool
task_wait(struct task *task, int deadline)
{
	struct timespec until = time_after(deadline < 0 ? 0 : deadline);
	int error = 0;

	while (!task->done && error == 0)
		error = deadline < 0 ?
		    pthread_cond_wait(&task->ready, &task->thread->mutex) :
		    pthread_cond_timedwait(&task->ready, &task->thread->mutex,
			&until);
	return task->done;
}

enum mtasts_status
thread_run(struct thread *thread, struct job *job, int deadline, bool *in_time)
{
	struct task *task = task_new(thread, job);
	enum mtasts_status status = MTASTS_OK;

	if (task == NULL)
		return MTASTS_NOMEM;
	task->call = (struct loop_call) { task_begin, task, NULL };
	loop_post(thread->engine->loop, &task->call);
	pthread_mutex_lock(&thread->mutex);
	*in_time = task_wait(task, deadline);
	if (*in_time) {
		*job = task->job;
		status = job->status;
		task->job.bytes = NULL;
		task->job.evaluation = NULL;
	}
	task_release(task);
	return status;
}

/* ---- The thread ------------------------------------------------------------ */

static void
stop(void *arg)
{
	struct thread *thread = arg;

	thread->stopping = true;
}

static void *
thread_main(void *arg)
{
	struct thread *thread = arg;

	while (!thread->stopping)
		loop_run_once(thread->engine->loop, -1);
	return NULL;
}

/* Signals are for the program's own threads. */
static int
create_without_signals(struct thread *thread)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread->id, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

/* Work that nobody waits for any more, cut short with the thread. */
static void
task_abandon(struct task *task)
{
	task_unlink(task);
	job_clear(&task->job);
	pthread_mutex_lock(&task->thread->mutex);
	task_release(task);
}

static void
thread_close(struct thread *thread)
{
	while (thread->tasks != NULL)
		task_abandon(thread->tasks);
	refresh_free(&thread->refresh);
	engine_free(&thread->engine);
	pthread_mutex_destroy(&thread->mutex);
	free(thread);
}

static enum mtasts_status
start_refresh(struct thread *thread, struct mtasts_error *err)
{
	if (refresh_new(&thread->engine->lookups,
		thread->ctx->options->policy.forget_after,
		&thread->refresh) != MTASTS_OK)
		return error_nomem(err, "refresh");
	return MTASTS_OK;
}

enum mtasts_status
thread_new(struct mtasts *ctx, unsigned flags, struct thread **out,
    struct mtasts_error *err)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	enum mtasts_status status;
	int error;

	*out = NULL;
	if (thread == NULL)
		return error_nomem(err, "thread");
	thread->ctx = ctx;
	fork_watch();
	thread->generation = fork_generation();
	thread->stop_call = (struct loop_call) { stop, thread, NULL };
	pthread_mutex_init(&thread->mutex, NULL);
	status = engine_new(ctx, &thread->engine, err);
	if (status == MTASTS_OK && (flags & MTASTS_THREAD_REFRESH))
		status = start_refresh(thread, err);
	if (status == MTASTS_OK &&
	    (error = create_without_signals(thread)) != 0)
		status = error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_NONE,
		    error, "the background thread cannot be started: %s",
		    strerror(error));
	if (status != MTASTS_OK) {
		thread_close(thread);
		return status;
	}
	*out = thread;
	return MTASTS_OK;
}

bool
thread_is_here(const struct thread *thread)
{
	return thread->generation == fork_generation();
}

void
thread_free(struct thread **thread_p)
{
	struct thread *thread = *thread_p;

	*thread_p = NULL;
	if (thread == NULL || !thread_is_here(thread))
		return;
	loop_post(thread->engine->loop, &thread->stop_call);
	pthread_join(thread->id, NULL);
	thread_close(thread);
}

bool
context_has_thread(const struct mtasts *ctx)
{
	return ctx->thread != NULL && thread_is_here(ctx->thread);
}

enum mtasts_status
mtasts_start_thread(struct mtasts *ctx, unsigned flags,
    struct mtasts_error *err)
{
	if (context_has_thread(ctx))
		return error_set(err, MTASTS_INVALID, MTASTS_STAGE_NONE, 0,
		    "the background thread runs already");
	return thread_new(ctx, flags, &ctx->thread, err);
}
