/* rules/policy: what holds of every body (RFC 8461, 3.2). */
#include "rules/policy.h"

#include "fuzz/fuzz.h"
#include "property/property.h"

static void
published_policies_their_prefixes_and_mutations(void **state)
{
	(void)state;
	property_corpus("published", fuzz_input);
}

/* Lines in any order, of any ending, with blanks where they may stand. */
static void
bodies_made_of_good_and_bad_lines(void **state)
{
	static const char *const lines[] = { "version: STSv1", "mode: enforce",
		"mode: testing", "mode:none", "max_age: 86400",
		"max_age:\t9999999999", "mx: mx.example.com", "mx: *.a.example",
		"mx: MX_1.example. ", "x: y z", "", " ", "mode: bogus", "mx: *",
		"x:", "version: STSv2", "max_age: -1", "\r", "\xef\xbb\xbf" };
	static const char *const ends[] = { "\n", "\r\n", "\n", "\r\n", "\r" };
	struct random random = random_start();
	char body[1024];
	size_t used;
	int round, n;

	(void)state;
	for (round = 0; round < 20000; round++) {
		used = 0;
		for (n = (int)random_below(&random, 9); n > 0; n--) {
			/* Mostly good ones, or nothing ever would be. */
			uint32_t among = random_one_in(&random, 10) ?
			    COUNT(lines) : 12;

			used += (size_t)snprintf(body + used,
			    sizeof(body) - used, "%s%s%s",
			    random_one_in(&random, 9) ? "\t " : "",
			    lines[random_below(&random, among)],
			    ends[random_below(&random,
				random_one_in(&random, 30) ? 5 : 4)]);
		}
		property_input(fuzz_input, body, used);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    published_policies_their_prefixes_and_mutations,
		    property_blame),
		cmocka_unit_test(bodies_made_of_good_and_bad_lines),
	};

	return cmocka_run_group_tests_name("prop_policy", tests, NULL, NULL);
}
