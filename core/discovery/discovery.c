/*
 * The state machine of discovery.h: RFC 8461, 3.1, 3.3, 5.1 and 10.2, and the
 * decision matrix. Knows no socket, clock, file or thread.
 *
 * Test: tests/scenario.
 */
#include <stdio.h>
#include <string.h>

#include "discovery/discovery.h"
#include "base/text.h"
#include "rules/response.h"

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
ttl_end(const struct dns_answer *dns, int64_t now)
{
	int64_t max = dns->status == DNS_OK ? DISCOVERY_TTL_MAX :
					      DISCOVERY_NEGATIVE_MAX;

	return now + earlier(dns->ttl, max);
}

static void
copy_detail(char out[ANSWER_DETAIL_SIZE], const char *detail)
{
	snprintf(out, ANSWER_DETAIL_SIZE, "%.*s", ANSWER_DETAIL_SIZE - 1,
	    detail);
}

static void
copy_id(char out[RECORD_ID_SIZE], const char *id)
{
	memmove(out, id, strlen(id) + 1);
}

static bool
is_live(const struct discovery *d, int64_t now)
{
	return d->has_entry && entry_is_live(&d->entry, now);
}

static bool
is_refresh(const struct discovery *d)
{
	return (d->flags & MTASTS_REFRESH) != 0;
}

/* May the remembered answer be given as it is? */
static bool
answer_serves(const struct discovery *d, const struct answer *answer,
    int64_t now)
{
	if (!answer_is_fresh(answer, now) || is_refresh(d))
		return false;
	if (!(d->flags & MTASTS_RECHECK))
		return true;
	return answer->rechecked_at <= now &&
	    now - answer->rechecked_at < DISCOVERY_RECHECK;
}

/* Keep of an older answer what outlives its TTL. Times that lie further ahead
 * than they can were written before the clock was stepped back. */
static void
remember(struct answer *next, const struct answer *old, int64_t now)
{
	copy_id(next->failed_id, old->failed_id);
	next->retry_at = earlier(old->retry_at, now + DISCOVERY_BACK_OFF);
	next->failed_reason = old->failed_reason;
	copy_detail(next->failed_detail, old->failed_detail);
	copy_id(next->first_id, old->first_id);
	next->first_seen = earlier(old->first_seen, now);
	next->rechecked_at = old->rechecked_at;
}

static void
take_entry(struct discovery *d, const struct entry *entry)
{
	d->has_entry = entry != NULL;
	if (entry == NULL)
		return;
	d->entry = *entry;
	d->stored_at = entry->fetched_at;
}

enum discovery_action
discovery_begin(struct discovery *d, const struct entry *entry,
    const struct answer *answer, int64_t now)
{
	take_entry(d, entry);
	if (answer != NULL && answer_serves(d, answer, now)) {
		d->answer = *answer;
		d->source = answer->outcome == MTASTS_OUTCOME_POLICY ?
		    MTASTS_SOURCE_CACHE : MTASTS_SOURCE_NONE;
		d->from_answers = true;
		return d->action = DISCOVERY_DONE;
	}
	if (answer != NULL)
		remember(&d->answer, answer, now);
	d->answer.asked_at = now;
	if (d->flags & MTASTS_RECHECK)
		d->answer.rechecked_at = now;
	return d->action = DISCOVERY_ASK;
}

/* ---- Conclusions ------------------------------------------------------- */

void
discovery_give(const struct entry *entry, int64_t now, struct answer *answer)
{
	answer->outcome = MTASTS_OUTCOME_POLICY;
	copy_id(answer->id, entry->id);
	answer->policy = entry->policy;
	answer->fetched_at = entry_fetched_at(entry, now);
	answer->expires_at = entry_expires_at(entry, now);
	answer->fresh_until = earlier(answer->fresh_until, answer->expires_at);
}

/* After a refresh that failed or was not to be: some times again before the
 * policy expires, however short its life, but not more often than a fetch may
 * be tried, nor less often than hourly. */
static int64_t
retry_refresh_in(const struct discovery *d, int64_t now)
{
	int64_t delay = (entry_expires_at(&d->entry, now) - now) / 4;

	if (delay < DISCOVERY_BACK_OFF)
		return DISCOVERY_BACK_OFF;
	return earlier(delay, DISCOVERY_REFRESH_RETRY);
}

/* Dated in the future, by a clock that was stepped back since: the policy's
 * life counts from now on, once (STS-3.3-21). */
static void
note_clock(struct discovery *d, int64_t now)
{
	if (d->entry.fetched_at <= now)
		return;
	d->entry.fetched_at = now;
	d->entry.refresh_at = now;
	d->store = DISCOVERY_STORE_AMENDS;
}

