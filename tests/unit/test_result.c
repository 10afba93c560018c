/* api/result: reading a result, and the one log line of a decision. */
#include <config.h>

#include "api/result.h"
#include "support/table.h"

static struct mtasts_result *
result_new(const char *domain)
{
	struct mtasts_result *result = calloc(1, sizeof(*result));

	result_name(result, domain);
	return result;
}

static void
result_free(struct mtasts_result *result)
{
	result_clear(result);
	free(result);
}

/* An enforce policy from the cache. */
static struct mtasts_result *
policy_result(void)
{
	struct mtasts_result *result = result_new("a.example");
	struct answer *answer = &result->answer;

	answer->outcome = MTASTS_OUTCOME_POLICY;
	strcpy(answer->id, "one");
	answer->fetched_at = 1000;
	answer->expires_at = 87400;
	answer->policy = (struct policy) { .mode = MTASTS_MODE_ENFORCE,
		.max_age = 86400, .mx_count = 2,
		.mx = "*.a.example\0mx.b.example",
		.mx_size = sizeof("*.a.example\0mx.b.example") };
	result->source = MTASTS_SOURCE_CACHE;
	return result;
}

static struct evaluation *
evaluation_fail(void)
{
	struct evaluation *e = calloc(1, sizeof(*e));

	e->host_count = 2;
	strcpy(e->hosts[0].name, "mx.evil.example");
	e->hosts[0].preference = 5;
	strcpy(e->hosts[1].name, "mx.a.example");
	e->hosts[1].preference = 10;
	e->hosts[1].matched = e->hosts[1].probed = true;
	e->hosts[1].probe = PROBE_NO_STARTTLS;
	verdict_decide(e, "a.example", true);
	return e;
}

/* The same, evaluated: taken over as a session does it. */
static struct mtasts_result *
evaluated_result(void)
{
	struct mtasts_result *result = policy_result();
	struct job job = { .domain = "a.example", .answer = result->answer,
		.source = MTASTS_SOURCE_NETWORK,
		.evaluation = evaluation_fail() };
	char *bytes;

	result_take(result, &job, &bytes);
	assert_null(bytes);
	free(job.evaluation);
	return result;
}

static const char *
line_of(const struct mtasts_result *result)
{
	static char line[2048];
	size_t len = mtasts_result_format(result, line, sizeof(line));

	assert_int_equal(len, strlen(line));
	return line;
}

/* ---- Accessors ----------------------------------------------------------------- */

static void
a_lookups_result_tells_all_of_the_policy(void **state)
{
	struct mtasts_result *r = policy_result();

	(void)state;
	assert_string_equal(mtasts_result_domain(r), "a.example");
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_POLICY);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_CACHE);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_POLICY);
	assert_string_equal(mtasts_result_detail(r), "");
	assert_string_equal(mtasts_result_id(r), "one");
	assert_int_equal(mtasts_result_max_age(r), 86400);
	assert_int_equal(mtasts_result_fetched_at(r), 1000);
	assert_int_equal(mtasts_result_expires_at(r), 87400);
	assert_int_equal(mtasts_result_mx_count(r), 2);
	assert_string_equal(mtasts_result_mx(r, 0), "*.a.example");
	assert_string_equal(mtasts_result_mx(r, 1), "mx.b.example");
	assert_null(mtasts_result_mx(r, 2));
	assert_null(mtasts_result_mx(r, SIZE_MAX));
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_NONE);
	assert_string_equal(mtasts_result_enhanced_code(r), "");
	assert_string_equal(mtasts_result_sentence(r), "");
	assert_int_equal(mtasts_result_host_count(r), 0);
	assert_null(mtasts_result_host(r, 0));
	result_free(r);
}

static void
an_evaluation_tells_of_its_hosts(void **state)
{
	struct mtasts_result *r = evaluated_result();
	const struct mtasts_host *h;

	(void)state;
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_FAIL);
	assert_string_equal(mtasts_result_enhanced_code(r), "4.7.10");
	assert_string_equal(mtasts_result_sentence(r),
	    "MX host mx.a.example does not offer STARTTLS");
	assert_int_equal(mtasts_result_host_count(r), 2);
	h = mtasts_result_host(r, 0);
	assert_string_equal(h->name, "mx.evil.example");
	assert_int_equal(h->preference, 5);
	assert_false(h->matched);
	assert_int_equal(h->finding, MTASTS_FINDING_NOT_PROBED);
	h = mtasts_result_host(r, 1);
	assert_string_equal(h->name, "mx.a.example");
	assert_true(h->matched);
	assert_int_equal(h->finding,
	    MTASTS_FINDING_STARTTLS_NOT_SUPPORTED);
	assert_string_equal(h->detail, "");
	assert_null(mtasts_result_host(r, 2));
	result_free(r);
}

