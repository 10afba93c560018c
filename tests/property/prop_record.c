/* rules/record: what holds of every TXT RRset (RFC 8461, 3.1). */
#include "rules/record.h"

#include "fuzz/fuzz.h"
#include "property/property.h"

/* Words of a record in any order: some make one, most do not. */
static void
records_made_of_good_and_bad_words(void **state)
{
	static const char *const words[] = { "v=STSv1", "v=STSv1;", ";", "; ",
		" ;", "id=a1", "id=B2", "x=y", "id=", "id=a-b", " ", "\t", "\n",
		"v=spf1", "=", "x", "\xc3\xa9" };
	struct random random = random_start();
	char text[256];
	size_t used;
	int round, n;

	(void)state;
	for (round = 0; round < 50000; round++) {
		used = (size_t)snprintf(text, sizeof(text), "%s",
		    random_one_in(&random, 4) ? "" : "v=STSv1;");
		for (n = (int)random_below(&random, 8); n > 0; n--)
			used += (size_t)snprintf(text + used,
			    sizeof(text) - used, "%s",
			    words[random_below(&random, COUNT(words))]);
		property_input(fuzz_input, text, used);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_made_of_good_and_bad_words),
	};

	return cmocka_run_group_tests_name("prop_record", tests, NULL, NULL);
}