/* A stored policy that mail makes use of, and how its refresh fares. One that
 * ended before the fetch, with a null MX or held back, is not for each pass to
 * ask about. */
static void
note_use(struct discovery *d, int64_t now)
{
	if (!is_refresh(d) && entry_use_is_news(&d->entry, now)) {
		d->entry.used_at = now;
		d->store = DISCOVERY_STORE_AMENDS;
	}
	if (d->fetch_failed)
		d->entry.refresh_failures++;
	if (d->fetch_failed ||
	    (is_refresh(d) && entry_is_due(&d->entry, now))) {
		d->entry.refresh_at = now + retry_refresh_in(d, now);
		d->store = DISCOVERY_STORE_AMENDS;
	}
}

bool
discovery_is_first_use(const struct answer *answer, int64_t now)
{
	return answer->first_seen == 0 ||
	    now - answer->first_seen < DISCOVERY_FIRST_USE_MAX;
}

/* Nothing usable: does strict_first_use ask to hold the mail? Only where a
 * record promises a policy, and for a day from its first sight. */
static enum mtasts_outcome
unavailable(const struct discovery *d, int64_t now)
{
	if (d->strict_first_use && d->id[0] != '\0' &&
	    discovery_is_first_use(&d->answer, now))
		return MTASTS_OUTCOME_DEFER;
	return MTASTS_OUTCOME_UNAVAILABLE;
}

/* Everything ends here but a successful fetch: a live policy stays in force
 * whatever was found (RFC 8461, 3.3), else there is none to apply. */
static enum discovery_action
conclude(struct discovery *d, enum mtasts_outcome without,
    enum mtasts_reason reason, const char *detail, int64_t now)
{
	d->answer.reason = reason;
	copy_detail(d->answer.detail, detail);
	d->answer.fresh_until = d->fresh_until;
	if (is_live(d, now)) {
		discovery_give(&d->entry, now, &d->answer);
		d->source = MTASTS_SOURCE_CACHE;
		note_clock(d, now);
		note_use(d, now);
	} else {
		d->answer.outcome = without;
		d->source = MTASTS_SOURCE_NONE;
	}
	return d->action = DISCOVERY_DONE;
}

/* A fetch under this id failed lately, here or elsewhere. */
static enum discovery_action
conclude_held_back(struct discovery *d, int64_t now)
{
	d->fresh_until = earlier(d->fresh_until, d->answer.retry_at);
	return conclude(d, unavailable(d, now), d->answer.failed_reason,
	    d->answer.failed_detail, now);
}

/* ---- DNS --------------------------------------------------------------- */

static enum mtasts_reason
record_reason(enum record_status record)
{
	switch (record) {
	case RECORD_OK:
		return MTASTS_REASON_POLICY;
	case RECORD_NONE:
		return MTASTS_REASON_NO_RECORD;
	case RECORD_MULTIPLE:
		return MTASTS_REASON_MULTIPLE_RECORDS;
	case RECORD_INVALID:
		return MTASTS_REASON_INVALID_RECORD;
	}
	return MTASTS_REASON_INVALID_RECORD;
}

/* No id came from DNS: nothing to follow, unless this is a refresh, which does
 * not depend on the record (RFC 8461, 10.2). */
static enum discovery_action
without_record(struct discovery *d, int64_t now)
{
	if (d->temporary)
		return conclude(d, MTASTS_OUTCOME_UNAVAILABLE,
		    MTASTS_REASON_DNS_TEMPERROR, d->detail, now);
	return conclude(d, MTASTS_OUTCOME_NONE, record_reason(d->record),
	    d->detail, now);
}

/* Is what the record promises already here? */
static bool
is_unchanged(const struct discovery *d, int64_t now)
{
	return is_live(d, now) && strcmp(d->id, d->entry.id) == 0;
}

static bool
wants_fetch(const struct discovery *d, int64_t now)
{
	if (is_refresh(d))
		return discovery_fetch_id(d)[0] != '\0';
	if (d->id[0] == '\0')
		return false;
	return !is_unchanged(d, now) || entry_is_due(&d->entry, now);
}

/* Both questions may be answered by now, or only the one that decides. */
static enum discovery_action
decide(struct discovery *d, int64_t now)
{
	const char *id = discovery_fetch_id(d);

	if (!wants_fetch(d, now))
		return d->id[0] == '\0' ? without_record(d, now) :
		    conclude(d, MTASTS_OUTCOME_NONE, MTASTS_REASON_POLICY, "",
			now);
	if (answer_holds_back(&d->answer, id, now))
		return is_unchanged(d, now) && !is_refresh(d) ?
		    conclude(d, MTASTS_OUTCOME_NONE, MTASTS_REASON_POLICY, "",
			now) :
		    conclude_held_back(d, now);
	if (!d->mx_known)
		return d->action = DISCOVERY_WAIT;
	if (d->null_mx) {
		d->fresh_until = earlier(d->fresh_until, d->mx_fresh_until);
		return conclude(d, MTASTS_OUTCOME_NONE, MTASTS_REASON_NULL_MX,
		    "", now);
	}
	return d->action = DISCOVERY_TAKE_FLIGHT;
}

