/*
 * ignore: an Exim host list that says of each MX host what policy_match says
 * (RFC 8461, 4.1).
 *
 * The list is regular expressions, negated, with "*" behind them. Neither a
 * plain name nor Exim's "*.example" would do: Exim looks up the one and compares
 * addresses, and the other stands for several labels. "@[]" is this host's
 * interfaces: were it removed as others are, hosts less preferred than this one
 * would become eligible, and mail could loop (RFC 5321, 5.1). "@" must not stand
 * there: where Exim cannot resolve its own name it stops reading the list, and
 * ignores nobody.
 *
 * No octet of a pattern is copied but letters, digits, hyphen and underscore, so
 * that none can end an item or a quoted string; nothing needs a backslash, which
 * Exim's ${extract} would take away.
 *
 * Test: tests/unit/test_ignore.c, tests/fuzz/fuzz_ignore.c
 */
#include "rules/ignore.h"

#include "base/text.h"
#include "rules/domain.h"
#include "rules/mxmatch.h"

#include <string.h>

/* Exim before 4.96 read items through a buffer of 1024 octets. */
#define ITEM_MAX 1000
#define ITEM_BEGIN "!^(?i)(?:"
#define ITEM_END ")$ ; "

/* A pattern of 253 octets, each label one octet, and "*." before it. */
#define PATTERN_SIZE (2 * 255 + 32)

/*
 * Is there a host that policy_match accepts by this pattern? If not, it must not
 * stand in the list: "192.0.2.1" is a pattern by its syntax, and Exim would keep a
 * host of that name. What does stand there has no octet but those of domain_host.
 */
static bool
matches_a_host(const char *mx)
{
	bool wildcard = mx[0] == '*';
	char host[DOMAIN_SIZE], name[DOMAIN_SIZE];
	struct text text;

	text_init(&text, host, sizeof(host));
	text_printf(&text, "%s%s", wildcard ? "x" : "", mx + wildcard);
	return !text.cut && domain_host(host, text.len, name) &&
	    mxmatch(mx, name);
}

static const char *
next_pattern(const struct policy *policy, const char *mx)
{
	do
		mx = policy_next_mx(policy, mx);
	while (mx != NULL && !matches_a_host(mx));
	return mx;
}

/* One alternative of an expression. */
static void
put_pattern(struct text *text, const char *mx)
{
	if (mx[0] == '*') {
		text_put(text, "[a-z0-9_-]+[.]");
		mx += 2;
	}
	for (; *mx != '\0'; mx++)
		text_printf(text, *mx == '.' ? "[%c]" : "%c", *mx);
}

/* One item: as many patterns as it may hold, from mx on. Returns the next, or
 * NULL. */
static const char *
put_item(struct text *list, const struct policy *policy, const char *mx)
{
	size_t begin = list->len;
	char pattern[PATTERN_SIZE];
	struct text text;

	text_put(list, ITEM_BEGIN);
	for (; mx != NULL; mx = next_pattern(policy, mx)) {
		bool first = list->len == begin + strlen(ITEM_BEGIN);

		text_init(&text, pattern, sizeof(pattern));
		put_pattern(&text, mx);
		if (!first && list->len - begin + text.len > ITEM_MAX -
			strlen("|" ITEM_END))
			break;
		text_put(list, first ? "" : "|");
		text_put(list, pattern);
	}
	text_put(list, ITEM_END);
	return mx;
}

bool
ignore_list(const struct policy *policy, char *buf, size_t size)
{
	const char *mx = next_pattern(policy, NULL);
	struct text list;

	text_init(&list, buf, size);
	text_put(&list, "<; !@[] ; ");
	while (mx != NULL && !list.cut)
		mx = put_item(&list, policy, mx);
	text_put(&list, "*");
	if (list.cut)
		buf[0] = '\0';
	return !list.cut;
}
