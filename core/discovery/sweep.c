/*
 * Expired records leave the cache: see sweep.h.
 *
 * Test: tests/scenario/refresh.scn, tests/lab.
 */
#include <string.h>

#include "discovery/sweep.h"
#include "rules/answer.h"
#include "rules/entry.h"
#include "rules/mxset.h"

static bool
is_over(enum cache_store store, struct span value, int64_t now)
{
	struct finding_record finding;
	struct answer answer;
	struct entry entry;
	struct mxset set;

	if (store == CACHE_POLICIES)
		return !entry_decode(value.data, value.len, &entry) ||
		    !entry_is_live(&entry, now);
	if (finding_decode(value.data, value.len, &finding))
		return !finding_is_fresh(&finding, now);
	if (mxset_decode(value.data, value.len, &set))
		return !mxset_is_fresh(&set, now);
	return !answer_decode(value.data, value.len, &answer) ||
	    answer_deadline(&answer) <= now;
}

static enum cache_change
delete_if_over(void *arg, struct span old, struct span *replacement)
{
	struct sweep_record *record = arg;
	const struct sweep *sweep = record->sweep;

	(void)replacement;
	record->removed = old.data != NULL &&
	    (sweep->all || is_over(sweep->store, old, sweep->now));
	return record->removed ? CACHE_DELETE : CACHE_KEEP;
}

void
sweep_flush(struct sweep *sweep)
{
	cache_change_all(sweep->cache, sweep->store, sweep->items, sweep->count,
	    delete_if_over, sweep->now);
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->items[i].status == CACHE_OK &&
		    sweep->records[i].removed)
			sweep->removed++;
	sweep->count = sweep->len = 0;
}

bool
sweep_take(struct sweep *sweep, struct span key, struct span value)
{
	struct sweep_record *record;
	char *at;

	if (!sweep->all && !is_over(sweep->store, value, sweep->now))
		return false;
	if (sweep->count == CACHE_ITEMS_MAX ||
	    key.len > SWEEP_KEYS_SIZE - sweep->len)
		sweep_flush(sweep);
	at = memcpy(sweep->keys + sweep->len, key.data, key.len);
	record = &sweep->records[sweep->count];
	*record = (struct sweep_record) { sweep, false };
	sweep->items[sweep->count++] = (struct cache_item) {
		.key = span_of(at, key.len), .arg = record };
	sweep->len += key.len;
	return true;
}
