/* rules/domain: what holds of every name. */
#include "rules/domain.h"

#include "fuzz/fuzz.h"
#include "property/property.h"

static void
names_of_few_octets(void **state)
{
	static const char alphabet[] = "aZ0-.._*[]:1 \xc3\xbc";
	struct random random = random_start();
	char name[12];
	size_t len;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		len = random_below(&random, sizeof(name));
		random_octets(&random, alphabet, name, len);
		property_input(fuzz_input, name, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_few_octets),
	};

	return cmocka_run_group_tests_name("prop_domain", tests, NULL, NULL);
}
