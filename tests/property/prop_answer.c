/* rules/answer, rules/mxset: what holds of every answer, finding and MX set. */
#include "rules/answer.h"
#include "rules/mxset.h"

#include "property/property.h"

#define BUF_SIZE MXSET_SIZE_MAX

static const char letters[] = "abcXYZ0189";
static const char mx[] = "mx.example\0*.a.example\0b";

static int64_t
random_time(struct random *random)
{
	static const int64_t ends[] = { INT64_MIN, -1, 0, 1, INT64_MAX };

	if (random_one_in(random, 8))
		return ends[random_below(random, COUNT(ends))];
	return (int64_t)random_next(random);
}

static void
random_id(struct random *random, char id[RECORD_ID_SIZE])
{
	size_t len = random_below(random, RECORD_ID_MAX + 1);

	random_octets(random, letters, id, len);
	id[len] = '\0';
}

static void
random_detail(struct random *random, char detail[ANSWER_DETAIL_SIZE])
{
	size_t len = random_below(random, ANSWER_DETAIL_SIZE);

	random_octets(random, "ab c\\\"~", detail, len);
	detail[len] = '\0';
}

static enum mtasts_reason
random_reason(struct random *random)
{
	return (enum mtasts_reason)random_below(random,
	    MTASTS_REASON_NOT_CACHED + 1);
}

static void
random_answer(struct random *random, struct answer *out)
{
	*out = (struct answer){
		.outcome = (enum mtasts_outcome)random_below(random,
		    MTASTS_OUTCOME_DEFER + 1),
		.reason = random_reason(random),
		.asked_at = random_time(random),
		.fresh_until = random_time(random),
		.fetched_at = random_time(random),
		.expires_at = random_time(random),
		.retry_at = random_time(random),
		.failed_reason = random_reason(random),
		.first_seen = random_time(random),
		.rechecked_at = random_time(random),
	};
	random_detail(random, out->detail);
	random_detail(random, out->failed_detail);
	random_id(random, out->id);
	random_id(random, out->failed_id);
	random_id(random, out->first_id);
	if (out->outcome == MTASTS_OUTCOME_POLICY)
		out->policy = (struct policy){
			.mode = (enum mtasts_mode)(MTASTS_MODE_NONE +
			    random_below(random, 3)),
			.max_age = random_below(random,
			    POLICY_MAX_AGE_MAX + 1),
			.mx_count = 3,
			.mx_size = sizeof(mx),
			.mx = mx,
		};
}

static void
assert_same(const struct answer *a, const struct answer *b)
{
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->reason, b->reason);
	assert_string_equal(a->detail, b->detail);
	assert_true(a->asked_at == b->asked_at);
	assert_true(a->fresh_until == b->fresh_until);
	assert_string_equal(a->id, b->id);
	assert_true(a->fetched_at == b->fetched_at);
	assert_true(a->expires_at == b->expires_at);
	assert_int_equal(a->policy.mode, b->policy.mode);
	assert_int_equal(a->policy.max_age, b->policy.max_age);
	assert_int_equal(a->policy.mx_count, b->policy.mx_count);
	assert_int_equal(a->policy.mx_size, b->policy.mx_size);
	if (a->policy.mx_size != 0)
		assert_memory_equal(a->policy.mx, b->policy.mx,
		    a->policy.mx_size);
	assert_string_equal(a->failed_id, b->failed_id);
	assert_true(a->retry_at == b->retry_at);
	assert_int_equal(a->failed_reason, b->failed_reason);
	assert_string_equal(a->failed_detail, b->failed_detail);
	assert_string_equal(a->first_id, b->first_id);
	assert_true(a->first_seen == b->first_seen);
	assert_true(a->rechecked_at == b->rechecked_at);
}

static void
decoding_what_was_encoded_gives_the_same(void **state)
{
	struct random random = random_start();
	unsigned char buf[BUF_SIZE];
	struct answer answer, back;
	size_t len, cut;
	char *copy;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		random_answer(&random, &answer);
		len = answer_encode(&answer, buf, sizeof(buf));
		assert_true(len > 0);
		copy = exact_copy(buf, len);
		assert_true(answer_decode(copy, len, &back));
		assert_same(&answer, &back);
		free(copy);

		cut = random_below(&random, (uint32_t)len);
		copy = exact_copy(buf, cut);
		assert_false(answer_decode(copy, cut, &back));
		free(copy);
		assert_int_equal(answer_encode(&answer, buf, cut), 0);
	}
}

static void
findings_likewise(void **state)
{
	struct random random = random_start();
	struct finding_record record, back;
	unsigned char buf[BUF_SIZE];
	size_t len;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		record = (struct finding_record){
			.status = (uint8_t)random_next(&random),
			.probed_at = random_time(&random),
			.fresh_until = random_time(&random),
		};
		random_detail(&random, record.detail);
		len = finding_encode(&record, buf, sizeof(buf));
		assert_true(len > 0);
		assert_true(finding_decode(buf, len, &back));
		assert_int_equal(back.status, record.status);
		assert_string_equal(back.detail, record.detail);
		assert_true(back.probed_at == record.probed_at);
		assert_true(back.fresh_until == record.fresh_until);
	}
}

static void
random_host(struct random *random, struct mxset *set)
{
	char name[DOMAIN_SIZE] = "mx.";
	size_t len = 1 + random_below(random, 60);

	random_octets(random, "abcxyz_", name + 3, len);
	name[3 + len] = '\0';
	mxset_add(set, name, (uint16_t)random_next(random));
}

static void
mx_sets_likewise(void **state)
{
	struct random random = random_start();
	unsigned char buf[BUF_SIZE], again[BUF_SIZE];
	struct mxset set, back;
	size_t len, hosts;
	int64_t now;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		now = (int64_t)random_next(&random);
		mxset_begin(&set, random_next(&random) >> random_below(&random,
		    32), now);
		hosts = random_below(&random, MXSET_HOSTS_MAX + 3);
		while (hosts-- > 0)
			random_host(&random, &set);
		len = mxset_encode(&set, buf, sizeof(buf));
		assert_int_equal(len > 0, set.count > 0 &&
		    set.count <= MXSET_HOSTS_MAX && set.fresh_until > now);
		if (len == 0)
			continue;
		assert_true(mxset_decode(buf, len, &back));
		assert_true(mxset_is_fresh(&back, back.fresh_until - 1));
		assert_false(mxset_is_fresh(&back, back.fresh_until));
		assert_false(mxset_decode(buf, len - 1, &back));
		assert_true(mxset_decode(buf, len, &back));
		assert_int_equal(mxset_encode(&back, again, sizeof(again)), len);
		assert_memory_equal(again, buf, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding_what_was_encoded_gives_the_same),
		cmocka_unit_test(findings_likewise),
		cmocka_unit_test(mx_sets_likewise),
	};

	return cmocka_run_group_tests_name("prop_answer", tests, NULL, NULL);
}
