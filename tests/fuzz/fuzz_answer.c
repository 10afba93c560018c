/* rules/answer, rules/mxset: any octets as a record of the answers environment. */
#include "rules/answer.h"
#include "rules/mxset.h"

#include "base/text.h"
#include "fuzz/fuzz.h"

static void
check_detail(const char detail[ANSWER_DETAIL_SIZE])
{
	assert_non_null(memchr(detail, '\0', ANSWER_DETAIL_SIZE));
	assert_true(text_is_clean(detail, strlen(detail)));
}

static void
check_id(const char id[RECORD_ID_SIZE])
{
	assert_non_null(memchr(id, '\0', RECORD_ID_SIZE));
	assert_true(id[0] == '\0' || record_id_is_valid(span_str(id)));
}

static void
check_answer(const struct answer *answer, const char *data, size_t len)
{
	const char *pattern = NULL;
	size_t count = 0;

	assert_in_range(answer->outcome, 0, MTASTS_OUTCOME_DEFER);
	assert_in_range(answer->reason, 0, MTASTS_REASON_NOT_CACHED);
	assert_in_range(answer->failed_reason, 0, MTASTS_REASON_NOT_CACHED);
	check_detail(answer->detail);
	check_detail(answer->failed_detail);
	check_id(answer->id);
	check_id(answer->failed_id);
	check_id(answer->first_id);
	assert_int_equal(answer->outcome == MTASTS_OUTCOME_POLICY,
	    answer->policy.mode != MTASTS_NO_POLICY);
	assert_in_range(answer->policy.max_age, 0, POLICY_MAX_AGE_MAX);
	while ((pattern = policy_next_mx(&answer->policy, pattern)) != NULL) {
		assert_true(pattern > data &&
		    pattern + strlen(pattern) < data + len);
		count++;
	}
	assert_int_equal(count, answer->policy.mx_count);
}

static void
check_age(const struct answer *answer, int64_t now)
{
	/* What is fresh is not removed. */
	if (answer_is_fresh(answer, now)) {
		assert_true(now < answer_deadline(answer));
		assert_true(answer->asked_at <= now);
	}
	if (answer_holds_back(answer, answer->failed_id, now)) {
		assert_true(now < answer_deadline(answer));
		assert_true(answer->failed_id[0] != '\0');
	}
}

static void
check_mxset(const struct mxset *set, int64_t now)
{
	char name[DOMAIN_SIZE];
	size_t i;

	assert_in_range(set->count, 1, MXSET_HOSTS_MAX);
	for (i = 0; i < set->count; i++) {
		assert_true(domain_host(set->hosts[i].name,
		    strlen(set->hosts[i].name), name));
		assert_string_equal(name, set->hosts[i].name);
	}
	if (mxset_is_fresh(set, now)) {
		assert_true(set->asked_at <= now && now < set->fresh_until);
		assert_true(set->fresh_until - now <= MXSET_KEPT_MAX);
	}
}

static void
check_octets(const char *data, size_t len)
{
	static const int64_t times[] = { INT64_MIN, 0, 1790000000, INT64_MAX };
	struct finding_record finding;
	struct answer answer;
	bool is_answer = answer_decode(data, len, &answer);
	bool is_finding = finding_decode(data, len, &finding);
	struct mxset set;
	bool is_mxset = mxset_decode(data, len, &set);
	char *again = malloc(len + 1);
	size_t i;

	assert_non_null(again);
	assert_true(is_answer + is_finding + is_mxset <= 1);
	if (is_answer) {
		check_answer(&answer, data, len);
		assert_int_equal(answer_encode(&answer, again, len), len);
		assert_memory_equal(again, data, len);
	}
	if (is_finding) {
		check_detail(finding.detail);
		assert_int_equal(finding_encode(&finding, again, len), len);
		assert_memory_equal(again, data, len);
	}
	if (is_mxset) {
		assert_int_equal(mxset_encode(&set, again, len), len);
		assert_memory_equal(again, data, len);
	}
	free(again);
	for (i = 0; i < COUNT(times); i++) {
		unsigned rank = answer_rank(data, len, times[i]);

		assert_in_range(rank, 1, 4);
		if (is_answer)
			check_age(&answer, times[i]);
		else if (is_mxset)
			check_mxset(&set, times[i]);
		else if (!is_finding)
			assert_int_equal(rank, 4);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_octets((const char *)data, size);
	return 0;
}