static void
what_evaluation_ran_into_comes_before_discovery(void **state)
{
	struct mtasts_result *r = evaluated_result();

	(void)state;
	r->answer.reason = MTASTS_REASON_DNS_TEMPERROR;
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DNS_TEMPERROR);
	r->evaluation->reason = MTASTS_REASON_NULL_MX;
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NULL_MX);
	result_free(r);
}

static void
without_a_policy_there_is_nothing_to_tell(void **state)
{
	struct mtasts_result *r = result_new("b.example");

	(void)state;
	r->answer.reason = MTASTS_REASON_NO_RECORD;
	assert_int_equal(mtasts_result_mode(r), MTASTS_NO_POLICY);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_NONE);
	assert_string_equal(mtasts_result_id(r), "");
	assert_int_equal(mtasts_result_max_age(r), 0);
	assert_int_equal(mtasts_result_fetched_at(r), 0);
	assert_int_equal(mtasts_result_expires_at(r), 0);
	assert_int_equal(mtasts_result_mx_count(r), 0);
	assert_null(mtasts_result_mx(r, 0));
	assert_string_equal(line_of(r),
	    "domain=b.example policy=no-policy source=none reason=\"no-record\"");
	result_free(r);
}

/* ---- Match ------------------------------------------------------------------------ */

static void
mail_may_go_where_the_policy_says(void **state)
{
	static const struct {
		const char *host;
		bool may;
	} table[] = {
		{ "mx.a.example", true },
		{ "MX.A.Example", true },
		{ "mx.a.example.", true },
		{ "mx.b.example", true },
		{ "a.example", false },
		{ "x.mx.a.example", false },
		{ "mx.b.example.evil.example", false },
		{ "mx.a.example..", false },
		{ "", false },
		{ ".", false },
		{ "192.0.2.1", false },
		{ "mx.a.example\n", false },
	};
	struct mtasts_result *r = policy_result();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(table); i++)
		ROW_INT(table[i].host, mtasts_result_match(r, table[i].host),
		    table[i].may);
	r->answer.policy.mode = MTASTS_MODE_TESTING;
	assert_false(mtasts_result_match(r, "mx.evil.example"));
	result_free(r);
}

static void
where_no_policy_binds_mail_may_go_anywhere(void **state)
{
	struct mtasts_result *r = policy_result();

	(void)state;
	r->answer.policy.mode = MTASTS_MODE_NONE;
	assert_true(mtasts_result_match(r, "mx.evil.example"));
	result_clear(r);
	assert_true(mtasts_result_match(r, "mx.evil.example"));
	assert_true(mtasts_result_match(r, ""));
	result_free(r);
}

/* ---- The line --------------------------------------------------------------------- */

static void
a_decision_is_one_line(void **state)
{
	struct mtasts_result *r = policy_result();

	(void)state;
	assert_string_equal(line_of(r),
	    "domain=a.example policy=enforce id=one source=cache reason=\"policy\"");
	r->answer.reason = MTASTS_REASON_DNS_TEMPERROR;
	strcpy(r->answer.detail, "timeout");
	assert_string_equal(line_of(r),
	    "domain=a.example policy=enforce id=one source=cache reason=\"dns-temperror: timeout\"");
	result_free(r);
	r = evaluated_result();
	assert_string_equal(line_of(r),
	    "domain=a.example policy=enforce id=one source=network verdict=fail host=mx.a.example result=starttls-not-supported reason=\"MX host mx.a.example does not offer STARTTLS\"");
	result_free(r);
}

