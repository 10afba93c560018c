/* base/names: a word for each public value, and no value without one. */
#include "mtasts.h"

#include "support/table.h"

/* Every value has a word of its own, and what lies beyond has none. */
#define EACH_HAS_A_WORD(name_of, type, last)                              \
	do {                                                              \
		int v_, w_;                                               \
		for (v_ = 0; v_ <= (int)(last); v_++) {                   \
			assert_string_not_equal(name_of((enum type)v_),   \
			    "unknown");                                   \
			for (w_ = 0; w_ < v_; w_++)                       \
				assert_string_not_equal(                  \
				    name_of((enum type)v_),               \
				    name_of((enum type)w_));              \
		}                                                         \
		assert_string_equal(name_of((enum type)v_), "unknown");   \
	} while (0)

static void
every_value_has_a_word_of_its_own(void **state)
{
	(void)state;
	EACH_HAS_A_WORD(mtasts_status_name, mtasts_status, MTASTS_NOTFOUND);
	EACH_HAS_A_WORD(mtasts_stage_name, mtasts_stage, MTASTS_STAGE_VERDICT);
	EACH_HAS_A_WORD(mtasts_mode_name, mtasts_mode, MTASTS_MODE_ENFORCE);
	EACH_HAS_A_WORD(mtasts_outcome_name, mtasts_outcome,
	    MTASTS_OUTCOME_DEFER);
	EACH_HAS_A_WORD(mtasts_source_name, mtasts_source,
	    MTASTS_SOURCE_OVERRIDE);
	EACH_HAS_A_WORD(mtasts_reason_name, mtasts_reason,
	    MTASTS_REASON_NOT_CACHED);
	EACH_HAS_A_WORD(mtasts_verdict_name, mtasts_verdict,
	    MTASTS_VERDICT_TEMPERROR);
	EACH_HAS_A_WORD(mtasts_finding_name, mtasts_finding,
	    MTASTS_FINDING_VALIDATION_FAILURE);
}

static void
no_policy_and_mode_none_are_two_things(void **state)
{
	(void)state;
	assert_string_equal(mtasts_mode_name(MTASTS_NO_POLICY), "no-policy");
	assert_string_equal(mtasts_mode_name(MTASTS_MODE_NONE), "none");
}

/* RFC 8460, 4.3: the words of TLS reports. */
static void
report_words_are_those_of_the_rfc(void **state)
{
	(void)state;
	assert_string_equal(mtasts_reason_name(MTASTS_REASON_FETCH_ERROR),
	    "sts-policy-fetch-error");
	assert_string_equal(mtasts_reason_name(MTASTS_REASON_POLICY_INVALID),
	    "sts-policy-invalid");
	assert_string_equal(mtasts_reason_name(MTASTS_REASON_WEBPKI_INVALID),
	    "sts-webpki-invalid");
	assert_string_equal(
	    mtasts_finding_name(MTASTS_FINDING_STARTTLS_NOT_SUPPORTED),
	    "starttls-not-supported");
	assert_string_equal(
	    mtasts_finding_name(MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH),
	    "certificate-host-mismatch");
	assert_string_equal(
	    mtasts_finding_name(MTASTS_FINDING_CERTIFICATE_EXPIRED),
	    "certificate-expired");
	assert_string_equal(
	    mtasts_finding_name(MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED),
	    "certificate-not-trusted");
	assert_string_equal(
	    mtasts_finding_name(MTASTS_FINDING_VALIDATION_FAILURE),
	    "validation-failure");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_has_a_word_of_its_own),
		cmocka_unit_test(no_policy_and_mode_none_are_two_things),
		cmocka_unit_test(report_words_are_those_of_the_rfc),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
