/* rules/entry: a cached policy as octets, and the arithmetic of its age. */
#include "rules/entry.h"

#include "support/table.h"

#define DAY 86400
#define NOW INT64_C(1790000000)
/* The year 2100: a store that was written under a broken clock. */
#define FUTURE INT64_C(4102444800)

/* An enforce policy fetched at NOW. */
static const struct entry sample = {
	.id = "20260101T000000",
	.policy = {
		.mode = MTASTS_MODE_ENFORCE,
		.max_age = 1000,
		.mx_count = 2,
		.mx_size = 14,
		.mx = "a.example\0*.b",
	},
	.raw = { "version: STSv1\n", 15 },
	.fetched_at = NOW,
	.refresh_at = NOW + 500,
	.used_at = NOW,
	.refresh_failures = 3,
};

static void
assert_same(const struct entry *a, const struct entry *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->policy.mode, b->policy.mode);
	assert_int_equal(a->policy.max_age, b->policy.max_age);
	assert_int_equal(a->policy.mx_count, b->policy.mx_count);
	assert_int_equal(a->policy.mx_size, b->policy.mx_size);
	if (a->policy.mx_size != 0)
		assert_memory_equal(a->policy.mx, b->policy.mx,
		    a->policy.mx_size);
	assert_int_equal(a->raw.len, b->raw.len);
	if (a->raw.len != 0)
		assert_memory_equal(a->raw.data, b->raw.data, a->raw.len);
	assert_true(a->fetched_at == b->fetched_at);
	assert_true(a->refresh_at == b->refresh_at);
	assert_true(a->used_at == b->used_at);
	assert_int_equal(a->refresh_failures, b->refresh_failures);
}

static void
what_is_encoded_is_decoded(void **state)
{
	struct entry entry = sample, back;
	unsigned char buf[256];
	size_t len;

	(void)state;
	len = entry_encode(&entry, buf, sizeof(buf));
	assert_true(len > 0);
	assert_true(entry_decode(buf, len, &back));
	assert_same(&entry, &back);

	entry = (struct entry){ .policy.mode = MTASTS_MODE_NONE,
		.fetched_at = INT64_MIN,
		.refresh_at = INT64_MAX,
		.used_at = -1 };
	len = entry_encode(&entry, buf, sizeof(buf));
	assert_true(len > 0);
	assert_true(entry_decode(buf, len, &back));
	assert_same(&entry, &back);
}

static void
a_buffer_too_small_takes_nothing(void **state)
{
	unsigned char buf[256];
	size_t len, size;

	(void)state;
	len = entry_encode(&sample, buf, sizeof(buf));
	for (size = 0; size < len; size++)
		assert_int_equal(entry_encode(&sample, buf, size), 0);
	assert_int_equal(entry_encode(&sample, buf, len), len);
}

static void
what_could_not_be_read_back_is_not_written(void **state)
{
	static char big[ENTRY_RAW_MAX + 1], buf[ENTRY_SIZE_MAX];
	struct entry entry = sample;

	(void)state;
	entry.raw = span_of(big, ENTRY_RAW_MAX);
	assert_true(entry_encode(&entry, buf, sizeof(buf)) > 0);
	entry.raw = span_of(big, ENTRY_RAW_MAX + 1);
	assert_int_equal(entry_encode(&entry, buf, sizeof(buf)), 0);
	entry = sample;
	entry.policy.mode = MTASTS_NO_POLICY;
	assert_int_equal(entry_encode(&entry, buf, sizeof(buf)), 0);
	entry = sample;
	memcpy(entry.id, "a-b", 4);
	assert_int_equal(entry_encode(&entry, buf, sizeof(buf)), 0);
	entry = sample;
	entry.policy.mx_count = 3;
	assert_int_equal(entry_encode(&entry, buf, sizeof(buf)), 0);
}

static void
the_longest_entry_fits(void **state)
{
	static char mx[POLICY_BODY_MAX], raw[ENTRY_RAW_MAX];
	static char buf[ENTRY_SIZE_MAX];
	struct entry entry = sample, back;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mx); i += 2)
		mx[i] = 'a';
	entry.policy.mx = mx;
	entry.policy.mx_size = sizeof(mx);
	entry.policy.mx_count = sizeof(mx) / 2;
	entry.raw = span_of(raw, sizeof(raw));
	memset(entry.id, 'i', RECORD_ID_MAX);
	i = entry_encode(&entry, buf, sizeof(buf));
	assert_true(i > 0);
	assert_true(entry_decode(buf, i, &back));
	assert_same(&entry, &back);
}

