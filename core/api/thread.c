/*
 * A pthread that runs a loop, and the list of what was handed to it and is not
 * done.
 *
 * Test: tests/unit/test_thread.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "api/thread.h"
#include "base/error.h"
#include "discovery/refresh.h"
#include "io/fork.h"
#include "io/https_curl.h"

struct thread {
	struct mtasts *ctx;
	unsigned generation; /* of the process */
	pthread_t id;
	pthread_mutex_t mutex;
	struct task *tasks; /* handed over and not done; under the mutex */
	struct engine *engine;
	struct mtasts_session *session;
	struct refresh *refresh; /* NULL without MTASTS_THREAD_REFRESH */
	struct loop_call stop_call;
	bool stopping; /* the thread's own */
};

/* ---- Tasks ---------------------------------------------------------------- */

pthread_mutex_t *
thread_mutex(struct thread *thread)
{
	return &thread->mutex;
}

static void
begin(void *arg)
{
	struct task *task = arg;

	task->ops->begin(task);
}

void
thread_post(struct thread *thread, struct task *task)
{
	task->thread = thread;
	task->call = (struct loop_call) { begin, task, NULL };
	pthread_mutex_lock(&thread->mutex);
	task->next = thread->tasks;
	task->link = &thread->tasks;
	if (task->next != NULL)
		task->next->link = &task->next;
	thread->tasks = task;
	pthread_mutex_unlock(&thread->mutex);
	loop_post(thread->engine->loop, &task->call);
}

void
thread_leave(struct task *task)
{
	pthread_mutex_lock(&task->thread->mutex);
	*task->link = task->next;
	if (task->next != NULL)
		task->next->link = task->link;
	pthread_mutex_unlock(&task->thread->mutex);
}

struct engine *
thread_engine(struct thread *thread)
{
	return thread->engine;
}

struct mtasts_session *
thread_session(struct thread *thread)
{
	return thread->session;
}

static struct task *
first_task(struct thread *thread)
{
	struct task *task;

	pthread_mutex_lock(&thread->mutex);
	task = thread->tasks;
	pthread_mutex_unlock(&thread->mutex);
	return task;
}

/* What is under way is cut short with the thread; each leaves the list. */
static void
abandon_tasks(struct thread *thread)
{
	struct task *task;

	while ((task = first_task(thread)) != NULL)
		task->ops->abandon(task);
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
	abandon_tasks(thread);
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

static void
thread_close(struct thread *thread)
{
	refresh_free(&thread->refresh);
	mtasts_session_free(&thread->session);
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
	/* Before the libraries below it are replaced by an upgrade. */
	status = https_curl_load(err);
	if (status == MTASTS_OK)
		status = engine_new(ctx, &thread->engine, err);
	if (status == MTASTS_OK)
		status = mtasts_session_new(ctx, &thread->session, err);
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

	/* Until it has ended, *thread_p is what its calls look at. */
	if (thread != NULL && thread_is_here(thread)) {
		loop_post(thread->engine->loop, &thread->stop_call);
		pthread_join(thread->id, NULL);
		thread_close(thread);
	}
	*thread_p = NULL;
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
