/*
 * A fuzz target without a fuzzer: every file of its corpus, prefixes of it and
 * mutations, the same on every run.
 */
#include "fuzz/fuzz.h"
#include "property/property.h"

#define FOLDER "fuzz/corpus/" FUZZ_NOUN

static void
replay(void **state)
{
	(void)state;
	property_corpus(FOLDER, fuzz_input);
}

int
main(void)
{
	char name[100];
	const struct CMUnitTest tests[] = {
		{ .name = name, .test_func = replay,
		    .teardown_func = property_blame },
	};

	snprintf(name, sizeof(name), "%s: %zu files of the corpus", FUZZ_NOUN,
	    property_count(FOLDER));
	return cmocka_run_group_tests_name("fuzz_" FUZZ_NOUN, tests, NULL,
	    NULL);
}