static void
the_host_that_passed_is_the_one_named(void **state)
{
	struct mtasts_result *r = evaluated_result();

	(void)state;
	r->hosts[0].finding = MTASTS_FINDING_CONNECT_FAILED;
	r->hosts[1].finding = MTASTS_FINDING_OK;
	assert_non_null(strstr(line_of(r), " host=mx.a.example result=ok "));
	r->hosts[0].finding = r->hosts[1].finding = MTASTS_FINDING_NOT_PROBED;
	assert_null(strstr(line_of(r), " host="));
	result_free(r);
}

/* Count the fields outside of quotation marks, as a reader of logs would. */
static unsigned
fields(const char *line)
{
	bool quoted = false;
	unsigned count = 0;

	for (; *line != '\0'; line++) {
		assert_true((unsigned char)*line >= ' ' && *line != 0x7f);
		if (*line == '\\' && line[1] != '\0')
			line++;
		else if (*line == '"')
			quoted = !quoted;
		else if (*line == '=' && !quoted)
			count++;
	}
	assert_false(quoted);
	return count;
}

static void
hostile_text_adds_no_field_and_no_line(void **state)
{
	static const char *const details[] = {
		"the mode must be enforce, not \"x\" verdict=pass y=\"\"",
		"said \\\"x\\\" verdict=pass",
		"\\", "\\\\", "\\\\\\", "\"", "\\\"", "\\x1b\" a=b", "end\\",
		"a=b c=d", "\xc3\xa9\" a=b", "\\\xc3\xa9\" a=b",
	};
	struct mtasts_result *r = result_new("a.example");
	struct mtasts_result *e = evaluated_result();
	size_t i;

	(void)state;
	r->answer.reason = MTASTS_REASON_POLICY_INVALID;
	for (i = 0; i < COUNT(details); i++) {
		strcpy(r->answer.detail, details[i]);
		ROW_INT(details[i], fields(line_of(r)), 4);
		strcpy(e->evaluation->sentence, details[i]);
		ROW_INT(details[i], fields(line_of(e)), 8);
	}
	result_free(r);
	result_free(e);
}

static void
a_name_that_is_none_adds_no_field_either(void **state)
{
	static const char *const names[] = {
		"a policy=enforce", "a\npolicy=enforce", "\"", "\\", "", " ",
		"a=b", "\"x\" policy=enforce", "\x1b[31m", "\xff\xfe", "a\tb",
		"[192.0.2.1]", "b\303\274cher",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		struct mtasts_result *r = result_new(names[i]);

		r->answer.reason = MTASTS_REASON_NOT_A_DOMAIN;
		ROW_INT(names[i], fields(line_of(r)), 4);
		result_free(r);
	}
}

static void
kept_escapes_are_not_escaped_again(void **state)
{
	struct mtasts_result *r = result_new("a.example");

	(void)state;
	strcpy(r->answer.detail, "said \\x1b \\\"hi\\\" and \"hi\"");
	assert_non_null(strstr(line_of(r),
	    "reason=\"policy: said \\x1b \\\"hi\\\" and \\\"hi\\\"\""));
	result_free(r);
}

