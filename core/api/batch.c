/*
 * Many lookups on the calling thread: refresh --all, warm. Memory is that of the
 * jobs in flight, however long the list.
 *
 * Test: tests/cachectl, tests/lab.
 */
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "base/error.h"
#include "discovery/outbox.h"
#include "rules/domain.h"

#define JOBS_MAX 1024

struct batch {
	struct engine *engine;
	unsigned flags;
	mtasts_next_fn *next;
	mtasts_done_fn *done;
	void *arg;
	size_t busy;
	bool at_end;
	enum mtasts_status status;
	struct mtasts_result result; /* lent to done() */
};

struct batch_job {
	struct job job; /* first: job_done casts back */
	struct batch *batch;
	bool busy;
};

static void
tell(struct batch *batch)
{
	batch->done(batch->arg, &batch->result);
	result_clear(&batch->result);
}

static void
on_done(struct job *job)
{
	struct batch_job *self = (struct batch_job *)(void *)job;
	struct batch *batch = self->batch;
	char *bytes = NULL;

	self->busy = false;
	batch->busy--;
	if (job->status != MTASTS_OK) {
		batch->status = job->status;
	} else {
		result_take(&batch->result, job, &bytes);
		tell(batch);
	}
	free(bytes);
}

static void
refuse(struct batch *batch, const char *name, enum domain_status status)
{
	struct answer *answer = &batch->result.answer;

	result_name(&batch->result, name);
	answer->reason = MTASTS_REASON_NOT_A_DOMAIN;
	memcpy(answer->detail, domain_status_text(status),
	    strlen(domain_status_text(status)) + 1);
	tell(batch);
}

/* Begin with the next domain of the list that is one. */
static void
begin(struct batch *batch, struct batch_job *self)
{
	const char *name = batch->next(batch->arg);
	enum domain_status status;

	if (name == NULL) {
		batch->at_end = true;
		return;
	}
	job_clear(&self->job);
	self->job = (struct job) { .engine = batch->engine,
		.flags = batch->flags, .done = on_done };
	self->batch = batch;
	status = domain_normalise(name, strlen(name), self->job.domain);
	if (status == DOMAIN_NOMEM) {
		batch->status = MTASTS_NOMEM;
		batch->at_end = true;
		return;
	}
	if (status != DOMAIN_OK) {
		refuse(batch, name, status);
		return;
	}
	job_override(&self->job, batch->engine->ctx->overrides);
	self->busy = true;
	batch->busy++;
	job_start(&self->job);
}

static bool
wants_more(const struct batch *batch)
{
	return batch->status == MTASTS_OK && !batch->at_end;
}

static void
run(struct batch *batch, struct batch_job *jobs, unsigned count)
{
	struct lookup_env *lookups = &batch->engine->lookups;
	unsigned i;

	lookups->patient = true;
	while (batch->status == MTASTS_OK &&
	    (!batch->at_end || batch->busy > 0)) {
		for (i = 0; i < count; i++)
			while (!jobs[i].busy && wants_more(batch))
				begin(batch, &jobs[i]);
		if (batch->busy > 0 && batch->status == MTASTS_OK)
			loop_run_once(batch->engine->loop, -1);
	}
	for (i = 0; i < count; i++)
		job_clear(&jobs[i].job);
	outbox_flush(lookups); /* nobody runs this loop any more */
}

enum mtasts_status
mtasts_admin_batch(struct mtasts *ctx, unsigned flags, unsigned count,
    mtasts_next_fn *next, mtasts_done_fn *done, void *arg,
    struct mtasts_error *err)
{
	struct batch batch = { .flags = flags, .next = next, .done = done,
		.arg = arg };
	struct batch_job *jobs;

	if (count == 0 || count > JOBS_MAX)
		return error_set(err, MTASTS_INVALID, MTASTS_STAGE_OPTIONS, 0,
		    "the number of jobs is not between 1 and %d", JOBS_MAX);
	jobs = calloc(count, sizeof(*jobs));
	if (jobs == NULL)
		return error_nomem(err, "jobs");
	batch.status = engine_new(ctx, &batch.engine, err);
	if (batch.status == MTASTS_OK) {
		run(&batch, jobs, count);
		if (batch.status != MTASTS_OK)
			error_nomem(err, "lookup");
	}
	engine_free(&batch.engine);
	free(jobs);
	return batch.status;
}
