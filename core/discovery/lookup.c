/*
 * Performs what discovery.c asks for: questions, the flight, the fetch, and the
 * store at the end. Decides nothing about policies.
 *
 * One work a domain and set of flags, with a list of those who wait for it. A
 * port may complete from within its start function, so events are handled by
 * lookup_step alone, which is not entered twice.
 *
 * Test: tests/scenario.
 */
#include <stdlib.h>
#include <string.h>

#include "discovery/lookup.h"
#include "discovery/discovery.h"
#include "discovery/outbox.h"
#include "discovery/report.h"
#include "discovery/store.h"
#include "rules/domain.h"

#define FLIGHT_WAIT_MIN 10 /* milliseconds between tries */
#define FLIGHT_WAIT_MAX 250
#define POLICY_PATH "/.well-known/mta-sts.txt"

struct lookup {
	struct lookup_work *work;
	struct lookup *next;
	struct lookup **self; /* the caller's handle, cleared when done */
	lookup_done_fn *done;
	void *arg;
};

struct lookup_work {
	struct lookup_env *env;
	struct lookup_work *next;
	struct lookup *waiters;
	char domain[DOMAIN_SIZE];
	struct discovery discovery;
	struct dns_query *txt, *mx;
	struct https_transfer *transfer;
	struct timer retry;
	struct outbox_item outgoing;
	int flight_wait;	/* milliseconds, next try */
	bool retrying;		/* for the flight, by the timer */
	bool has_flight;
	bool blind;		/* whether a policy is stored, we could not see */
	bool stepping;		/* lookup_step is active below us */
	int64_t step_began; /* monotonic, for the trace */
	/* What the views of discovery lead into. */
	struct cache_buffer entry_bytes;
	struct cache_buffer answer_bytes;
	char *body, *storage;
};

static void lookup_step(struct lookup_work *work);

static int64_t
elapsed(const struct lookup_work *work)
{
	return clock_monotonic(work->env->clock) - work->step_began;
}

/* ---- Reading the cache ------------------------------------------------- */

static struct span
domain_key(const char *domain)
{
	return span_of(domain, strlen(domain));
}

static enum cache_status
read_entry(const struct cache *cache, struct cache_reader *reader,
    const char *domain, struct cache_buffer *bytes, struct entry *out)
{
	enum cache_status status = cache_get(cache, reader, CACHE_POLICIES,
	    domain_key(domain), bytes);

	if (status == CACHE_OK && !entry_decode(bytes->data, bytes->len, out))
		return CACHE_NOTFOUND;
	return status;
}

static bool
read_answer(const struct cache *cache, struct cache_reader *reader,
    const char *domain, struct cache_buffer *bytes, struct answer *out)
{
	return cache_get(cache, reader, CACHE_ANSWERS, domain_key(domain),
		   bytes) == CACHE_OK &&
	    answer_decode(bytes->data, bytes->len, out);
}

/* Read both records for discovery; NULL where there is none. A policy that was
 * read before and cannot be read again is not gone. */
static void
read_cache(struct lookup_work *work, struct entry *entry,
    struct answer *answer, const struct entry **has_entry,
    const struct answer **has_answer)
{
	struct lookup_env *env = work->env;
	enum cache_status status = read_entry(&env->cache, env->reader,
	    work->domain, &work->entry_bytes, entry);

	work->blind = status != CACHE_OK && status != CACHE_NOTFOUND;
	*has_entry = status == CACHE_OK ? entry : NULL;
	if (work->blind && work->discovery.has_entry)
		*has_entry = &work->discovery.entry;
	*has_answer = NULL;
	if (read_answer(&env->cache, env->reader, work->domain,
		&work->answer_bytes, answer))
		*has_answer = answer;
}

bool
lookup_entry(const struct cache *cache, struct cache_reader *reader,
    const char *domain, struct cache_buffer *buffer, struct entry *entry)
{
	return read_entry(cache, reader, domain, buffer, entry) == CACHE_OK;
}

