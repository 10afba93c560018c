/* rules/response: may an HTTP answer serve as a policy (RFC 8461, 3.2, 3.3)? */
#include "rules/response.h"

#include "support/table.h"

struct row {
	int code;
	const char *type;
	const char *coding;
	enum mtasts_reason reason;
	const char *detail;
};

static void
expect_rows(const struct row *rows, size_t count)
{
	char detail[RESPONSE_DETAIL_SIZE], name[200];
	size_t i;

	for (i = 0; i < count; i++) {
		struct response response = {
			.code = rows[i].code,
			.content_type = rows[i].type,
			.content_encoding = rows[i].coding,
		};

		snprintf(name, sizeof(name), "%d, %s, %s", rows[i].code,
		    rows[i].type == NULL ? "(none)" : rows[i].type,
		    rows[i].coding == NULL ? "(none)" : rows[i].coding);
		ROW_INT(name, response_check(&response, detail),
		    rows[i].reason);
		ROW_STR(name, detail, rows[i].detail);
	}
}

static void
STS_3_3_06_only_status_200_yields_a_policy(void **state)
{
	static const int codes[] = { 0, -1, 100, 199, 201, 202, 203, 204, 205,
		206, 300, 304, 305, 400, 401, 403, 404, 410, 429, 500, 502, 503,
		2000, 99999 };
	char detail[RESPONSE_DETAIL_SIZE], want[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(codes); i++) {
		struct response response = { .code = codes[i],
			.content_type = "text/plain" };

		snprintf(want, sizeof(want), "http-%d", codes[i]);
		ROW_INT(want, response_check(&response, detail),
		    MTASTS_REASON_FETCH_ERROR);
		ROW_STR(want, detail, want);
	}
	expect_rows((const struct row[]){ { 200, "text/plain", NULL,
			MTASTS_REASON_POLICY, "" } },
	    1);
}

static void
STS_3_3_07_a_redirect_is_a_failure(void **state)
{
	static const struct row rows[] = {
		{ 301, "text/plain", NULL, MTASTS_REASON_FETCH_ERROR,
		    "redirect" },
		{ 302, "text/plain", NULL, MTASTS_REASON_FETCH_ERROR,
		    "redirect" },
		{ 303, "text/plain", NULL, MTASTS_REASON_FETCH_ERROR,
		    "redirect" },
		{ 307, "text/plain", NULL, MTASTS_REASON_FETCH_ERROR,
		    "redirect" },
		{ 308, "text/html", "gzip", MTASTS_REASON_FETCH_ERROR,
		    "redirect" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

#define OK(type) { 200, type, NULL, MTASTS_REASON_POLICY, "" }
#define BAD(type)                                                         \
	{                                                                 \
		200, type, NULL, MTASTS_REASON_POLICY_INVALID, "media-type" \
	}

static void
STS_3_2_02_the_media_type_must_be_text_plain(void **state)
{
	static const struct row rows[] = {
		OK("text/plain"),
		OK("Text/Plain; charset=utf-8"),
		OK("TEXT/PLAIN"),
		OK(" \ttext/plain \t"),
		OK("text/plain ; charset=us-ascii"),
		OK("text/plain;"),
		BAD(NULL),
		BAD(""),
		BAD(" "),
		BAD(";text/plain"),
		BAD("text/html"),
		BAD("text/html; x=text/plain"),
		BAD("application/octet-stream"),
		BAD("text/plainx"),
		BAD("xtext/plain"),
		BAD("text"),
		BAD("text/"),
		BAD("text/plain, text/html"),
		BAD("text /plain"),
		BAD("text/*"),
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_2_03_other_parameters_do_not_matter(void **state)
{
	static const struct row rows[] = {
		OK("text/plain; charset=iso-8859-1; format=flowed; x=y"),
		OK("text/plain; charset"),
		OK("text/plain;;;="),
		OK("text/plain; x=\"a;b\""),
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_3_12_a_coded_body_is_not_decoded(void **state)
{
	static const struct row rows[] = {
		{ 200, "text/plain", "", MTASTS_REASON_POLICY, "" },
		{ 200, "text/plain", "identity", MTASTS_REASON_POLICY, "" },
		{ 200, "text/plain", " Identity ", MTASTS_REASON_POLICY, "" },
		{ 200, "text/plain", "gzip", MTASTS_REASON_POLICY_INVALID,
		    "content-encoding" },
		{ 200, "text/plain", "br", MTASTS_REASON_POLICY_INVALID,
		    "content-encoding" },
		{ 200, "text/plain", "identity, gzip",
		    MTASTS_REASON_POLICY_INVALID, "content-encoding" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(STS_3_3_06_only_status_200_yields_a_policy),
		cmocka_unit_test(STS_3_3_07_a_redirect_is_a_failure),
		cmocka_unit_test(STS_3_2_02_the_media_type_must_be_text_plain),
		cmocka_unit_test(STS_3_2_03_other_parameters_do_not_matter),
		cmocka_unit_test(STS_3_3_12_a_coded_body_is_not_decoded),
	};

	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
