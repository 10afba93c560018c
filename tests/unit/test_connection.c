/* api/connection: what an MTA tells of, counted and in one line. */
#include "api/context.h"
#include "api/result.h"

#include "support/table.h"

static void
a_connection_is_one_line(void **state)
{
	static const struct {
		const char *name;
		struct mtasts_connection connection;
		const char *line;
	} rows[] = {
		{ "good",
		    { "example.com", "mx1.example.com", "192.0.2.1",
			MTASTS_MODE_ENFORCE, MTASTS_FINDING_OK, "" },
		    "domain=example.com policy=enforce host=mx1.example.com "
		    "address=192.0.2.1 result=ok" },
		{ "bad",
		    { "example.com", "mx1.example.com", "",
			MTASTS_MODE_TESTING,
			MTASTS_FINDING_CERTIFICATE_EXPIRED, "yesterday" },
		    "domain=example.com policy=testing host=mx1.example.com "
		    "result=certificate-expired reason=\"yesterday\"" },
		{ "hostile",
		    { "a\nb", "c result=ok", "\"", MTASTS_MODE_ENFORCE,
			MTASTS_FINDING_VALIDATION_FAILURE, "\" x=\x1b" },
		    "domain=a\\x0ab policy=enforce host=\"c result=ok\" "
		    "address=\\\" result=validation-failure "
		    "reason=\"\\\" x=\\x1b\"" },
	};
	struct mtasts ctx = { 0 };
	char buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		ROW_INT(rows[i].name,
		    mtasts_note_connection(&ctx, &rows[i].connection, buf,
			sizeof(buf)),
		    strlen(rows[i].line));
		ROW_STR(rows[i].name, buf, rows[i].line);
	}
	assert_int_equal(mtasts_note_connection(&ctx, &rows[0].connection, buf,
	    0), 0);
	assert_in_range(mtasts_note_connection(&ctx, &rows[0].connection, buf,
	    20), 1, 19);
}

static void
connections_are_counted(void **state)
{
	struct mtasts_connection connection = { "example.com", "mx", "",
		MTASTS_MODE_ENFORCE, MTASTS_FINDING_OK, "" };
	struct mtasts ctx = { 0 };
	char buf[256];

	(void)state;
	assert_int_equal(counters_new(NULL, &ctx.counters), MTASTS_OK);
	mtasts_note_connection(&ctx, &connection, buf, sizeof(buf));
	connection.finding = MTASTS_FINDING_STARTTLS_NOT_SUPPORTED;
	mtasts_note_connection(&ctx, &connection, buf, sizeof(buf));
	assert_int_equal(counters_read(ctx.counters, COUNTER_CONNECTIONS), 2);
	assert_int_equal(counters_read(ctx.counters,
	    COUNTER_CONNECTION_FAILURES), 1);
	counters_free(&ctx.counters);
}

static void
a_host_that_the_policy_does_not_name_is_a_failure(void **state)
{
	static const char mx[] = "mx.example.com";
	static const struct {
		const char *host;
		enum mtasts_finding finding;
	} rows[] = {
		{ "MX.example.com.", MTASTS_FINDING_OK },
		{ "mx.evil.test", MTASTS_FINDING_VALIDATION_FAILURE },
		{ "target.example.net", MTASTS_FINDING_OK },
	};
	struct mtasts_result result = { .answer = {
		.outcome = MTASTS_OUTCOME_POLICY,
		.policy = { .mode = MTASTS_MODE_TESTING, .mx = mx,
		    .mx_size = sizeof(mx), .mx_count = 1 } } };
	struct evaluation evaluation = { .host_count = 2 };
	size_t i;

	(void)state;
	result.evaluation = &evaluation;
	result.hosts[0] = (struct mtasts_host) { .name = "mx.example.com",
		.matched = true };
	result.hosts[1] = (struct mtasts_host) { .name = "mx.evil.test" };
	for (i = 0; i < COUNT(rows); i++) {
		struct mtasts_connection connection = { "example.com",
			rows[i].host, "", MTASTS_MODE_TESTING,
			MTASTS_FINDING_OK, "" };

		mtasts_judge_connection(&result, &connection);
		ROW_INT(rows[i].host, connection.finding, rows[i].finding);
		ROW_STR(rows[i].host, connection.detail,
		    rows[i].finding == MTASTS_FINDING_OK ? "" :
			"the policy does not name this host");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_one_line),
		cmocka_unit_test(connections_are_counted),
		cmocka_unit_test(
		    a_host_that_the_policy_does_not_name_is_a_failure),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