bool
lookup_fresh(const struct cache *cache, struct cache_reader *reader,
    const char *domain, int64_t now, struct cache_buffer *buffer,
    struct answer *answer)
{
	return read_answer(cache, reader, domain, buffer, answer) &&
	    answer_is_fresh(answer, now);
}

void
lookup_cached(const struct cache *cache, struct cache_reader *reader,
    const char *domain, int64_t now, struct cache_buffer *buffer,
    struct answer *answer)
{
	struct answer seen = { 0 };
	struct entry entry;

	if (read_answer(cache, reader, domain, buffer, answer)) {
		if (answer_is_fresh(answer, now))
			return;
		memcpy(seen.first_id, answer->first_id, sizeof(seen.first_id));
		seen.first_seen = answer->first_seen;
	}
	*answer = seen;
	answer->outcome = MTASTS_OUTCOME_UNAVAILABLE;
	answer->reason = MTASTS_REASON_NOT_CACHED;
	if (lookup_entry(cache, reader, domain, buffer, &entry) &&
	    entry_is_live(&entry, now))
		discovery_give(&entry, now, answer);
}

/* ---- The end of a work -------------------------------------------------- */

static void
drop_flight(struct lookup_work *work)
{
	if (work->has_flight)
		flight_give(&work->env->flight, work->domain);
	work->has_flight = false;
}

static void
stop_ports(struct lookup_work *work)
{
	struct lookup_env *env = work->env;

	dns_cancel(&env->dns, &work->txt);
	dns_cancel(&env->dns, &work->mx);
	https_cancel(&env->https, &work->transfer);
	timer_stop(&env->timers, &work->retry);
}

static void
work_unlink(struct lookup_work *work)
{
	struct lookup_work **at = &work->env->works;

	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
	work->next = NULL;
}

static void
work_free(struct lookup_work *work)
{
	drop_flight(work);
	cache_buffer_free(&work->entry_bytes);
	cache_buffer_free(&work->answer_bytes);
	free(work->body);
	free(work->storage);
	free(work);
}

static void
tell_waiters(struct lookup_work *work, const struct lookup_found *found)
{
	struct lookup *waiter;

	while ((waiter = work->waiters) != NULL) {
		work->waiters = waiter->next;
		*waiter->self = NULL;
		waiter->done(waiter->arg, found);
		free(waiter);
	}
}

static void
tell_answer(struct lookup_work *work)
{
	const struct discovery *d = &work->discovery;
	struct lookup_found found = { MTASTS_OK, { NULL, 0 }, d->source };
	void *bytes = malloc(ANSWER_SIZE_MAX);

	if (bytes == NULL)
		found.status = MTASTS_NOMEM;
	else
		found.answer = span_of(bytes,
		    answer_encode(&d->answer, bytes, ANSWER_SIZE_MAX));
	tell_waiters(work, &found);
	free(bytes);
}

static void
finish_nomem(struct lookup_work *work)
{
	const struct lookup_found found = { .status = MTASTS_NOMEM };

	stop_ports(work);
	drop_flight(work);
	tell_waiters(work, &found);
	work_unlink(work);
	work_free(work);
}

/* The right to fetch is kept until then: nobody fetches again what waits. */
static void
on_stored(void *arg)
{
	work_free(arg);
}

/* Is more under way, whose answers a store would hold up? */
static bool
has_company(const struct lookup_work *work)
{
	const struct lookup_env *env = work->env;

	return env->patient || env->works != work || work->next != NULL;
}

static void
finish(struct lookup_work *work)
{
	struct lookup_env *env = work->env;
	struct discovery *d = &work->discovery;
	bool together = has_company(work) && !d->from_answers;

	stop_ports(work);
	/* Nobody may go by "no policy" for a while where there may be one. */
	if (work->blind && d->answer.outcome != MTASTS_OUTCOME_POLICY)
		d->answer.fresh_until = 0;
	if (!together) {
		store_discovery(&env->cache, d, clock_wall(env->clock),
		    env->log);
		drop_flight(work);
	}
	report_discovery(env, d);
	tell_answer(work);
	work_unlink(work);
	if (together)
		outbox_put(env, &work->outgoing);
	else
		work_free(work);
}

