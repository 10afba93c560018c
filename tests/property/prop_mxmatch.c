/* rules/mxmatch: equal to a slow oracle that takes names apart. */
#include "rules/mxmatch.h"

#include "property/property.h"
#include "rules/domain.h"
#include "rules/policy.h"

#define LABELS_MAX 8

/* A name as a list of labels, from the right: com, example, mail. */
struct labels {
	size_t count;
	char label[LABELS_MAX][16];
};

static struct labels
take_apart(const char *name)
{
	struct labels out = { 0 };
	char copy[128], *dot;

	snprintf(copy, sizeof(copy), "%s", name);
	while ((dot = strrchr(copy, '.')) != NULL) {
		snprintf(out.label[out.count++], 16, "%.15s", dot + 1);
		*dot = '\0';
	}
	snprintf(out.label[out.count++], 16, "%.15s", copy);
	return out;
}

/* RFC 8461, 4.1, word by word: equal label by label, but that "*" as the
 * left-most stands for any one. */
static bool
oracle(const char *pattern, const char *host)
{
	struct labels p = take_apart(pattern), h = take_apart(host);
	size_t i;

	if (p.count != h.count)
		return false;
	for (i = 0; i < p.count; i++) {
		bool leftmost = i + 1 == p.count;

		if (leftmost && p.count > 1 && strcmp(p.label[i], "*") == 0)
			continue;
		if (strcmp(p.label[i], h.label[i]) != 0)
			return false;
	}
	return true;
}

/* Few different labels, so that names often agree. */
static void
random_name(struct random *random, char *out, size_t size, bool star)
{
	static const char *const labels[] = { "a", "b", "ab", "a-b", "xn--a",
		"a_", "0x" };
	size_t used = 0;
	uint32_t n = 1 + random_below(random, 4);

	if (star)
		used = (size_t)snprintf(out, size, "*.");
	for (; n > 0; n--)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
		    labels[random_below(random, COUNT(labels))],
		    n > 1 ? "." : "");
}

static void
matching_equals_the_oracle(void **state)
{
	struct random random = random_start();
	char pattern[64], host[64];
	int round, matches = 0;

	(void)state;
	for (round = 0; round < 200000; round++) {
		random_name(&random, pattern, sizeof(pattern),
		    random_one_in(&random, 2));
		random_name(&random, host, sizeof(host), false);
		if (mxmatch(pattern, host) != oracle(pattern, host))
			fail_msg("%s vs %s: the oracle says %d", pattern, host,
			    oracle(pattern, host));
		matches += oracle(pattern, host);
	}
	/* Or nothing has been shown. */
	assert_in_range(matches, 1000, 199000);
}

/* Whatever the input's case and final dot. */
static void
the_raw_names_lead_to_the_same(void **state)
{
	struct random random = random_start();
	char pattern[64], host[64], raw[66], stored[66], name[DOMAIN_SIZE];
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < 50000; round++) {
		random_name(&random, pattern, sizeof(pattern),
		    random_one_in(&random, 2));
		random_name(&random, host, sizeof(host), false);
		for (i = 0; host[i] != '\0'; i++)
			raw[i] = random_one_in(&random, 2) && host[i] >= 'a' ?
			    (char)(host[i] & ~0x20) : host[i];
		raw[i] = '.';
		raw[i + 1] = '\0';
		assert_true(domain_host(raw, i + random_below(&random, 2),
		    name));
		assert_string_equal(name, host);
		assert_true(policy_pattern(span_str(pattern), stored) > 0);
		assert_int_equal(mxmatch(stored, name), oracle(pattern, host));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching_equals_the_oracle),
		cmocka_unit_test(the_raw_names_lead_to_the_same),
	};

	return cmocka_run_group_tests_name("prop_mxmatch", tests, NULL, NULL);
}
