/*
 * A lookup whose answer is brought by a call: mtasts_lookup_start. It takes the
 * steps of a session, the background thread's, and a timer stands for the
 * caller's patience.
 *
 * Test: tests/unit/test_request.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "api/thread.h"
#include "base/error.h"

struct request {
	struct task task; /* first: its functions cast back */
	struct job job;
	struct timer timer;
	int64_t began; /* monotonic */
	int deadline;
	unsigned flags;
	mtasts_lookup_fn *fn;
	void *arg;
	char domain[]; /* as given */
};

/* The session has the answer. */
static void
answer(struct request *request, enum mtasts_status status)
{
	struct thread *thread = request->task.thread;
	struct engine *engine = thread_engine(thread);
	struct timers timers = loop_timers(engine->loop);

	timer_stop(&timers, &request->timer);
	thread_leave(&request->task);
	request->fn(request->arg,
	    status == MTASTS_OK ? &thread_session(thread)->result : NULL);
	job_clear(&request->job);
	free(request);
}

static void
answer_cached(struct request *request, enum mtasts_reason reason)
{
	session_take_cached(thread_session(request->task.thread),
	    &request->job, reason);
	answer(request, MTASTS_OK);
}

static void
on_done(struct job *job)
{
	struct request *request = job->arg;

	if (job->status == MTASTS_OK)
		session_take(thread_session(request->task.thread), job);
	answer(request, job->status);
}

static void
on_deadline(void *arg)
{
	answer_cached(arg, MTASTS_REASON_DEADLINE);
}

static void
work(struct request *request, int deadline)
{
	struct engine *engine = thread_engine(request->task.thread);
	struct timers timers = loop_timers(engine->loop);

	if (deadline > 0)
		timer_start(&timers, &request->timer,
		    request->began + deadline, on_deadline, request);
	request->job.engine = engine;
	request->job.done = on_done;
	request->job.arg = request;
	job_start(&request->job);
}

static void
begin(struct task *task)
{
	struct request *request = (struct request *)(void *)task;
	struct mtasts_session *session = thread_session(task->thread);
	enum mtasts_status status;
	int deadline;

	if (session_known(session, request->domain, &request->job, &status)) {
		answer(request, status);
		return;
	}
	deadline = session_patience(session, &request->job, request->flags,
	    request->deadline);
	if (deadline == 0)
		answer_cached(request, MTASTS_REASON_NOT_CACHED);
	else
		work(request, deadline);
}

/* As if its deadline had come. The name may not have been looked at yet, and an
 * answer may have come meanwhile. */
static void
abandon(struct task *task)
{
	struct request *request = (struct request *)(void *)task;
	enum mtasts_status status;

	if (session_known(thread_session(task->thread), request->domain,
		&request->job, &status))
		answer(request, status);
	else
		answer_cached(request,
		    request->deadline == 0 ? MTASTS_REASON_NOT_CACHED :
					     MTASTS_REASON_DEADLINE);
}

enum mtasts_status
mtasts_lookup_start(struct mtasts *ctx, const char *domain, unsigned flags,
    int deadline, mtasts_lookup_fn *fn, void *arg, struct mtasts_error *err)
{
	static const struct task_ops ops = { begin, abandon };
	size_t size = strlen(domain) + 1;
	struct request *request;

	if (!context_has_thread(ctx))
		return error_set(err, MTASTS_INVALID, MTASTS_STAGE_NONE, 0,
		    "there is no background thread");
	request = calloc(1, sizeof(*request) + size);
	if (request == NULL)
		return error_nomem(err, "lookup");
	memcpy(request->domain, domain, size);
	request->task.ops = &ops;
	request->job.flags = flags & ~MTASTS_PREFER_CACHED;
	request->began = clock_monotonic(&clock_system);
	request->deadline = deadline;
	request->flags = flags;
	request->fn = fn;
	request->arg = arg;
	thread_post(ctx->thread, &request->task);
	return MTASTS_OK;
}
