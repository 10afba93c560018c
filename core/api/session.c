/*
 * The way of a name through a session: normalised, overridden, looked up in the
 * cache, and only then handed to an engine, the session's own or the background
 * thread's. A hit ends here, without a system call or an allocation.
 *
 * Test: tests/unit/test_api.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "api/wait.h"
#include "base/error.h"
#include "base/text.h"
#include "discovery/discovery.h"
#include "eval/recall.h"
#include "io/fork.h"
#include "rules/domain.h"

static bool
make_room(struct cache_buffer *buffer, size_t size)
{
	buffer->data = malloc(size);
	buffer->size = size;
	return buffer->data != NULL;
}

enum mtasts_status
mtasts_session_new(struct mtasts *ctx, struct mtasts_session **out,
    struct mtasts_error *err)
{
	struct mtasts_session *session = calloc(1, sizeof(*session));

	*out = NULL;
	if (session == NULL)
		return error_nomem(err, "session");
	session->ctx = ctx;
	session->result.session = session;
	session->reader = cache_reader_new(&ctx->cache);
	if (session->reader == NULL ||
	    !make_room(&session->buffer, ANSWER_SIZE_MAX) ||
	    !make_room(&session->memory, RECALL_SIZE_MAX)) {
		mtasts_session_free(&session);
		return error_nomem(err, "cache reader");
	}
	*out = session;
	return MTASTS_OK;
}

void
mtasts_session_free(struct mtasts_session **session_p)
{
	struct mtasts_session *session;

	if (session_p == NULL || (session = *session_p) == NULL)
		return;
	*session_p = NULL;
	engine_free(&session->engine);
	cache_reader_free(&session->ctx->cache, &session->reader);
	cache_buffer_free(&session->buffer);
	cache_buffer_free(&session->memory);
	result_clear(&session->result);
	free(session);
}

enum mtasts_status
session_engine(struct mtasts_session *session, struct engine **out,
    struct mtasts_error *err)
{
	enum mtasts_status status = MTASTS_OK;

	if (session->engine != NULL &&
	    session->engine->generation != fork_generation())
		engine_free(&session->engine);
	if (session->engine == NULL)
		status = engine_new(session->ctx, &session->engine, err);
	*out = session->engine;
	return status;
}

/* ---- What needs no engine ------------------------------------------------ */

static void
answer_not_a_domain(struct mtasts_result *result, enum domain_status status)
{
	struct answer *answer = &result->answer;
	struct text text;

	answer->outcome = MTASTS_OUTCOME_NONE;
	answer->reason = MTASTS_REASON_NOT_A_DOMAIN;
	text_init(&text, answer->detail, sizeof(answer->detail));
	text_put(&text, domain_status_text(status));
}

static void
name_result(struct mtasts_result *result, const struct job *job)
{
	memcpy(result->domain, job->domain, strlen(job->domain) + 1);
}

/* What can be said without a look at MX hosts. */
static void
evaluate_without_walk(struct mtasts_result *result)
{
	result->room.reason = MTASTS_REASON_POLICY;
	verdict_without_walk(&result->room, result->domain, &result->answer);
	result_evaluated(result);
}

/* Does what is remembered of the MX hosts satisfy the policy? Who wants DNS to
 * be asked, or watches it being asked, is not answered from there. */
static bool
passes_by_memory(struct mtasts_session *session, const struct job *job)
{
	const struct mtasts *ctx = session->ctx;
	const struct recall memory = { &ctx->cache, session->reader,
		&session->memory, clock_wall(&clock_system) };
	struct mtasts_result *result = &session->result;

	if (job->flags != 0 || ctx->trace.fn != NULL ||
	    !recall_pass(&memory, job->domain, &result->answer.policy,
		ctx->options->probe.enabled, &result->room))
		return false;
	result_evaluated(result);
	return true;
}

/* The answer is known: is the verdict, too? */
static bool
evaluate_here(struct mtasts_session *session, const struct job *job)
{
	if (answer_binds(&session->result.answer))
		return passes_by_memory(session, job);
	evaluate_without_walk(&session->result);
	return true;
}

