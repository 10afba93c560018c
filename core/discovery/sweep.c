/*
 * Expired records leave the cache: see sweep.h.
 *
 * Test: tests/scenario/refresh.scn, tests/lab.
 */
#include "discovery/sweep.h"
#include "rules/answer.h"
#include "rules/entry.h"

bool
sweep_is_over(enum cache_store store, struct span value, int64_t now)
{
	struct finding_record finding;
	struct answer answer;
	struct entry entry;

	if (store == CACHE_POLICIES)
		return !entry_decode(value.data, value.len, &entry) ||
		    !entry_is_live(&entry, now);
	if (finding_decode(value.data, value.len, &finding))
		return !finding_is_fresh(&finding, now);
	return !answer_decode(value.data, value.len, &answer) ||
	    answer_deadline(&answer) <= now;
}

struct sweep {
	enum cache_store store;
	int64_t now;
	bool removed;
};

static enum cache_change
delete_if_over(void *arg, struct span old, struct span *replacement)
{
	struct sweep *sweep = arg;

	(void)replacement;
	sweep->removed = old.data != NULL &&
	    sweep_is_over(sweep->store, old, sweep->now);
	return sweep->removed ? CACHE_DELETE : CACHE_KEEP;
}

bool
sweep_record(const struct cache *cache, enum cache_store store,
    struct span key, int64_t now)
{
	struct sweep sweep = { store, now, false };

	return cache_change(cache, store, key, delete_if_over, &sweep, now) ==
	    CACHE_OK && sweep.removed;
}