static void
note_first_sight(struct discovery *d, int64_t now)
{
	if (strcmp(d->answer.first_id, d->id) == 0)
		return;
	copy_id(d->answer.first_id, d->id);
	d->answer.first_seen = now;
}

/* No name server says what the id is: the day counts from the first time that
 * it was asked for, lest whoever silences them hold the mail for ever. */
static void
note_silence(struct discovery *d, int64_t now)
{
	if (d->strict_first_use && d->answer.first_seen == 0)
		d->answer.first_seen = now;
}

/* They say something: a silence is over. */
static void
forget_silence(struct discovery *d)
{
	if (d->answer.first_id[0] == '\0')
		d->answer.first_seen = 0;
}

static void
read_records(struct discovery *d, const struct dns_answer *dns, int64_t now)
{
	struct mtasts_lint lint = { 0 };

	d->record = record_select(dns->txt, dns->count, d->id, &lint);
	if (d->record == RECORD_OK)
		note_first_sight(d, now);
	else if (lint.has_error)
		copy_detail(d->detail, lint.error.message);
}

enum discovery_action
discovery_txt(struct discovery *d, const struct dns_answer *dns, int64_t now)
{
	d->txt_known = true;
	d->record = RECORD_NONE;
	d->fresh_until = ttl_end(dns, now);
	switch (dns->status) {
	case DNS_OK:
		forget_silence(d);
		read_records(d, dns, now);
		break;
	case DNS_NXDOMAIN:
	case DNS_NODATA:
		forget_silence(d);
		copy_detail(d->detail, dns_status_name(dns->status));
		break;
	case DNS_TIMEOUT:
	case DNS_SERVFAIL:
	case DNS_NOMEM:
		note_silence(d, now);
		d->temporary = true;
		d->fresh_until = now + DISCOVERY_TEMPERROR_TTL;
		copy_detail(d->detail, dns_status_name(dns->status));
		break;
	}
	return decide(d, now);
}

enum discovery_action
discovery_mx(struct discovery *d, const struct dns_answer *dns, int64_t now)
{
	d->mx_known = true;
	d->null_mx = dns->status == DNS_OK && dns->count == 1 &&
	    dns->mx[0].preference == 0 && dns->mx[0].host[0] == '\0';
	d->mx_fresh_until = ttl_end(dns, now);
	return d->txt_known ? decide(d, now) : d->action;
}

/* ---- The fetch --------------------------------------------------------- */

const char *
discovery_fetch_id(const struct discovery *d)
{
	if (d->id[0] != '\0' || !d->has_entry)
		return d->id;
	return d->entry.id;
}

/* Did somebody else store this policy while we waited for the flight? */
static bool
is_fetched_meanwhile(const struct discovery *d, const struct entry *entry,
    int64_t now)
{
	return entry != NULL && entry_is_live(entry, now) &&
	    strcmp(entry->id, discovery_fetch_id(d)) == 0 &&
	    (!d->has_entry || entry->fetched_at > d->entry.fetched_at);
}

enum discovery_action
discovery_cached(struct discovery *d, const struct entry *entry,
    const struct answer *answer, int64_t now)
{
	bool meanwhile = is_fetched_meanwhile(d, entry, now);

	take_entry(d, entry);
	if (discovery_fetch_id(d)[0] == '\0') /* removed while we waited */
		return without_record(d, now);
	if (meanwhile)
		return conclude(d, MTASTS_OUTCOME_NONE, MTASTS_REASON_POLICY,
		    "", now);
	if (answer != NULL &&
	    answer_holds_back(answer, discovery_fetch_id(d), now)) {
		remember(&d->answer, answer, now);
		return conclude_held_back(d, now);
	}
	return d->action = DISCOVERY_FETCH;
}

/* Not again under this id for five minutes. */
static enum discovery_action
fetch_failed(struct discovery *d, enum mtasts_reason reason,
    const char *detail, int64_t now)
{
	d->fetched = true;
	d->fetch_failed = true;
	copy_id(d->answer.failed_id, discovery_fetch_id(d));
	d->answer.retry_at = now + DISCOVERY_BACK_OFF;
	d->answer.failed_reason = reason;
	copy_detail(d->answer.failed_detail, detail);
	return conclude_held_back(d, now);
}

