/* rules/mxmatch: an MX host against a pattern (RFC 8461, 4.1; RFC 6125, 6.4). */
#include "rules/mxmatch.h"

#include "rules/domain.h"
#include "rules/policy.h"
#include "support/table.h"

struct row {
	const char *pattern;
	const char *host;
	bool matches;
};

/* As they come: the pattern from a body, the host from DNS. */
static bool
match_raw(const char *pattern, const char *host)
{
	char stored[256], name[DOMAIN_SIZE];

	assert_true(policy_pattern(span_str(pattern), stored) > 0);
	return domain_host(host, strlen(host), name) && mxmatch(stored, name);
}

static void
expect_rows(const struct row *rows, size_t count)
{
	char name[300];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s vs %s", rows[i].pattern,
		    rows[i].host);
		ROW_INT(name, match_raw(rows[i].pattern, rows[i].host),
		    rows[i].matches);
	}
}

static void
STS_4_1_02_PKX_01_labels_are_compared_whole_in_any_case(void **state)
{
	static const struct row rows[] = {
		{ "mx1.example.com", "MX1.Example.COM.", true },
		{ "MX1.EXAMPLE.COM", "mx1.example.com", true },
		{ "mx1.example.com", "mx1example.com", false },
		{ "mx1.example.com", "mx1.example.com.evil.example", false },
		{ "mx1.example.com", "amx1.example.com", false },
		{ "mx1.example.com", "x.mx1.example.com", false },
		{ "mx1.example.com", "example.com", false },
		{ "mx1.example.com", "mx1.example.co", false },
		{ "xn--bcher-kva.example", "XN--BCHER-KVA.example", true },
		{ "localhost", "localhost", true },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_4_1_03_PKX_03_a_star_is_one_whole_leftmost_label(void **state)
{
	static const struct row rows[] = {
		{ "*.example.com", "mail.example.com", true },
		{ "*.example.com", "MAIL.EXAMPLE.COM.", true },
		{ "*.example.com", "m_1.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", "foo.bar.example.com", false },
		{ "*.example.com", ".example.com", false },
		{ "*.example.com", "xexample.com", false },
		{ "*.example.com", "mail.example.com.org", false },
		{ "*.com", "example.com", true },
		{ "*.com", "com", false },
		{ "*.com", "a.example.com", false },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
PKX_03_a_star_elsewhere_stands_for_nothing(void **state)
{
	(void)state;
	/* No pattern of a policy looks so; if one did, it would match nothing. */
	assert_false(mxmatch("m*.example.com", "mx.example.com"));
	assert_false(mxmatch("a.*.com", "a.example.com"));
	assert_false(mxmatch("*", "com"));
	assert_false(mxmatch("*", "example.com"));
	assert_false(mxmatch("*.", "example."));
	assert_false(mxmatch("*.*.com", "a.b.com"));
	assert_false(mxmatch("", "example.com"));
	assert_false(mxmatch("*.example.com", ""));
	assert_false(mxmatch("*.example.com", ".example.com"));
}

static void
STS_10_4_01_broad_patterns_are_applied_unchanged(void **state)
{
	static const struct row rows[] = {
		{ "*.example.com", "dhcp-1.example.com", true },
		{ "*.co.uk", "example.co.uk", true },
		{ "*.uk", "co.uk", true },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    STS_4_1_02_PKX_01_labels_are_compared_whole_in_any_case),
		cmocka_unit_test(
		    STS_4_1_03_PKX_03_a_star_is_one_whole_leftmost_label),
		cmocka_unit_test(PKX_03_a_star_elsewhere_stands_for_nothing),
		cmocka_unit_test(
		    STS_10_4_01_broad_patterns_are_applied_unchanged),
	};

	return cmocka_run_group_tests_name("mxmatch", tests, NULL, NULL);
}