/* A fresh answer, if the caller takes one, and it is all that is asked for. */
static bool
find_fresh(struct mtasts_session *session, const struct job *job)
{
	struct mtasts *ctx = session->ctx;
	struct mtasts_result *result = &session->result;

	if (job->flags != 0 ||
	    !lookup_fresh(&ctx->cache, session->reader, job->domain,
		clock_wall(&clock_system), &session->buffer, &result->answer))
		return false;
	if (job->evaluate && !evaluate_here(session, job))
		return false;
	counters_add(ctx->counters, COUNTER_LOOKUPS);
	counters_add(ctx->counters, COUNTER_HITS);
	if (result->answer.outcome == MTASTS_OUTCOME_POLICY)
		result->source = MTASTS_SOURCE_CACHE;
	return true;
}

/* ---- What does ----------------------------------------------------------- */

static void
done_nothing(struct job *job)
{
	(void)job; /* run_here looks at job->finished */
}

static enum mtasts_status
run_here(struct mtasts_session *session, struct job *job, int deadline,
    struct mtasts_error *err)
{
	int64_t until = deadline < 0 ? -1 :
	    clock_monotonic(&clock_system) + deadline;
	enum mtasts_status status = session_engine(session, &job->engine, err);

	if (status != MTASTS_OK)
		return status;
	/* A trace may have been asked for since the engine was made. */
	job->engine->lookups.trace = session->ctx->trace;
	job->done = done_nothing;
	job_start(job);
	while (!job->finished) {
		loop_run_once(job->engine->loop, until);
		if (!job->finished && until >= 0 &&
		    clock_monotonic(&clock_system) >= until)
			job_expire(job);
	}
	return job->status;
}

/* Is there a policy to go by if the network does not answer? */
static bool
has_cached(struct mtasts_session *session, const struct job *job)
{
	struct answer answer = job->answer;

	if (job->overridden)
		return true;
	lookup_cached(&session->ctx->cache, session->reader, job->domain,
	    clock_wall(&clock_system), &session->buffer, &answer);
	return answer.outcome == MTASTS_OUTCOME_POLICY;
}

/* No fresh answer. If nobody answered in time either, no policy is live, and the
 * work goes on: under strict_first_use the mail waits for what comes of it. */
static void
answer_nothing(const struct mtasts *ctx, struct answer *answer,
    enum mtasts_reason reason, int64_t now)
{
	answer->reason = reason;
	if (reason == MTASTS_REASON_DEADLINE &&
	    answer->outcome == MTASTS_OUTCOME_UNAVAILABLE &&
	    ctx->options->policy.strict_first_use &&
	    discovery_is_first_use(answer, now))
		answer->outcome = MTASTS_OUTCOME_DEFER;
}

void
session_take_cached(struct mtasts_session *session, struct job *job,
    enum mtasts_reason reason)
{
	struct mtasts_result *result = &session->result;
	int64_t now = clock_wall(&clock_system);

	result_clear(result);
	name_result(result, job);
	result->answer = job->answer;
	result->source = job->source;
	if (!job->overridden) {
		lookup_cached(&session->ctx->cache, session->reader,
		    job->domain, now, &session->buffer, &result->answer);
		if (result->answer.reason == MTASTS_REASON_NOT_CACHED)
			answer_nothing(session->ctx, &result->answer, reason,
			    now);
		if (result->answer.outcome == MTASTS_OUTCOME_POLICY)
			result->source = MTASTS_SOURCE_CACHE;
	}
	if (job->evaluate)
		evaluate_without_walk(result);
}

/* No loop, no sockets: the mail goes on by what is known (DESIGN: never weaker
 * than without us, never lost). */
static void
run_crippled(struct mtasts_session *session, struct job *job,
    const struct mtasts_error *why)
{
	char reason[2 * sizeof(why->text)];

	log_line(&session->ctx->log, MTASTS_LOG_ERROR,
	    "domain=%s event=lookup-impossible reason=\"%s\"", job->domain,
	    text_quoted(reason, sizeof(reason), why->text));
	session_take_cached(session, job, MTASTS_REASON_DNS_TEMPERROR);
}

/* Into the buffer, which has room for every answer, so that no hit to come has
 * to allocate. */
