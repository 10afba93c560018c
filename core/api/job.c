/*
 * The order of an evaluation: the policy, the walk over the MX hosts, and where
 * that ends in a fail under enforce, the TXT record once more (RFC 8461, 5.1).
 * Decides nothing else.
 *
 * Test: tests/unit/test_api.c, tests/lab.
 */
#include <stdlib.h>
#include <string.h>

#include "api/job.h"

static void start_lookup(struct job *job, unsigned flags);

static void
finish(struct job *job, enum mtasts_status status)
{
	job->status = status;
	job->finished = true;
	job->done(job);
}

static void
on_walked(void *arg, const struct evaluation *evaluation)
{
	struct job *job = arg;

	if (evaluation == NULL) {
		finish(job, MTASTS_NOMEM);
		return;
	}
	*job->evaluation = *evaluation;
	if (evaluation->verdict == MTASTS_VERDICT_FAIL && !job->overridden &&
	    job->answer.policy.mode == MTASTS_MODE_ENFORCE && !job->rechecked) {
		job->rechecked = true;
		start_lookup(job, MTASTS_RECHECK);
		return;
	}
	finish(job, MTASTS_OK);
}

/* The policy is known: judge it, or be done. */
static void
proceed(struct job *job)
{
	if (!job->evaluate) {
		finish(job, MTASTS_OK);
		return;
	}
	if (job->evaluation == NULL)
		job->evaluation = calloc(1, sizeof(*job->evaluation));
	if (job->evaluation == NULL) {
		finish(job, MTASTS_NOMEM);
	} else if (!answer_binds(&job->answer)) {
		verdict_without_walk(job->evaluation, job->domain,
		    &job->answer);
		finish(job, MTASTS_OK);
	} else if (walk_start(&job->engine->walks, job->domain,
		       &job->answer.policy, on_walked, job, &job->walk) !=
	    MTASTS_OK) {
		finish(job, MTASTS_NOMEM);
	}
}

/* Copy what the lookup lent. */
static bool
keep_answer(struct job *job, const struct lookup_found *found)
{
	char *bytes = malloc(found->answer.len + 1);

	if (bytes == NULL)
		return false;
	memcpy(bytes, found->answer.data, found->answer.len);
	if (!answer_decode(bytes, found->answer.len, &job->answer)) {
		free(bytes);
		return false;
	}
	free(job->bytes);
	job->bytes = bytes;
	job->len = found->answer.len;
	return true;
}

/* After a fail: only another policy changes anything. That DNS or the policy
 * host cannot be asked just now must not turn a fail into no policy, not even
 * where no cache keeps the policy in force. */
static bool
is_other_policy(const struct job *job, const struct lookup_found *found)
{
	struct answer answer;

	return found->status == MTASTS_OK &&
	    answer_decode(found->answer.data, found->answer.len, &answer) &&
	    answer.outcome == MTASTS_OUTCOME_POLICY &&
	    (strcmp(answer.id, job->answer.id) != 0 ||
		answer.fetched_at != job->answer.fetched_at);
}

static void
on_found(void *arg, const struct lookup_found *found)
{
	struct job *job = arg;

	if (job->rechecked && !is_other_policy(job, found)) {
		finish(job, MTASTS_OK);
		return;
	}
	if (found->status != MTASTS_OK || !keep_answer(job, found)) {
		finish(job, MTASTS_NOMEM);
		return;
	}
	job->source = found->source;
	proceed(job);
}

static void
start_lookup(struct job *job, unsigned flags)
{
	if (lookup_start(&job->engine->lookups, job->domain, flags, on_found,
		job, &job->lookup) != MTASTS_OK)
		finish(job, MTASTS_NOMEM);
}

void
job_override(struct job *job, const struct overrides *overrides)
{
	const struct override *override = overrides_find(overrides,
	    job->domain);
	struct answer *answer = &job->answer;

	if (override == NULL)
		return;
	memset(answer, 0, sizeof(*answer));
	answer->outcome = override->skip ? MTASTS_OUTCOME_NONE :
					   MTASTS_OUTCOME_POLICY;
	answer->reason = override->skip ? MTASTS_REASON_OVERRIDE_SKIP :
					  MTASTS_REASON_POLICY;
	answer->policy = override->policy;
	job->overridden = true;
	job->source = MTASTS_SOURCE_OVERRIDE;
}

void
job_start(struct job *job)
{
	if (job->overridden)
		proceed(job);
	else
		start_lookup(job, job->flags);
}

/*
 * The lookup ends first, and what it finds may start a walk, which ends next; a
 * walk that fails may start the last lookup. Each step brings the end nearer.
 */
void
job_expire(struct job *job)
{
	while (!job->finished && (job->lookup != NULL || job->walk != NULL)) {
		lookup_expire(&job->lookup);
		walk_expire(&job->walk);
	}
}

void
job_clear(struct job *job)
{
	lookup_leave(&job->lookup);
	walk_cancel(&job->walk);
	free(job->bytes);
	free(job->evaluation);
	job->bytes = NULL;
	job->evaluation = NULL;
}
