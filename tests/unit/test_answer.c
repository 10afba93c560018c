/* rules/answer: the records of the answers environment. */
#include "rules/answer.h"

#include "support/table.h"

#define NOW INT64_C(1790000000)
#define DAY 86400

/* An enforce policy, with everything else that can be remembered. */
static const struct answer sample = {
	.outcome = MTASTS_OUTCOME_POLICY,
	.reason = MTASTS_REASON_FETCH_ERROR,
	.detail = "http-404",
	.asked_at = NOW,
	.fresh_until = NOW + 300,
	.id = "A1",
	.fetched_at = NOW - 1000,
	.expires_at = NOW + 600000,
	.policy = {
		.mode = MTASTS_MODE_ENFORCE,
		.max_age = 601000,
		.mx_count = 1,
		.mx_size = 10,
		.mx = "a.example",
	},
	.failed_id = "B2",
	.retry_at = NOW + 300,
	.failed_reason = MTASTS_REASON_WEBPKI_INVALID,
	.failed_detail = "expired \\x0a",
	.first_id = "C3",
	.first_seen = NOW - 5,
	.rechecked_at = NOW - 7,
};

static const struct answer negative = {
	.outcome = MTASTS_OUTCOME_NONE,
	.reason = MTASTS_REASON_NO_RECORD,
	.asked_at = NOW,
	.fresh_until = NOW + 300,
};

static const struct finding_record finding = {
	.status = 5,
	.detail = "certificate expired",
	.probed_at = NOW,
	.fresh_until = NOW + 300,
};

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
assert_round_trip(const struct answer *answer)
{
	unsigned char buf[1024];
	struct answer back;
	size_t len = answer_encode(answer, buf, sizeof(buf));

	assert_true(len > 0);
	assert_true(answer_decode(buf, len, &back));
	assert_same(answer, &back);
}

static void
what_is_encoded_is_decoded(void **state)
{
	struct answer answer = sample;
	int outcome;

	(void)state;
	assert_round_trip(&sample);
	assert_round_trip(&negative);
	memset(&answer.policy, 0, sizeof(answer.policy));
	for (outcome = MTASTS_OUTCOME_NONE; outcome <= MTASTS_OUTCOME_DEFER;
	     outcome++) {
		answer.outcome = (enum mtasts_outcome)outcome;
		if (answer.outcome != MTASTS_OUTCOME_POLICY)
			assert_round_trip(&answer);
	}
	answer.outcome = MTASTS_OUTCOME_DEFER;
	answer.asked_at = INT64_MIN;
	answer.fresh_until = INT64_MAX;
	memset(answer.detail, 'd', sizeof(answer.detail) - 1);
	memset(answer.id, 'i', RECORD_ID_MAX);
	assert_round_trip(&answer);
}

static void
a_finding_is_decoded_likewise(void **state)
{
	unsigned char buf[256];
	struct finding_record back;
	size_t len = finding_encode(&finding, buf, sizeof(buf)), size;

	(void)state;
	assert_true(len > 0);
	assert_true(finding_decode(buf, len, &back));
	assert_int_equal(back.status, finding.status);
	assert_string_equal(back.detail, finding.detail);
	assert_true(back.probed_at == finding.probed_at);
	assert_true(back.fresh_until == finding.fresh_until);
	for (size = 0; size < len; size++) {
		assert_false(finding_decode(buf, size, &back));
		assert_int_equal(finding_encode(&finding, buf, size), 0);
	}
}

static void
the_first_octet_tells_kind_and_format(void **state)
{
	unsigned char buf[1024], found[256];
	struct finding_record finding_back;
	struct answer back;
	size_t len = answer_encode(&sample, buf, sizeof(buf));
	size_t found_len = finding_encode(&finding, found, sizeof(found));
	unsigned c;

	(void)state;
	assert_false(answer_decode(found, found_len, &back));
	assert_false(finding_decode(buf, len, &finding_back));
	for (c = 0; c < 256; c++) {
		buf[0] = found[0] = (unsigned char)c;
		assert_int_equal(answer_decode(buf, len, &back),
		    c == ANSWER_FORMAT);
		assert_int_equal(finding_decode(found, found_len,
				     &finding_back),
		    c == FINDING_FORMAT);
	}
	assert_false(answer_decode(NULL, 0, &back));
	assert_false(finding_decode(NULL, 0, &finding_back));
}