void
session_take(struct mtasts_session *session, struct job *job)
{
	char *bytes = NULL;

	result_take(&session->result, job, &bytes);
	if (bytes == NULL)
		return;
	cache_buffer_set(&session->buffer, span_of(bytes, job->len));
	answer_decode(session->buffer.data, session->buffer.len,
	    &session->result.answer);
	free(bytes);
}

int
session_patience(struct mtasts_session *session, const struct job *job,
    unsigned flags, int deadline)
{
	if ((flags & MTASTS_PREFER_CACHED) != 0 && deadline > 1 &&
	    has_cached(session, job))
		return deadline / 2;
	return deadline;
}

static enum mtasts_status
run(struct mtasts_session *session, struct job *job, int deadline)
{
	struct mtasts *ctx = session->ctx;
	struct mtasts_error err;
	enum mtasts_status status;
	bool in_time = true;

	if (deadline == 0) {
		session_take_cached(session, job, MTASTS_REASON_NOT_CACHED);
		return MTASTS_OK;
	}
	if (context_has_thread(ctx))
		status = wait_for_job(ctx->thread, job, deadline, &in_time);
	else
		status = run_here(session, job, deadline, &err);
	if (status == MTASTS_OK && in_time)
		session_take(session, job);
	else if (status == MTASTS_OK)
		session_take_cached(session, job, MTASTS_REASON_DEADLINE);
	else if (status != MTASTS_NOMEM)
		run_crippled(session, job, &err);
	job_clear(job);
	return status == MTASTS_NOMEM ? MTASTS_NOMEM : MTASTS_OK;
}

static void
count_verdict(struct mtasts *ctx, enum mtasts_verdict verdict)
{
	counters_add(ctx->counters, COUNTER_EVALUATIONS);
	switch (verdict) {
	case MTASTS_VERDICT_NONE:
		break;
	case MTASTS_VERDICT_PASS:
		counters_add(ctx->counters, COUNTER_PASS);
		break;
	case MTASTS_VERDICT_FAIL:
		counters_add(ctx->counters, COUNTER_FAIL);
		break;
	case MTASTS_VERDICT_TEMPERROR:
		counters_add(ctx->counters, COUNTER_TEMPERROR);
		break;
	}
}

/* A domain that is one: override, cache. */
static bool
find(struct mtasts_session *session, struct job *job)
{
	struct mtasts_result *result = &session->result;

	name_result(result, job);
	job_override(job, session->ctx->overrides);
	if (!job->overridden)
		return find_fresh(session, job);
	result->answer = job->answer;
	result->source = job->source;
	return !job->evaluate || evaluate_here(session, job);
}

bool
session_known(struct mtasts_session *session, const char *domain,
    struct job *job, enum mtasts_status *status)
{
	enum domain_status valid = domain_normalise(domain, strlen(domain),
	    job->domain);

	*status = valid == DOMAIN_NOMEM ? MTASTS_NOMEM : MTASTS_OK;
	result_clear(&session->result);
	if (valid == DOMAIN_OK)
		return find(session, job);
	result_name(&session->result, domain);
	answer_not_a_domain(&session->result, valid);
	return true;
}

static enum mtasts_status
session_run(struct mtasts_session *session, const char *domain, unsigned flags,
    bool evaluate, int deadline, const struct mtasts_result **out,
    struct mtasts_error *err)
{
	struct job job = { .flags = flags & ~MTASTS_PREFER_CACHED,
		.evaluate = evaluate };
	enum mtasts_status status;

	*out = NULL;
	if (!session_known(session, domain, &job, &status))
		status = run(session, &job,
		    session_patience(session, &job, flags, deadline));
	if (status != MTASTS_OK)
		return error_nomem(err, "lookup");
	if (evaluate)
		count_verdict(session->ctx,
		    mtasts_result_verdict(&session->result));
	*out = &session->result;
	return MTASTS_OK;
}

enum mtasts_status
mtasts_lookup(struct mtasts_session *session, const char *domain,
    unsigned flags, int deadline, const struct mtasts_result **result,
    struct mtasts_error *err)
{
	return session_run(session, domain, flags, false, deadline, result,
	    err);
}

enum mtasts_status
mtasts_evaluate(struct mtasts_session *session, const char *domain,
    unsigned flags, int deadline, const struct mtasts_result **result,
    struct mtasts_error *err)
{
	return session_run(session, domain, flags, true, deadline, result, err);
}