/* This host could not even ask. The domain has no part in it, and the next
 * lookup, or another process, may well be able to: no back-off. */
static enum discovery_action
fetch_impossible(struct discovery *d, enum mtasts_reason reason,
    const char *detail, int64_t now)
{
	d->fetched = true;
	d->fetch_failed = true;
	d->fresh_until = now;
	return conclude(d, unavailable(d, now), reason, detail, now);
}

static enum mtasts_reason
https_reason(enum https_status status)
{
	switch (status) {
	case HTTPS_OK:
		return MTASTS_REASON_POLICY;
	case HTTPS_TLS:
		return MTASTS_REASON_WEBPKI_INVALID;
	case HTTPS_DNS:
	case HTTPS_REFUSED:
	case HTTPS_CONNECT:
	case HTTPS_TIMEOUT:
	case HTTPS_PROTOCOL:
	case HTTPS_TOO_LARGE:
	case HTTPS_NOMEM:
	case HTTPS_UNABLE:
		return MTASTS_REASON_FETCH_ERROR;
	}
	return MTASTS_REASON_FETCH_ERROR;
}

/* Is the answer a policy, and if not, why? */
static enum mtasts_reason
judge(const struct https_answer *https, char *storage, struct policy *policy,
    char detail[ANSWER_DETAIL_SIZE])
{
	const struct response response = { https->code, https->content_type,
		https->content_encoding };
	struct mtasts_lint lint = { 0 };
	enum mtasts_reason reason = https_reason(https->status);

	copy_detail(detail, https->detail);
	if (reason != MTASTS_REASON_POLICY)
		return reason;
	reason = response_check(&response, detail);
	if (reason != MTASTS_REASON_POLICY)
		return reason;
	if (policy_parse(span_of(https->body, https->len), storage, policy,
		&lint))
		return MTASTS_REASON_POLICY;
	snprintf(detail, ANSWER_DETAIL_SIZE, "syntax-line-%u: %.120s",
	    lint.error.line, lint.error.message);
	return MTASTS_REASON_POLICY_INVALID;
}

static void
make_entry(struct discovery *d, const struct https_answer *https,
    const struct policy *policy, int64_t now)
{
	struct entry *entry = &d->entry;
	int64_t used_at = d->has_entry && is_refresh(d) ? entry->used_at : now;
	char id[RECORD_ID_SIZE];

	copy_id(id, discovery_fetch_id(d));
	memset(entry, 0, sizeof(*entry));
	copy_id(entry->id, id);
	entry->policy = *policy;
	if (https->len <= ENTRY_RAW_MAX)
		entry->raw = span_of(https->body, https->len);
	entry->fetched_at = now;
	entry->refresh_at = entry_refresh_time(d->domain, policy->max_age, now);
	entry->used_at = used_at;
	d->has_entry = true;
}

enum discovery_action
discovery_fetched(struct discovery *d, const struct https_answer *https,
    char *storage, int64_t now)
{
	struct policy policy;
	char detail[ANSWER_DETAIL_SIZE];
	enum mtasts_reason reason = judge(https, storage, &policy, detail);

	if (https->status == HTTPS_UNABLE)
		return fetch_impossible(d, reason, detail, now);
	if (reason != MTASTS_REASON_POLICY)
		return fetch_failed(d, reason, detail, now);
	make_entry(d, https, &policy, now);
	d->fetched = true;
	d->store = DISCOVERY_STORE_ENTRY;
	d->answer.reason = MTASTS_REASON_POLICY;
	d->answer.fresh_until = d->fresh_until;
	d->answer.failed_id[0] = '\0';
	discovery_give(&d->entry, now, &d->answer);
	d->source = MTASTS_SOURCE_NETWORK;
	return d->action = DISCOVERY_DONE;
}

/* ---- The end of patience ------------------------------------------------ */

enum discovery_action
discovery_deadline(struct discovery *d, int64_t now)
{
	if (d->action == DISCOVERY_FETCH)
		return fetch_failed(d, MTASTS_REASON_DEADLINE,
		    "the policy host did not answer in time", now);
	if (!d->txt_known) {
		d->fresh_until = now + DISCOVERY_TEMPERROR_TTL;
		return conclude(d, MTASTS_OUTCOME_UNAVAILABLE,
		    MTASTS_REASON_DEADLINE, "DNS did not answer in time", now);
	}
	/* The MX question or somebody else's fetch: nothing to remember. */
	d->fresh_until = now;
	return conclude(d, unavailable(d, now), MTASTS_REASON_DEADLINE,
	    d->action == DISCOVERY_TAKE_FLIGHT ?
		"another process is fetching the policy" :
		"the MX question was not answered in time", now);
}
