/* base/log: filtering and formatting of log lines. */
#include "base/log.h"

#include "support/table.h"

struct heard {
	int lines;
	enum mtasts_log_level level;
	char line[4096];
};

static void
hear(void *arg, enum mtasts_log_level level, const char *line)
{
	struct heard *heard = arg;

	heard->lines++;
	heard->level = level;
	snprintf(heard->line, sizeof(heard->line), "%s", line);
}

static void
a_line_goes_to_the_callback(void **state)
{
	struct heard heard = { 0 };
	struct log log = { hear, &heard, MTASTS_LOG_INFO };

	(void)state;
	log_line(&log, MTASTS_LOG_INFO, "domain=%s n=%d", "example.com", 1);
	assert_int_equal(heard.lines, 1);
	assert_int_equal(heard.level, MTASTS_LOG_INFO);
	assert_string_equal(heard.line, "domain=example.com n=1");
}

static void
a_lesser_level_is_silent(void **state)
{
	struct heard heard = { 0 };
	struct log log = { hear, &heard, MTASTS_LOG_WARNING };

	(void)state;
	log_line(&log, MTASTS_LOG_NOTICE, "x");
	log_line(&log, MTASTS_LOG_DEBUG, "x");
	assert_int_equal(heard.lines, 0);
	log_line(&log, MTASTS_LOG_WARNING, "x");
	log_line(&log, MTASTS_LOG_ERROR, "x");
	assert_int_equal(heard.lines, 2);
}

static void
nobody_need_listen(void **state)
{
	struct log log = { NULL, NULL, MTASTS_LOG_DEBUG };

	(void)state;
	log_line(NULL, MTASTS_LOG_ERROR, "x");
	log_line(&log, MTASTS_LOG_ERROR, "x");
}

static void
one_event_is_one_bounded_line(void **state)
{
	struct heard heard = { 0 };
	struct log log = { hear, &heard, MTASTS_LOG_INFO };
	char big[5000];

	(void)state;
	log_line(&log, MTASTS_LOG_INFO, "a=%s", "b\nc=d");
	assert_string_equal(heard.line, "a=b\\x0ac=d");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_line(&log, MTASTS_LOG_INFO, "%s", big);
	assert_int_equal(heard.lines, 2);
	assert_true(strlen(heard.line) < 2048);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_goes_to_the_callback),
		cmocka_unit_test(a_lesser_level_is_silent),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(one_event_is_one_bounded_line),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