/* ---- Events from the ports ---------------------------------------------- */

static void
on_txt(void *arg, const struct dns_answer *dns)
{
	struct lookup_work *work = arg;

	discovery_txt(&work->discovery, dns, clock_wall(work->env->clock));
	report_txt(work->env, &work->discovery, dns, elapsed(work));
	lookup_step(work);
}

static void
on_mx(void *arg, const struct dns_answer *dns)
{
	struct lookup_work *work = arg;

	discovery_mx(&work->discovery, dns, clock_wall(work->env->clock));
	lookup_step(work);
}

static void
on_retry(void *arg)
{
	struct lookup_work *work = arg;

	work->retrying = false;
	lookup_step(work);
}

/* The policy and the cached raw text lead into copies that live as long as the
 * work. */
static void
on_fetched(void *arg, const struct https_answer *https)
{
	struct lookup_work *work = arg;
	struct https_answer own = *https;

	work->body = malloc(https->len + 1);
	work->storage = malloc(https->len + 1);
	if (work->body == NULL || work->storage == NULL) {
		own.status = HTTPS_NOMEM;
		own.len = 0;
	} else if (https->len > 0) {
		memcpy(work->body, https->body, https->len);
	}
	own.body = work->body;
	discovery_fetched(&work->discovery, &own, work->storage,
	    clock_wall(work->env->clock));
	report_fetch(work->env, &work->discovery, &own, elapsed(work));
	lookup_step(work);
}

/* ---- Actions ------------------------------------------------------------ */

static enum mtasts_status
ask(struct lookup_work *work)
{
	struct lookup_env *env = work->env;
	char name[DOMAIN_SIZE];
	enum mtasts_status status;

	domain_record_name(work->domain, name);
	work->discovery.action = DISCOVERY_WAIT;
	status = dns_start(&env->dns, work->domain, DNS_MX, on_mx, work,
	    &work->mx);
	if (status == MTASTS_OK)
		status = dns_start(&env->dns, name, DNS_TXT, on_txt, work,
		    &work->txt);
	return status;
}

/* Is another work of this loop, with other flags, at the same policy host? */
static bool
is_fetching_here(const struct lookup_work *self)
{
	const struct lookup_work *work;

	for (work = self->env->works; work != NULL; work = work->next)
		if (work != self && work->has_flight &&
		    strcmp(work->domain, self->domain) == 0)
			return true;
	return false;
}

/* A timer, not a blocking lock: a thread waits for everything at once. */
static void
wait_for_flight(struct lookup_work *work)
{
	const struct lookup_env *env = work->env;

	work->retrying = true;
	timer_start(&env->timers, &work->retry,
	    clock_monotonic(env->clock) + work->flight_wait, on_retry, work);
	work->flight_wait *= 2;
	if (work->flight_wait > FLIGHT_WAIT_MAX)
		work->flight_wait = FLIGHT_WAIT_MAX;
}

static void
take_flight(struct lookup_work *work)
{
	struct lookup_env *env = work->env;
	const struct entry *entry;
	const struct answer *answer;
	struct entry entry_now;
	struct answer answer_now;

	outbox_flush_domain(env, work->domain);
	if (is_fetching_here(work) || !flight_take(&env->flight, work->domain)) {
		wait_for_flight(work);
		return;
	}
	work->has_flight = true;
	read_cache(work, &entry_now, &answer_now, &entry, &answer);
	discovery_cached(&work->discovery, entry, answer,
	    clock_wall(env->clock));
}

static enum mtasts_status
fetch(struct lookup_work *work)
{
	char host[DOMAIN_SIZE];

	domain_policy_host(work->domain, host);
	work->step_began = clock_monotonic(work->env->clock);
	return https_start(&work->env->https, host, POLICY_PATH, on_fetched,
	    work, &work->transfer);
}

/* Is something under way whose completion brings the next event? */
static bool
is_pending(const struct lookup_work *work)
{
	return work->transfer != NULL || work->retrying;
}

