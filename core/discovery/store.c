/*
 * The records a discovery leaves behind: see store.h. Each change is made
 * against what stands in the cache at that moment, so that processes that
 * store the same domain at the same time cannot undo each other's work.
 *
 * Test: tests/scenario, tests/unit/test_store.c.
 */
#include <stdlib.h>
#include <string.h>

#include "discovery/store.h"

struct change {
	const struct entry *entry;
	bool amends;	   /* the record that was looked at, and no other */
	int64_t stored_at; /* that one's time */
	int64_t now;
	void *buf; /* ENTRY_SIZE_MAX octets, of one at a time */
};

static enum cache_change
encode(const struct change *change, const struct entry *entry,
    struct span *replacement)
{
	size_t len = entry_encode(entry, change->buf, ENTRY_SIZE_MAX);

	*replacement = span_of(change->buf, len);
	return len == 0 ? CACHE_KEEP : CACHE_REPLACE;
}

/* A policy fetched later than ours stays. */
static enum cache_change
replace_older(void *arg, struct span old, struct span *replacement)
{
	const struct change *change = arg;
	struct entry stored;

	if (old.data != NULL && entry_decode(old.data, old.len, &stored) &&
	    entry_fetched_at(&stored, change->now) > change->entry->fetched_at)
		return CACHE_KEEP;
	return encode(change, change->entry, replacement);
}

/* Only if the policy is still the one we looked at. */
static enum cache_change
amend(void *arg, struct span old, struct span *replacement)
{
	const struct change *change = arg;
	struct entry stored;

	if (old.data == NULL || !entry_decode(old.data, old.len, &stored) ||
	    stored.fetched_at != change->stored_at)
		return CACHE_KEEP;
	stored.fetched_at = change->entry->fetched_at;
	stored.used_at = change->entry->used_at;
	stored.refresh_at = change->entry->refresh_at;
	stored.refresh_failures = change->entry->refresh_failures;
	return encode(change, &stored, replacement);
}

static enum cache_change
change_entry(void *arg, struct span old, struct span *replacement)
{
	const struct change *change = arg;

	return change->amends ? amend(arg, old, replacement) :
				replace_older(arg, old, replacement);
}

/* Each status tells what came of it; all at the price of one. */
static enum cache_status
change_entries(const struct cache *cache, struct cache_item *items,
    struct change *changes, size_t count, int64_t now)
{
	void *buf = malloc(ENTRY_SIZE_MAX);
	enum cache_status status = CACHE_NOMEM;
	size_t i;

	for (i = 0; i < count; i++) {
		changes[i].now = now;
		changes[i].buf = buf;
		items[i].arg = &changes[i];
		items[i].status = CACHE_NOMEM;
	}
	if (buf != NULL)
		status = cache_change_all(cache, CACHE_POLICIES, items, count,
		    change_entry, now);
	free(buf);
	return status;
}

enum cache_status
store_entry(const struct cache *cache, const char *domain,
    const struct entry *entry, int64_t now)
{
	struct cache_item item = { .key = span_str(domain) };
	struct change change = { .entry = entry };

	return change_entries(cache, &item, &change, 1, now);
}

enum cache_status
store_entries(const struct cache *cache, struct store_item *items,
    size_t count, int64_t now)
{
	struct cache_item changed[CACHE_ITEMS_MAX];
	struct change changes[CACHE_ITEMS_MAX];
	enum cache_status status;
	size_t i;

	for (i = 0; i < count; i++) {
		changed[i] = (struct cache_item) {
			.key = span_str(items[i].domain) };
		changes[i] = (struct change) { .entry = items[i].entry };
	}
	status = change_entries(cache, changed, changes, count, now);
	for (i = 0; i < count; i++)
		items[i].status = changed[i].status;
	return status;
}

struct answer_change {
	const struct answer *answer;
	bool fetched; /* this discovery's fetch is the last word on its id */
	int64_t now;
	void *buf; /* ANSWER_SIZE_MAX octets */
};

/* What others noted since we looked: a failed fetch, a first sight, a recheck.
 * Ours is the answer, but not its memory alone. */
