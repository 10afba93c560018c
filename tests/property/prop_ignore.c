/* rules/ignore: a host is on the list exactly when the policy does not match it. */
#include "rules/ignore.h"

#include "fuzz/exim_list.h"
#include "property/property.h"
#include "rules/domain.h"

#include <ctype.h>

#define PATTERNS_MAX 40

struct made {
	char mx[PATTERNS_MAX * 64];
	struct policy policy;
};

/* Few different labels, so that names often agree. */
static size_t
random_name(struct random *random, char *out, bool star)
{
	static const char *const labels[] = { "a", "b", "ab", "a-b", "xn--a",
		"a_", "0x", "-" };
	uint32_t n = 1 + random_below(random, 4);
	size_t used = 0;

	if (star)
		used += (size_t)sprintf(out, "*.");
	for (; n > 0; n--)
		used += (size_t)sprintf(out + used, "%s%s",
		    labels[random_below(random, COUNT(labels))],
		    n > 1 ? "." : "");
	return used;
}

static void
random_policy(struct random *random, struct made *made)
{
	struct policy *policy = &made->policy;

	*policy = (struct policy){ .mode = MTASTS_MODE_ENFORCE,
		.mx = made->mx };
	policy->mx_count = random_below(random, 8) == 0 ?
	    random_below(random, PATTERNS_MAX) : random_below(random, 4);
	for (size_t i = 0; i < policy->mx_count; i++)
		policy->mx_size += random_name(random,
		    made->mx + policy->mx_size, random_one_in(random, 2)) + 1;
}

/* What may come out of a DNS name, with some that are no host's; often one that
 * the first pattern was made for. */
static void
random_host(struct random *random, const struct policy *policy, char *out)
{
	static const char others[] = " .;|!$^()[]{}\\\"*?+,:@/\x7f\x80";
	size_t len = random_name(random, out, false);

	if (policy->mx_count > 0 && random_one_in(random, 2))
		len = (size_t)sprintf(out, "%s%s",
		    policy->mx[0] == '*' ? "xy" : "",
		    policy->mx + (policy->mx[0] == '*'));
	if (random_one_in(random, 4))
		out[random_below(random, (uint32_t)len)] =
		    others[random_below(random, sizeof(others) - 1)];
	if (random_one_in(random, 4))
		for (size_t i = 0; i < len; i++)
			out[i] = (char)toupper((unsigned char)out[i]);
}

static void
the_list_is_the_policy(void **state)
{
	struct random random = random_start();
	char list[16384], host[64], name[DOMAIN_SIZE];
	int round, kept = 0;
	struct made made;

	(void)state;
	for (round = 0; round < 20000; round++) {
		bool matches;

		random_policy(&random, &made);
		random_host(&random, &made.policy, host);
		assert_true(ignore_list(&made.policy, list, sizeof(list)));
		assert_null(strpbrk(list, "\\\"\n\t{}`'"));
		matches = domain_host(host, strlen(host), name) &&
		    host[strlen(host) - 1] != '.' &&
		    policy_match(&made.policy, name);
		if (exim_list_keeps(list, host) != matches)
			fail_msg("%s for %s: the policy says %d", list, host,
			    matches);
		kept += matches;
	}
	/* Or nothing has been shown. */
	assert_in_range(kept, 1000, 19000);
}

/* Any stored policy gives a list, or none. */
static void
check_body(const char *data, size_t len)
{
	char *storage = malloc(len + 1), *list = malloc(IGNORE_LIST_SIZE);
	struct policy policy;

	assert_non_null(storage);
	assert_non_null(list);
	if (policy_parse(span_of(data, len), storage, &policy, NULL)) {
		assert_true(ignore_list(&policy, list, IGNORE_LIST_SIZE));
		assert_null(strpbrk(list, "\\\"\n\t{}`'"));
		assert_string_equal(list + strlen(list) - 4, " ; *");
	}
	free(list);
	free(storage);
}

static void
every_policy_has_a_list(void **state)
{
	(void)state;
	property_corpus("fuzz/corpus/policy", check_body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_the_policy),
		cmocka_unit_test(every_policy_has_a_list),
	};

	return cmocka_run_group_tests_name("prop_ignore", tests, NULL, NULL);
}
