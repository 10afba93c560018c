/* rules/ignore: a policy in the words of Exim's host lists (RFC 8461, 4.1). */
#include "rules/ignore.h"

#include "support/table.h"

/* A policy with these patterns, each with its NUL. */
static struct policy
policy_of(const char *mx, size_t size, size_t count)
{
	return (struct policy){ MTASTS_MODE_ENFORCE, 86400, count, size, mx };
}

#define POLICY(patterns, count) policy_of(patterns "\0", sizeof(patterns), count)

static void
a_list_is_spelled_out(void **state)
{
	static const struct {
		const char *name;
		const char *mx;
		size_t size, count;
		const char *list;
	} rows[] = {
		{ "one", OCTETS("mx1.example.com") + 1, 1,
		    "<; !@[] ; !^(?i)(?:mx1[.]example[.]com)$ ; *" },
		{ "wildcard", OCTETS("*.example.com") + 1, 1,
		    "<; !@[] ; "
		    "!^(?i)(?:[a-z0-9_-]+[.]example[.]com)$ ; *" },
		{ "two", OCTETS("a.b\0*.c") + 1, 2,
		    "<; !@[] ; !^(?i)(?:a[.]b|[a-z0-9_-]+[.]c)$ ; *" },
		{ "odd", OCTETS("a_b.x--y.1z") + 1, 1,
		    "<; !@[] ; !^(?i)(?:a_b[.]x--y[.]1z)$ ; *" },
		{ "none", OCTETS("") + 1, 0, "<; !@[] ; *" },
	};
	char buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct policy policy = policy_of(rows[i].mx, rows[i].size,
		    rows[i].count);

		ROW_TRUE(rows[i].name, ignore_list(&policy, buf, sizeof(buf)));
		ROW_STR(rows[i].name, buf, rows[i].list);
	}
}

/* No host has such a name (STS-4.1-02), so Exim must not keep one for it. */
static void
patterns_that_match_no_host_are_left_out(void **state)
{
	static const char *const rows[] = { "192.0.2.1", "*.0.2.1", "a.1", "*.",
		"*", "a..b", ".a", "a.", "*..a", "*.*.a", "x.*.a", "*a.b" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		char mx[64], buf[256];
		size_t size = (size_t)snprintf(mx, sizeof(mx), "%s", rows[i]) +
		    1;
		struct policy policy = policy_of(mx, size, 1);

		ROW_TRUE(rows[i], ignore_list(&policy, buf, sizeof(buf)));
		ROW_STR(rows[i], buf, "<; !@[] ; *");
		memcpy(mx + size, "b", 2);
		policy = policy_of(mx, size + 2, 2);
		ROW_TRUE(rows[i], ignore_list(&policy, buf, sizeof(buf)));
		ROW_STR(rows[i], buf, "<; !@[] ; !^(?i)(?:b)$ ; *");
	}
}

/* Stored patterns are clean; were one not, the list would be without it. */
static void
no_octet_can_end_an_item(void **state)
{
	static const char hostile[] = " ;:\"\\$()[]{}|^*?+,!@/'<>=&%#~`\n\t\x7f"
				      "\x80\xffZ";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hostile) - 1; i++) {
		char mx[] = { 'a', hostile[i], 'b', '\0' }, buf[256] = "x";
		struct policy policy = policy_of(mx, sizeof(mx), 1);

		ROW_TRUE(mx, ignore_list(&policy, buf, sizeof(buf)));
		ROW_STR(mx, buf, "<; !@[] ; *");
	}
}

/* Every shorter buffer gets nothing at all. */
static void
a_list_is_whole_or_empty(void **state)
{
	struct policy policy = POLICY("mx1.example.com\0*.example.net", 2);
	char whole[256], *buf;
	size_t size;

	(void)state;
	assert_true(ignore_list(&policy, whole, sizeof(whole)));
	for (size = 1; size <= strlen(whole); size++) {
		buf = malloc(size);
		assert_non_null(buf);
		assert_false(ignore_list(&policy, buf, size));
		assert_string_equal(buf, "");
		free(buf);
	}
	buf = malloc(size);
	assert_non_null(buf);
	assert_true(ignore_list(&policy, buf, size));
	assert_string_equal(buf, whole);
	free(buf);
}

/* As many patterns as a body can hold, of a kind. */
static void
expect_full_body(const char *pattern, size_t *longest)
{
	size_t size = strlen(pattern) + 1, line = strlen("mx:\n") + size - 1;
	size_t count = POLICY_BODY_MAX / line, i;
	char *mx = malloc(count * size), *buf = malloc(IGNORE_LIST_SIZE);
	struct policy policy = policy_of(mx, count * size, count);
	char *item, *next;

	assert_non_null(mx);
	assert_non_null(buf);
	for (i = 0; i < count; i++)
		memcpy(mx + i * size, pattern, size);
	ROW_TRUE(pattern, ignore_list(&policy, buf, IGNORE_LIST_SIZE));
	for (item = buf; item != NULL; item = next) {
		next = strstr(item, " ; ");
		if (next == NULL)
			next = strchr(item, '\0');
		if ((size_t)(next - item) > *longest)
			*longest = (size_t)(next - item);
		next = *next == '\0' ? NULL : next + 3;
	}
	free(buf);
	free(mx);
}

/* A name as long as they get, of labels of this length. */
static void
long_name(char *out, size_t label)
{
	size_t i;

	for (i = 0; i < 253; i++)
		out[i] = i % (label + 1) == label ? '.' : 'a';
	out[252] = 'a';
	out[253] = '\0';
}

static void
STS_3_3_03_every_body_fits(void **state)
{
	char name[256], wildcard[256] = "*.";
	size_t longest = 0;

	(void)state;
	expect_full_body("a", &longest);
	expect_full_body("*.a", &longest);
	expect_full_body("a.a", &longest);
	expect_full_body("a.a.a.a", &longest);
	expect_full_body("*.a.a", &longest);
	expect_full_body("mx1.mail.example.com", &longest);
	long_name(name, 1);
	expect_full_body(name, &longest);
	memcpy(wildcard + 2, name, 252);
	wildcard[253] = '\0';
	expect_full_body(wildcard, &longest);
	long_name(name, 63);
	expect_full_body(name, &longest);
	/* What an old Exim reads in one piece. */
	assert_in_range(longest, 900, 1023);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_spelled_out),
		cmocka_unit_test(patterns_that_match_no_host_are_left_out),
		cmocka_unit_test(no_octet_can_end_an_item),
		cmocka_unit_test(a_list_is_whole_or_empty),
		cmocka_unit_test(STS_3_3_03_every_body_fits),
	};

	return cmocka_run_group_tests_name("ignore", tests, NULL, NULL);
}