static void
a_line_is_cut_at_any_size(void **state)
{
	struct mtasts_result *r = evaluated_result();
	char whole[1024], buf[1024];
	size_t len = mtasts_result_format(r, whole, sizeof(whole)), size, n;

	(void)state;
	assert_int_equal(mtasts_result_format(r, NULL, 0), 0);
	for (size = 1; size <= len + 2; size++) {
		char *exact = malloc(size);

		n = mtasts_result_format(r, exact, size);
		assert_true(n < size);
		assert_int_equal(n, strlen(exact));
		if (size > len) {
			assert_string_equal(exact, whole);
		} else if (size >= 4) {
			assert_string_equal(exact + n - 3, "...");
			assert_int_equal(n, size - 1);
			assert_memory_equal(exact, whole, n - 3);
		}
		free(exact);
	}
	/* And in the middle of a character. */
	strcpy(r->evaluation->sentence,
	    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	len = mtasts_result_format(r, whole, sizeof(whole));
	for (size = 4; size <= len; size++) {
		n = mtasts_result_format(r, buf, size);
		assert_string_equal(buf + n - 3, "...");
		assert_true(n == 3 || (unsigned char)buf[n - 4] != 0xc3);
	}
	result_free(r);
}

static void
a_long_name_that_is_none_is_bounded(void **state)
{
	char name[10001];
	struct mtasts_result *r;

	(void)state;
	memset(name, '\x01', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	r = result_new(name);
	assert_true(strlen(mtasts_result_domain(r)) < RESULT_NAME_SIZE);
	assert_int_equal(fields(line_of(r)), 4);
	result_free(r);
}

static void
a_match_list_is_the_whole_policy_or_nothing(void **state)
{
	struct mtasts_result *r = policy_result();
	struct mtasts_result *none = result_new("b.example");
	char list[64];

	(void)state;
	assert_true(mtasts_result_match_list(r, list, sizeof(list)));
	assert_string_equal(list, ".a.example:mx.b.example");
	assert_true(mtasts_result_match_list(r, list, 24));
	assert_false(mtasts_result_match_list(r, list, 23));
	assert_string_equal(list, "");
	assert_false(mtasts_result_match_list(r, list, 0));
	assert_true(mtasts_result_match_list(none, list, sizeof(list)));
	assert_string_equal(list, "");
	result_free(none);
	result_free(r);
}

static void
advice_goes_by_outcome_verdict_and_mode(void **state)
{
	static const struct {
		enum mtasts_outcome outcome;
		enum mtasts_mode mode;
		enum mtasts_verdict verdict;
		enum mtasts_advice advice;
	} rows[] = {
		{ MTASTS_OUTCOME_NONE, 0, MTASTS_VERDICT_NONE,
		    MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_UNAVAILABLE, 0, MTASTS_VERDICT_NONE,
		    MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_DEFER, 0, MTASTS_VERDICT_TEMPERROR,
		    MTASTS_ADVICE_HOLD },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_NONE,
		    MTASTS_VERDICT_NONE, MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_TESTING,
		    MTASTS_VERDICT_PASS, MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_TESTING,
		    MTASTS_VERDICT_FAIL, MTASTS_ADVICE_REPORT },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_TESTING,
		    MTASTS_VERDICT_TEMPERROR, MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_PASS, MTASTS_ADVICE_DELIVER },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_FAIL, MTASTS_ADVICE_WITHHOLD },
		{ MTASTS_OUTCOME_POLICY, MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_TEMPERROR, MTASTS_ADVICE_UNKNOWN },
	};
	struct mtasts_result *r = evaluated_result();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r->answer.outcome = rows[i].outcome;
		r->answer.policy.mode = rows[i].mode;
		r->evaluation->verdict = rows[i].verdict;
		if (mtasts_result_advice(r) != rows[i].advice)
			fail_msg("row %zu: %d", i, mtasts_result_advice(r));
		assert_int_equal(mtasts_result_enforces(r),
		    rows[i].mode == MTASTS_MODE_ENFORCE);
	}
	result_free(r);
}

static void
a_domain_is_the_same_however_it_is_written(void **state)
{
	(void)state;
	assert_true(mtasts_same_domain("good.test.", "GOOD.test"));
	assert_true(mtasts_same_domain("b\xc3\xbc" "cher.test",
	    "xn--bcher-kva.test"));
	assert_false(mtasts_same_domain("good.test", "mx.good.test"));
	assert_false(mtasts_same_domain("[192.0.2.1]", "[192.0.2.1]"));
	assert_false(mtasts_same_domain("", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookups_result_tells_all_of_the_policy),
		cmocka_unit_test(an_evaluation_tells_of_its_hosts),
		cmocka_unit_test(
		    what_evaluation_ran_into_comes_before_discovery),
		cmocka_unit_test(without_a_policy_there_is_nothing_to_tell),
		cmocka_unit_test(mail_may_go_where_the_policy_says),
		cmocka_unit_test(where_no_policy_binds_mail_may_go_anywhere),
		cmocka_unit_test(a_decision_is_one_line),
		cmocka_unit_test(the_host_that_passed_is_the_one_named),
		cmocka_unit_test(hostile_text_adds_no_field_and_no_line),
		cmocka_unit_test(a_name_that_is_none_adds_no_field_either),
		cmocka_unit_test(kept_escapes_are_not_escaped_again),
		cmocka_unit_test(a_line_is_cut_at_any_size),
		cmocka_unit_test(a_long_name_that_is_none_is_bounded),
		cmocka_unit_test(a_match_list_is_the_whole_policy_or_nothing),
		cmocka_unit_test(advice_goes_by_outcome_verdict_and_mode),
		cmocka_unit_test(a_domain_is_the_same_however_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