static void
another_format_is_a_miss(void **state)
{
	unsigned char buf[256];
	struct entry back;
	size_t len = entry_encode(&sample, buf, sizeof(buf));
	unsigned format;

	(void)state;
	for (format = 0; format < 256; format++) {
		buf[0] = (unsigned char)format;
		assert_int_equal(entry_decode(buf, len, &back), format == 1);
	}
	assert_false(entry_decode(NULL, 0, &back));
}

static void
an_octet_less_or_more_is_no_entry(void **state)
{
	unsigned char buf[256];
	struct entry back;
	size_t len = entry_encode(&sample, buf, sizeof(buf)), cut;
	char *copy;

	(void)state;
	for (cut = 0; cut <= len + 1; cut++) {
		copy = exact_copy(buf, cut);
		assert_int_equal(entry_decode(copy, cut, &back), cut == len);
		free(copy);
	}
}

static void
STS_3_2_20_STS_3_3_17_a_policy_lives_max_age_from_its_fetch(void **state)
{
	struct entry entry = sample;

	(void)state;
	assert_true(entry_expires_at(&entry, NOW) == NOW + 1000);
	assert_true(entry_is_live(&entry, NOW));
	assert_true(entry_is_live(&entry, NOW + 999));
	assert_false(entry_is_live(&entry, NOW + 1000));
	assert_false(entry_is_live(&entry, NOW + 1001));
	/* Use does not lengthen it. */
	entry.used_at = NOW + 900;
	assert_false(entry_is_live(&entry, NOW + 1000));
}

static void
STS_3_2_09_STS_10_2_04_the_longest_life_is_kept_whole(void **state)
{
	struct entry entry = sample;

	(void)state;
	entry.policy.max_age = POLICY_MAX_AGE_MAX;
	assert_true(entry_is_live(&entry, NOW + POLICY_MAX_AGE_MAX - 1));
	assert_false(entry_is_live(&entry, NOW + POLICY_MAX_AGE_MAX));
}

static void
A_05_a_max_age_of_0_expires_at_once(void **state)
{
	struct entry entry = sample;

	(void)state;
	entry.policy.max_age = 0;
	assert_false(entry_is_live(&entry, NOW));
	assert_true(entry_refresh_time("example.com", 0, NOW) == NOW);
}

static void
STS_3_3_21_a_fetch_in_the_future_counts_from_now(void **state)
{
	struct entry entry = sample;

	(void)state;
	entry.fetched_at = NOW + 10 * DAY;
	entry.refresh_at = NOW + 10 * DAY + 500;
	assert_true(entry_fetched_at(&entry, NOW) == NOW);
	assert_true(entry_expires_at(&entry, NOW) == NOW + 1000);
	assert_true(entry_is_live(&entry, NOW));
	assert_true(entry_is_due(&entry, NOW));
	assert_true(entry_fetched_at(&entry, FUTURE) == NOW + 10 * DAY);
}

static void
times_at_the_ends_of_their_type_are_survived(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1,
		NOW, INT64_MAX - 1, INT64_MAX };
	struct entry entry = sample;
	size_t i, j;

	(void)state;
	entry.policy.max_age = POLICY_MAX_AGE_MAX;
	for (i = 0; i < COUNT(times); i++) {
		for (j = 0; j < COUNT(times); j++) {
			entry.fetched_at = entry.used_at = times[i];
			entry.refresh_at = times[i];
			assert_true(entry_expires_at(&entry, times[j]) >=
			    entry_fetched_at(&entry, times[j]));
			entry_is_live(&entry, times[j]);
			entry_is_due(&entry, times[j]);
			entry_is_forgotten(&entry, times[j], 30 * DAY);
			entry_use_is_news(&entry, times[j]);
			entry_refresh_time("a.b", POLICY_MAX_AGE_MAX, times[j]);
		}
	}
}

static void
STS_3_3_15_a_refresh_is_due_after_about_a_day(void **state)
{
	char domain[32];
	int64_t wait;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		wait = entry_refresh_time(domain, 604800, NOW) - NOW;
		assert_true(wait <= DAY && wait >= DAY * 3 / 4);
		assert_true(entry_refresh_time(domain, POLICY_MAX_AGE_MAX, 0) ==
		    wait);
	}
}

static void
STS_10_2_01_a_refresh_is_due_by_half_of_max_age(void **state)
{
	static const uint32_t ages[] = { 1, 2, 3, 9, 600, 86400, 172799 };
	int64_t wait;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(ages); i++) {
		wait = entry_refresh_time("example.com", ages[i], NOW) - NOW;
		assert_true(wait <= ages[i] / 2);
		assert_true(wait >= ages[i] / 2 - ages[i] / 2 / 4);
	}
}

