/* rules/lint: one error, a bounded list of warnings. */
#include "rules/lint.h"

#include "base/text.h"
#include "support/table.h"

static void
the_first_error_stays(void **state)
{
	struct mtasts_lint lint = { 0 };

	(void)state;
	lint_error(&lint, 3, 7, "mode-invalid", "not %s", "this");
	lint_error(&lint, 4, 1, "mx-invalid", "nor that");
	assert_true(lint.has_error);
	assert_int_equal(lint.error.line, 3);
	assert_int_equal(lint.error.column, 7);
	assert_string_equal(lint.error.code, "mode-invalid");
	assert_string_equal(lint.error.message, "not this");
	assert_int_equal(lint.warning_count, 0);
}

static void
warnings_beyond_the_array_are_only_counted(void **state)
{
	struct mtasts_lint lint = { 0 };
	unsigned i;

	(void)state;
	for (i = 1; i <= MTASTS_LINT_WARNINGS + 5; i++)
		lint_warning(&lint, i, 0, "blank-line", "line %u", i);
	assert_false(lint.has_error);
	assert_int_equal(lint.warning_count, MTASTS_LINT_WARNINGS + 5);
	assert_int_equal(lint.warnings[0].line, 1);
	assert_int_equal(lint.warnings[MTASTS_LINT_WARNINGS - 1].line,
	    MTASTS_LINT_WARNINGS);
	assert_string_equal(lint.warnings[MTASTS_LINT_WARNINGS - 1].message,
	    "line 32");
}

static void
nobody_need_listen(void **state)
{
	(void)state;
	lint_error(NULL, 1, 1, "x", "%d", 1);
	lint_warning(NULL, 1, 1, "x", "%d", 1);
}

static void
messages_are_bounded_and_hold_no_controls(void **state)
{
	struct mtasts_lint lint = { 0 };
	char big[600];

	(void)state;
	memset(big, '\x1b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	lint_error(&lint, 1, 1, "x", "%s", big);
	assert_true(strlen(lint.error.message) < sizeof(lint.error.message));
	assert_true(text_is_clean(lint.error.message,
	    strlen(lint.error.message)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(warnings_beyond_the_array_are_only_counted),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(messages_are_bounded_and_hold_no_controls),
	};

	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