static void
an_octet_less_or_more_is_no_answer(void **state)
{
	unsigned char buf[1024];
	struct answer back;
	size_t len = answer_encode(&sample, buf, sizeof(buf)), cut;
	char *copy;

	(void)state;
	for (cut = 0; cut <= len + 1; cut++) {
		copy = exact_copy(buf, cut);
		assert_int_equal(answer_decode(copy, cut, &back), cut == len);
		free(copy);
	}
	for (cut = 0; cut < len; cut++)
		assert_int_equal(answer_encode(&sample, buf, cut), 0);
}

static void
a_detail_is_clean_before_it_is_stored(void **state)
{
	unsigned char buf[1024];
	struct answer answer = negative, back;
	size_t len;

	(void)state;
	strcpy(answer.detail, "a\nb");
	len = answer_encode(&answer, buf, sizeof(buf));
	assert_true(len > 0);
	assert_true(answer_decode(buf, len, &back));
	assert_string_equal(back.detail, "a\\x0ab");

	/* What was put into the file by somebody else is not shown. */
	strcpy(answer.detail, "aXb");
	len = answer_encode(&answer, buf, sizeof(buf));
	assert_int_equal(buf[6], 'X');
	buf[6] = '\n';
	assert_false(answer_decode(buf, len, &back));
	buf[6] = '\0';
	assert_false(answer_decode(buf, len, &back));
}

static void
values_out_of_range_are_refused(void **state)
{
	unsigned char buf[1024];
	struct answer back;
	size_t len = answer_encode(&negative, buf, sizeof(buf));

	(void)state;
	buf[1] = MTASTS_OUTCOME_DEFER + 1;
	assert_false(answer_decode(buf, len, &back));
	buf[1] = MTASTS_OUTCOME_NONE;
	buf[2] = MTASTS_REASON_NOT_CACHED + 1;
	assert_false(answer_decode(buf, len, &back));
	/* An answer with a policy needs one. */
	buf[2] = MTASTS_REASON_POLICY;
	buf[1] = MTASTS_OUTCOME_POLICY;
	assert_false(answer_decode(buf, len, &back));
}

static void
the_longest_answer_fits(void **state)
{
	static char mx[POLICY_BODY_MAX], buf[ANSWER_SIZE_MAX];
	struct answer answer = sample, back;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(mx); i += 2)
		mx[i] = 'a';
	answer.policy.mx = mx;
	answer.policy.mx_size = sizeof(mx);
	answer.policy.mx_count = sizeof(mx) / 2;
	memset(answer.id, 'i', RECORD_ID_MAX);
	memset(answer.failed_id, 'i', RECORD_ID_MAX);
	memset(answer.first_id, 'i', RECORD_ID_MAX);
	memset(answer.detail, 'd', ANSWER_DETAIL_SIZE - 1);
	memset(answer.failed_detail, 'd', ANSWER_DETAIL_SIZE - 1);
	len = answer_encode(&answer, buf, sizeof(buf));
	assert_true(len > 0);
	assert_true(answer_decode(buf, len, &back));
	assert_same(&answer, &back);
}

static void
STS_8_1_01_an_answer_is_fresh_until_its_ttl_ends(void **state)
{
	(void)state;
	assert_true(answer_is_fresh(&negative, NOW));
	assert_true(answer_is_fresh(&negative, NOW + 299));
	assert_false(answer_is_fresh(&negative, NOW + 300));
	/* The clock stepped back. */
	assert_false(answer_is_fresh(&negative, NOW - 1));
}

static void
STS_3_3_17_an_expired_policy_is_no_answer(void **state)
{
	struct answer answer = sample;

	(void)state;
	assert_true(answer_is_fresh(&answer, NOW + 299));
	answer.expires_at = NOW + 10;
	assert_true(answer_is_fresh(&answer, NOW + 9));
	assert_false(answer_is_fresh(&answer, NOW + 10));
	/* max_age 0 */
	answer.expires_at = NOW;
	assert_false(answer_is_fresh(&answer, NOW));
	/* Without a policy its expiry says nothing. */
	answer.outcome = MTASTS_OUTCOME_NONE;
	assert_true(answer_is_fresh(&answer, NOW));
}

