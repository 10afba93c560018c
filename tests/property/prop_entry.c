/* rules/entry: what holds of every entry. */
#include "rules/entry.h"

#include "property/property.h"

#define MX_SIZE 200
#define RAW_SIZE 300
#define BUF_SIZE 1024

static const char letters[] = "abcXYZ0189";

static int64_t
random_time(struct random *random)
{
	static const int64_t ends[] = { INT64_MIN, -1, 0, 1, INT64_MAX };

	if (random_one_in(random, 8))
		return ends[random_below(random, COUNT(ends))];
	return (int64_t)random_next(random);
}

static void
random_policy(struct random *random, char mx[MX_SIZE], struct policy *out)
{
	uint32_t len;

	*out = (struct policy){
		.mode = (enum mtasts_mode)(MTASTS_MODE_NONE +
		    random_below(random, 3)),
		.max_age = random_below(random, POLICY_MAX_AGE_MAX + 1),
		.mx = mx,
	};
	while (out->mx_size < MX_SIZE - 40 && !random_one_in(random, 5)) {
		len = 1 + random_below(random, 30);
		random_octets(random, "ab-_.*0", mx + out->mx_size, len);
		out->mx_size += len;
		mx[out->mx_size++] = '\0';
		out->mx_count++;
	}
	if (out->mx_count == 0)
		out->mode = MTASTS_MODE_NONE;
}

static void
random_entry(struct random *random, char mx[MX_SIZE], char raw[RAW_SIZE],
    struct entry *out)
{
	size_t i, len = random_below(random, RAW_SIZE);

	*out = (struct entry){
		.fetched_at = random_time(random),
		.refresh_at = random_time(random),
		.used_at = random_time(random),
		.refresh_failures = random_next(random),
		.raw = { raw, len },
	};
	for (i = 0; i < len; i++)
		raw[i] = (char)random_next(random);
	random_octets(random, letters, out->id,
	    random_below(random, RECORD_ID_MAX + 1));
	random_policy(random, mx, &out->policy);
}

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
decoding_what_was_encoded_gives_the_same(void **state)
{
	struct random random = random_start();
	char mx[MX_SIZE], raw[RAW_SIZE], *copy;
	unsigned char buf[BUF_SIZE];
	struct entry entry, back;
	size_t len, cut;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		random_entry(&random, mx, raw, &entry);
		len = entry_encode(&entry, buf, sizeof(buf));
		assert_true(len > 0);
		copy = exact_copy(buf, len);
		assert_true(entry_decode(copy, len, &back));
		assert_same(&entry, &back);
		free(copy);

		cut = random_below(&random, (uint32_t)len);
		copy = exact_copy(buf, cut);
		assert_false(entry_decode(copy, cut, &back));
		free(copy);
		assert_int_equal(entry_encode(&entry, buf, cut), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding_what_was_encoded_gives_the_same),
	};

	return cmocka_run_group_tests_name("prop_entry", tests, NULL, NULL);
}