static void
merge(const struct answer_change *change, const struct answer *stored,
    struct answer *answer)
{
	if (!change->fetched && stored->retry_at > answer->retry_at &&
	    answer_holds_back(stored, stored->failed_id, change->now)) {
		memcpy(answer->failed_id, stored->failed_id,
		    sizeof(answer->failed_id));
		answer->retry_at = stored->retry_at;
		answer->failed_reason = stored->failed_reason;
		memcpy(answer->failed_detail, stored->failed_detail,
		    sizeof(answer->failed_detail));
	}
	if (strcmp(stored->first_id, answer->first_id) == 0 &&
	    stored->first_seen != 0 && stored->first_seen < answer->first_seen)
		answer->first_seen = stored->first_seen;
	if (stored->rechecked_at > answer->rechecked_at &&
	    stored->rechecked_at <= change->now)
		answer->rechecked_at = stored->rechecked_at;
}

/* Whose patience ended while another worked has found out nothing. */
static bool
is_news(const struct answer_change *change)
{
	return change->fetched ||
	    change->answer->reason != MTASTS_REASON_DEADLINE ||
	    answer_is_fresh(change->answer, change->now);
}

static enum cache_change
replace_answer(void *arg, struct span old, struct span *replacement)
{
	const struct answer_change *change = arg;
	struct answer answer = *change->answer, stored;
	size_t len;

	if (old.data != NULL && answer_decode(old.data, old.len, &stored)) {
		if (!is_news(change) && answer_is_fresh(&stored, change->now))
			return CACHE_KEEP;
		merge(change, &stored, &answer);
	}
	if (answer_deadline(&answer) <= change->now)
		return old.data == NULL ? CACHE_KEEP : CACHE_DELETE;
	len = answer_encode(&answer, change->buf, ANSWER_SIZE_MAX);
	*replacement = span_of(change->buf, len);
	return len == 0 ? CACHE_KEEP : CACHE_REPLACE;
}

static void
log_not_stored(const struct log *log, const char *domain,
    enum cache_status status)
{
	if (status == CACHE_FULL || status == CACHE_NOMEM)
		log_line(log, MTASTS_LOG_WARNING,
		    "domain=%s event=policy-not-stored reason=%s", domain,
		    status == CACHE_FULL ? "cache-full" : "out-of-memory");
}

static void
store_policies(const struct cache *cache,
    const struct discovery *const *discoveries, size_t count, int64_t now,
    const struct log *log)
{
	struct cache_item items[STORE_MAX];
	struct change changes[STORE_MAX];
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		const struct discovery *d = discoveries[i];

		if (d->from_answers || d->store == DISCOVERY_STORE_NOTHING)
			continue;
		items[n] = (struct cache_item) { .key = span_str(d->domain) };
		changes[n++] = (struct change) { .entry = &d->entry,
			.amends = d->store == DISCOVERY_STORE_AMENDS,
			.stored_at = d->stored_at };
	}
	if (n > 0)
		change_entries(cache, items, changes, n, now);
	for (i = 0; i < n; i++)
		if (!changes[i].amends)
			log_not_stored(log, items[i].key.data, items[i].status);
}

static void
store_answers(const struct cache *cache,
    const struct discovery *const *discoveries, size_t count, int64_t now)
{
	struct cache_item items[STORE_MAX];
	struct answer_change changes[STORE_MAX];
	void *buf = malloc(ANSWER_SIZE_MAX); /* of one at a time */
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		const struct discovery *d = discoveries[i];

		if (d->from_answers)
			continue;
		changes[n] = (struct answer_change) { &d->answer, d->fetched,
			now, buf };
		items[n] = (struct cache_item) { .key = span_str(d->domain),
			.arg = &changes[n] };
		n++;
	}
	if (buf != NULL && n > 0)
		cache_change_all(cache, CACHE_ANSWERS, items, n,
		    replace_answer, now);
	free(buf);
}

void
store_discoveries(const struct cache *cache,
    const struct discovery *const *discoveries, size_t count, int64_t now,
    const struct log *log)
{
	store_policies(cache, discoveries, count, now, log);
	store_answers(cache, discoveries, count, now);
}

void
store_discovery(const struct cache *cache, const struct discovery *discovery,
    int64_t now, const struct log *log)
{
	store_discoveries(cache, &discovery, 1, now, log);
}
