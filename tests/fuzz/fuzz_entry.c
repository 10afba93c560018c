/* rules/entry: any octets as a cached policy. */
#include "rules/entry.h"

#include "fuzz/fuzz.h"

static void
check_view(const struct entry *entry, const char *data, size_t len)
{
	const char *mx = NULL;
	size_t count;

	assert_true(entry->policy.mode >= MTASTS_MODE_NONE &&
	    entry->policy.mode <= MTASTS_MODE_ENFORCE);
	assert_in_range(entry->policy.max_age, 0, POLICY_MAX_AGE_MAX);
	assert_non_null(memchr(entry->id, '\0', sizeof(entry->id)));
	assert_true(entry->id[0] == '\0' ||
	    record_id_is_valid(span_str(entry->id)));
	for (count = 0; (mx = policy_next_mx(&entry->policy, mx)) != NULL;
	     count++) {
		assert_true(mx > data && mx + strlen(mx) < data + len);
		assert_true(mx[0] != '\0');
	}
	assert_int_equal(count, entry->policy.mx_count);
	assert_true(count > 0 || entry->policy.mode == MTASTS_MODE_NONE);
	assert_in_range(entry->raw.len, 0, ENTRY_RAW_MAX);
	policy_match(&entry->policy, "a.example");
}

static void
check_times(const struct entry *entry, int64_t now)
{
	int64_t fetched = entry_fetched_at(entry, now);

	assert_true(fetched <= now && fetched <= entry->fetched_at);
	assert_true(entry_expires_at(entry, now) >= fetched);
	assert_int_equal(entry_is_live(entry, now),
	    now < entry_expires_at(entry, now));
	if (entry->fetched_at > now)
		assert_true(entry_is_due(entry, now));
	entry_is_forgotten(entry, now, 86400);
	entry_use_is_news(entry, now);
}

static void
check_octets(const char *data, size_t len)
{
	static const int64_t times[] = { INT64_MIN, 0, 1790000000, INT64_MAX };
	struct entry entry;
	char *again;
	size_t i;
	bool live;

	if (!entry_decode(data, len, &entry)) {
		assert_true(entry_rank(data, len, 0) >= 3);
		return;
	}
	check_view(&entry, data, len);
	/* There is one form only. */
	again = malloc(len);
	assert_non_null(again);
	assert_int_equal(entry_encode(&entry, again, len), len);
	assert_memory_equal(again, data, len);
	free(again);
	for (i = 0; i < COUNT(times); i++) {
		check_times(&entry, times[i]);
		live = entry_is_live(&entry, times[i]);
		assert_int_equal(entry_rank(data, len, times[i]) == 0,
		    live && entry.policy.mode == MTASTS_MODE_ENFORCE);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_octets((const char *)data, size);
	return 0;
}
