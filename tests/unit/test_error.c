/* base/error: filling in struct mtasts_error. */
#include "base/error.h"

#include "base/text.h"
#include "support/table.h"

static void
an_error_says_where_and_what(void **state)
{
	struct mtasts_error err;

	(void)state;
	assert_int_equal(error_set(&err, MTASTS_SYSTEM, MTASTS_STAGE_CACHE, 13,
			     "cannot open %s", "data.mdb"),
	    MTASTS_SYSTEM);
	assert_int_equal(err.status, MTASTS_SYSTEM);
	assert_int_equal(err.stage, MTASTS_STAGE_CACHE);
	assert_int_equal(err.code, 13);
	assert_string_equal(err.text, "cannot open data.mdb");
}

static void
nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, MTASTS_CONFIG, MTASTS_STAGE_NONE, 0,
			     "%s", "x"),
	    MTASTS_CONFIG);
	assert_int_equal(error_nomem(NULL, "x"), MTASTS_NOMEM);
}

static void
a_sentence_is_bounded_and_holds_no_controls(void **state)
{
	struct mtasts_error err;
	char big[1000];

	(void)state;
	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&err, MTASTS_CONFIG, MTASTS_STAGE_OPTIONS, 0, "%s", big);
	assert_true(strlen(err.text) < sizeof(err.text));
	assert_true(text_is_clean(err.text, strlen(err.text)));
	assert_int_equal(strlen(err.text) % 4, 0);
}

static void
out_of_memory_names_what_was_wanted(void **state)
{
	struct mtasts_error err;

	(void)state;
	assert_int_equal(error_nomem(&err, "a session"), MTASTS_NOMEM);
	assert_int_equal(err.status, MTASTS_NOMEM);
	assert_string_equal(err.text, "out of memory for a session");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_says_where_and_what),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(a_sentence_is_bounded_and_holds_no_controls),
		cmocka_unit_test(out_of_memory_names_what_was_wanted),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