static void
policies_stored_together_do_not_come_due_together(void **state)
{
	unsigned quarter[4] = { 0, 0, 0, 0 };
	char domain[32];
	int64_t early;
	int i;

	(void)state;
	for (i = 0; i < 4000; i++) {
		snprintf(domain, sizeof(domain), "host%d.example", i);
		early = NOW + DAY - entry_refresh_time(domain, 604800, NOW);
		quarter[early * 4 / (DAY / 4 + 1)]++;
	}
	for (i = 0; i < 4; i++)
		assert_in_range(quarter[i], 800, 1200);
	/* The same domain is given the same place. */
	assert_true(entry_refresh_time("a.b", 604800, NOW) ==
	    entry_refresh_time("a.b", 604800, NOW));
}

static void
an_entry_is_due_from_its_refresh_time(void **state)
{
	(void)state;
	assert_false(entry_is_due(&sample, NOW + 499));
	assert_true(entry_is_due(&sample, NOW + 500));
	assert_true(entry_is_due(&sample, NOW + 5000));
	/* Stored in the future. */
	assert_true(entry_is_due(&sample, NOW - 1));
}

static void
an_unused_entry_is_forgotten(void **state)
{
	(void)state;
	assert_false(entry_is_forgotten(&sample, NOW, 30 * DAY));
	assert_false(entry_is_forgotten(&sample, NOW + 30 * DAY, 30 * DAY));
	assert_true(entry_is_forgotten(&sample, NOW + 30 * DAY + 1, 30 * DAY));
	assert_false(entry_is_forgotten(&sample, NOW - DAY, 30 * DAY));
}

static void
use_is_noted_once_a_day(void **state)
{
	struct entry entry = sample;

	(void)state;
	entry.used_at = 100 * DAY + 5;
	assert_false(entry_use_is_news(&entry, 100 * DAY));
	assert_false(entry_use_is_news(&entry, 101 * DAY - 1));
	assert_true(entry_use_is_news(&entry, 101 * DAY));
	assert_true(entry_use_is_news(&entry, 99 * DAY));
}

static unsigned
rank(const struct entry *entry, int64_t now)
{
	unsigned char buf[256];
	size_t len = entry_encode(entry, buf, sizeof(buf));

	assert_true(len > 0);
	return entry_rank(buf, len, now);
}

static void
a_live_enforce_policy_is_never_evicted(void **state)
{
	struct entry enforce = sample, reused, fresh, expired = sample;

	(void)state;
	enforce.policy.max_age = 30 * DAY;
	reused = fresh = enforce;
	reused.policy.mode = fresh.policy.mode = MTASTS_MODE_TESTING;
	reused.used_at = NOW + DAY;

	assert_int_equal(rank(&enforce, NOW), 0);
	assert_true(rank(&reused, NOW) > 0);
	assert_true(rank(&fresh, NOW) > rank(&reused, NOW));
	assert_true(rank(&expired, NOW + DAY) > rank(&fresh, NOW));
	assert_int_equal(entry_rank("junk", 4, NOW),
	    rank(&expired, NOW + DAY));
	assert_int_equal(entry_rank(NULL, 0, NOW), rank(&expired, NOW + DAY));

	reused.policy.mode = fresh.policy.mode = MTASTS_MODE_NONE;
	assert_true(rank(&reused, NOW) > 0);
	assert_true(rank(&fresh, NOW) > rank(&reused, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(a_buffer_too_small_takes_nothing),
		cmocka_unit_test(what_could_not_be_read_back_is_not_written),
		cmocka_unit_test(the_longest_entry_fits),
		cmocka_unit_test(another_format_is_a_miss),
		cmocka_unit_test(an_octet_less_or_more_is_no_entry),
		cmocka_unit_test(
	    STS_3_2_20_STS_3_3_17_a_policy_lives_max_age_from_its_fetch),
		cmocka_unit_test(
		    STS_3_2_09_STS_10_2_04_the_longest_life_is_kept_whole),
		cmocka_unit_test(A_05_a_max_age_of_0_expires_at_once),
		cmocka_unit_test(
		    STS_3_3_21_a_fetch_in_the_future_counts_from_now),
		cmocka_unit_test(times_at_the_ends_of_their_type_are_survived),
		cmocka_unit_test(
		    STS_3_3_15_a_refresh_is_due_after_about_a_day),
		cmocka_unit_test(
		    STS_10_2_01_a_refresh_is_due_by_half_of_max_age),
		cmocka_unit_test(
		    policies_stored_together_do_not_come_due_together),
		cmocka_unit_test(an_entry_is_due_from_its_refresh_time),
		cmocka_unit_test(an_unused_entry_is_forgotten),
		cmocka_unit_test(use_is_noted_once_a_day),
		cmocka_unit_test(a_live_enforce_policy_is_never_evicted),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