static void
STS_3_3_10_a_failed_fetch_is_held_back_for_its_id(void **state)
{
	struct answer answer = sample;

	(void)state;
	assert_true(answer_holds_back(&answer, "B2", NOW));
	assert_true(answer_holds_back(&answer, "B2", NOW + 299));
	assert_false(answer_holds_back(&answer, "B2", NOW + 300));
	assert_false(answer_holds_back(&answer, "B3", NOW));
	assert_false(answer_holds_back(&answer, "b2", NOW));
	assert_false(answer_holds_back(&answer, "", NOW));
	assert_false(answer_holds_back(&negative, "", NOW));
	/* Written under a clock that has stepped back by a year. */
	assert_false(answer_holds_back(&answer, "B2", NOW - 365 * DAY));
}

static void
an_answer_is_kept_as_long_as_anything_in_it_matters(void **state)
{
	struct answer answer = negative;

	(void)state;
	assert_true(answer_deadline(&answer) == NOW + 300);
	answer.rechecked_at = NOW + 290;
	assert_true(answer_deadline(&answer) == NOW + 350);
	answer.retry_at = NOW + 1000;
	assert_true(answer_deadline(&answer) == NOW + 350);
	strcpy(answer.failed_id, "x");
	assert_true(answer_deadline(&answer) == NOW + 1000);
	answer.first_seen = NOW;
	assert_true(answer_deadline(&answer) == NOW + ANSWER_FIRST_KEPT);
	answer.asked_at = answer.fresh_until = INT64_MAX;
	assert_true(answer_deadline(&answer) == INT64_MAX);
}

static void
STS_5_07_a_policy_of_mode_none_binds_nobody(void **state)
{
	struct answer answer = sample;

	(void)state;
	assert_true(answer_binds(&answer));
	answer.policy.mode = MTASTS_MODE_TESTING;
	assert_true(answer_binds(&answer));
	answer.policy.mode = MTASTS_MODE_NONE;
	assert_false(answer_binds(&answer));
	assert_false(answer_binds(&negative));
}

static void
a_finding_is_fresh_until_its_time(void **state)
{
	(void)state;
	assert_true(finding_is_fresh(&finding, NOW));
	assert_true(finding_is_fresh(&finding, NOW + 299));
	assert_false(finding_is_fresh(&finding, NOW + 300));
	assert_false(finding_is_fresh(&finding, NOW - 1));
}

static unsigned
rank(const struct answer *answer, int64_t now)
{
	unsigned char buf[1024];
	size_t len = answer_encode(answer, buf, sizeof(buf));

	assert_true(len > 0);
	return answer_rank(buf, len, now);
}

static void
what_can_be_had_again_may_go_and_enforce_goes_last(void **state)
{
	unsigned char buf[256];
	size_t len = finding_encode(&finding, buf, sizeof(buf));
	struct answer enforce = sample, testing, dead = negative;
	unsigned worst;

	(void)state;
	enforce.first_id[0] = '\0';
	enforce.first_seen = 0;
	testing = enforce;
	testing.policy.mode = MTASTS_MODE_TESTING;
	worst = rank(&dead, NOW + 300);

	assert_true(rank(&enforce, NOW) > 0);
	assert_true(rank(&testing, NOW) > rank(&enforce, NOW));
	assert_true(rank(&negative, NOW) > rank(&testing, NOW));
	assert_true(worst > rank(&negative, NOW));
	assert_int_equal(answer_rank(buf, len, NOW), rank(&negative, NOW));

	assert_int_equal(rank(&enforce, NOW + DAY), worst);
	assert_int_equal(answer_rank(buf, len, NOW + 300), worst);
	assert_int_equal(answer_rank("junk", 4, NOW), worst);
	assert_int_equal(answer_rank(NULL, 0, NOW), worst);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(a_finding_is_decoded_likewise),
		cmocka_unit_test(the_first_octet_tells_kind_and_format),
		cmocka_unit_test(an_octet_less_or_more_is_no_answer),
		cmocka_unit_test(a_detail_is_clean_before_it_is_stored),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(the_longest_answer_fits),
		cmocka_unit_test(
		    STS_8_1_01_an_answer_is_fresh_until_its_ttl_ends),
		cmocka_unit_test(STS_3_3_17_an_expired_policy_is_no_answer),
		cmocka_unit_test(
		    STS_3_3_10_a_failed_fetch_is_held_back_for_its_id),
		cmocka_unit_test(
		    an_answer_is_kept_as_long_as_anything_in_it_matters),
		cmocka_unit_test(STS_5_07_a_policy_of_mode_none_binds_nobody),
		cmocka_unit_test(a_finding_is_fresh_until_its_time),
		cmocka_unit_test(
		    what_can_be_had_again_may_go_and_enforce_goes_last),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
