/* base/text: what hostile octets become, whatever they are. */
#include "base/text.h"

#include "fuzz/fuzz.h"
#include "fuzz/unescape.h"
#include "property/property.h"

static void
any_octets_become_bounded_clean_text(void **state)
{
	struct random random = random_start();
	char data[64];
	size_t len, i;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_below(&random, sizeof(data));
		for (i = 0; i < len; i++)
			data[i] = (char)random_next(&random);
		property_input(fuzz_input, data, len);
	}
}

/* Octets of which UTF-8 and escapes are made: valid sequences are frequent. */
static void
octets_that_nearly_are_utf8_likewise(void **state)
{
	static const char alphabet[] = "a\\x\"0\x80\x8e\xa8\xbf\xc2\xc3\xe0\xe2"
				       "\xed\xf0\xf4\x9f";
	struct random random = random_start();
	char data[24];
	size_t len;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_below(&random, sizeof(data));
		random_octets(&random, alphabet, data, len);
		property_input(fuzz_input, data, len);
	}
}

/* Text put in pieces is cut where text put at once is. */
static void
put_never_leaves_half_a_character(void **state)
{
	struct random random = random_start();
	char data[24], escaped[200], cut[40];
	struct text text;
	size_t len, i;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_below(&random, sizeof(data));
		for (i = 0; i < len; i++)
			data[i] = (char)random_next(&random);
		text_escaped(escaped, sizeof(escaped), data, len);
		text_init(&text, cut, 1 + random_below(&random, sizeof(cut)));
		text_put(&text, escaped);
		assert_true(text_is_clean(cut, strlen(cut)));
		assert_true(unescape(cut, data) <= len);
		assert_int_equal(text.cut, strlen(escaped) >= text.size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_octets_become_bounded_clean_text),
		cmocka_unit_test(octets_that_nearly_are_utf8_likewise),
		cmocka_unit_test(put_never_leaves_half_a_character),
	};

	return cmocka_run_group_tests_name("prop_text", tests, NULL, NULL);
}