static enum mtasts_status
perform(struct lookup_work *work)
{
	switch (work->discovery.action) {
	case DISCOVERY_ASK:
		return ask(work);
	case DISCOVERY_TAKE_FLIGHT:
		take_flight(work);
		return MTASTS_OK;
	case DISCOVERY_FETCH:
		return fetch(work);
	case DISCOVERY_WAIT:
	case DISCOVERY_DONE:
		break;
	}
	return MTASTS_OK;
}

/*
 * Perform actions until one has to be waited for. Ports that complete at once
 * call back into here; the outermost call goes on with what they brought.
 */
static void
lookup_step(struct lookup_work *work)
{
	enum mtasts_status status = MTASTS_OK;

	if (work->stepping)
		return;
	work->stepping = true;
	while (status == MTASTS_OK &&
	    work->discovery.action != DISCOVERY_WAIT &&
	    work->discovery.action != DISCOVERY_DONE && !is_pending(work))
		status = perform(work);
	work->stepping = false;
	if (status != MTASTS_OK)
		finish_nomem(work);
	else if (work->discovery.action == DISCOVERY_DONE)
		finish(work);
}

/* ---- Beginning and leaving ---------------------------------------------- */

static struct lookup_work *
work_find(const struct lookup_env *env, const char *domain, unsigned flags)
{
	struct lookup_work *work;

	for (work = env->works; work != NULL; work = work->next)
		if (work->discovery.flags == flags &&
		    strcmp(work->domain, domain) == 0)
			return work;
	return NULL;
}

static struct lookup_work *
work_new(struct lookup_env *env, const char *domain, unsigned flags)
{
	struct lookup_work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return NULL;
	work->env = env;
	memcpy(work->domain, domain, strlen(domain) + 1);
	work->discovery.domain = work->domain;
	work->discovery.flags = flags;
	work->discovery.strict_first_use = env->strict_first_use;
	work->outgoing = (struct outbox_item) {
		.discovery = &work->discovery, .stored = on_stored,
		.owner = work };
	work->flight_wait = FLIGHT_WAIT_MIN;
	work->step_began = clock_monotonic(env->clock);
	work->next = env->works;
	env->works = work;
	return work;
}

static void
work_begin(struct lookup_work *work)
{
	const struct entry *entry;
	const struct answer *answer;
	struct entry entry_now;
	struct answer answer_now;

	read_cache(work, &entry_now, &answer_now, &entry, &answer);
	discovery_begin(&work->discovery, entry, answer,
	    clock_wall(work->env->clock));
	lookup_step(work);
}

enum mtasts_status
lookup_start(struct lookup_env *env, const char *domain, unsigned flags,
    lookup_done_fn *done, void *arg, struct lookup **out)
{
	struct lookup_work *work = work_find(env, domain, flags);
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	bool is_new = work == NULL;

	*out = NULL;
	outbox_flush_domain(env, domain);
	if (lookup == NULL)
		return MTASTS_NOMEM;
	if (is_new)
		work = work_new(env, domain, flags);
	if (work == NULL) {
		free(lookup);
		return MTASTS_NOMEM;
	}
	*lookup = (struct lookup) { work, work->waiters, out, done, arg };
	work->waiters = lookup;
	*out = lookup;
	if (is_new)
		work_begin(work);
	return MTASTS_OK;
}

void
lookup_expire(struct lookup **lookup)
{
	struct lookup_work *work;

	if (*lookup == NULL)
		return;
	work = (*lookup)->work;
	discovery_deadline(&work->discovery, clock_wall(work->env->clock));
	lookup_step(work);
}

void
lookup_leave(struct lookup **lookup)
{
	struct lookup *self = *lookup, **at;

	if (self == NULL)
		return;
	for (at = &self->work->waiters; *at != self; at = &(*at)->next)
		;
	*at = self->next;
	*lookup = NULL;
	free(self);
}

void
lookup_env_close(struct lookup_env *env)
{
	while (env->works != NULL)
		finish_nomem(env->works);
	outbox_flush(env);
}
