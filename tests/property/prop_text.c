/* base/text: what hostile octets become, whatever they are. */
#include "base/text.h"

#include "property/property.h"

static int
hex(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* Undo text_escape, octet by octet. Fails where an escape is torn. */
static size_t
unescape(const char *s, char *out)
{
	size_t len = 0;

	while (*s != '\0') {
		if (*s != '\\') {
			out[len++] = *s++;
		} else if (s[1] == 'x') {
			assert_true(s[2] != '\0' && s[3] != '\0');
			out[len++] = (char)(hex(s[2]) << 4 | hex(s[3]));
			s += 4;
		} else {
			assert_true(s[1] == '\\' || s[1] == '"');
			out[len++] = s[1];
			s += 2;
		}
	}
	return len;
}

static void
check_escape(const char *data, size_t len)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 16, 61, 4096 };
	char back[4096];
	size_t i, n;

	for (i = 0; i < COUNT(sizes); i++) {
		char *buf = malloc(sizes[i]);

		assert_non_null(buf);
		text_escaped(buf, sizes[i], data, len);
		assert_true(strlen(buf) < sizes[i]);
		assert_true(text_is_clean(buf, strlen(buf)));
		/* Nothing is lost but the end. */
		n = unescape(buf, back);
		assert_true(n <= len);
		if (n != 0)
			assert_memory_equal(back, data, n);
		if (sizes[i] > 4 * len)
			assert_int_equal(n, len);
		free(buf);
	}
}

static void
check_clean(const char *data, size_t len)
{
	char once[4096], twice[4096];
	struct text text;

	text_init(&text, once, sizeof(once));
	text_clean(&text, data, len);
	assert_true(text_is_clean(once, text.len));
	if (text_is_clean(data, len))
		assert_int_equal(text.len, len);
	/* What is clean stays as it is. */
	text_init(&text, twice, sizeof(twice));
	text_clean(&text, once, strlen(once));
	assert_string_equal(once, twice);
}

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
		property_input(check_escape, data, len);
		property_input(check_clean, data, len);
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
		property_input(check_escape, data, len);
		property_input(check_clean, data, len);
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
