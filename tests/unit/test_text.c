/* base/text: bounded writing, and the escaping of hostile octets. */
#include "base/text.h"

#include "support/table.h"

static void
hostile_octets_are_escaped(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		const char *want;
	} rows[] = {
		{ "plain", OCTETS("mx.example.com"), "mx.example.com" },
		{ "empty", OCTETS(""), "" },
		{ "space and tilde", OCTETS(" ~"), " ~" },
		{ "backslash", OCTETS("a\\b"), "a\\\\b" },
		{ "quote", OCTETS("a\"b"), "a\\\"b" },
		{ "NUL", OCTETS("a\0b"), "a\\x00b" },
		{ "newline", OCTETS("a\r\nb"), "a\\x0d\\x0ab" },
		{ "terminal escape", OCTETS("\x1b[2J"), "\\x1b[2J" },
		{ "DEL", OCTETS("\x7f"), "\\x7f" },
		{ "two octets", OCTETS("h\xc3\xa9"), "h\xc3\xa9" },
		{ "three octets", OCTETS("\xe2\x82\xac"), "\xe2\x82\xac" },
		{ "four octets", OCTETS("\xf0\x9f\x93\xac"),
		    "\xf0\x9f\x93\xac" },
		{ "C1, U+009B", OCTETS("\xc2\x9b"), "\\xc2\\x9b" },
		{ "U+0080", OCTETS("\xc2\x80"), "\\xc2\\x80" },
		{ "U+00A0 is no control", OCTETS("\xc2\xa0"), "\xc2\xa0" },
		{ "U+061C", OCTETS("\xd8\x9c"), "\\xd8\\x9c" },
		{ "U+200D stays", OCTETS("\xe2\x80\x8d"), "\xe2\x80\x8d" },
		{ "U+200E", OCTETS("\xe2\x80\x8e"), "\\xe2\\x80\\x8e" },
		{ "U+200F", OCTETS("\xe2\x80\x8f"), "\\xe2\\x80\\x8f" },
		{ "U+2028", OCTETS("\xe2\x80\xa8"), "\\xe2\\x80\\xa8" },
		{ "U+2029", OCTETS("\xe2\x80\xa9"), "\\xe2\\x80\\xa9" },
		{ "U+202A", OCTETS("\xe2\x80\xaa"), "\\xe2\\x80\\xaa" },
		{ "U+202E", OCTETS("\xe2\x80\xae"), "\\xe2\\x80\\xae" },
		{ "U+202F stays", OCTETS("\xe2\x80\xaf"), "\xe2\x80\xaf" },
		{ "U+2065 stays", OCTETS("\xe2\x81\xa5"), "\xe2\x81\xa5" },
		{ "U+2066", OCTETS("\xe2\x81\xa6"), "\\xe2\\x81\\xa6" },
		{ "U+2069", OCTETS("\xe2\x81\xa9"), "\\xe2\\x81\\xa9" },
		{ "lone continuation", OCTETS("\x80" "a"), "\\x80a" },
		{ "cut sequence", OCTETS("\xe2\x82"), "\\xe2\\x82" },
		{ "cut by ASCII", OCTETS("\xe2\x82" "a"), "\\xe2\\x82a" },
		{ "overlong slash", OCTETS("\xc0\xaf"), "\\xc0\\xaf" },
		{ "overlong, three", OCTETS("\xe0\x80\xaf"),
		    "\\xe0\\x80\\xaf" },
		{ "overlong, four", OCTETS("\xf0\x80\x80\xaf"),
		    "\\xf0\\x80\\x80\\xaf" },
		{ "surrogate", OCTETS("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
		{ "beyond Unicode", OCTETS("\xf4\x90\x80\x80"),
		    "\\xf4\\x90\\x80\\x80" },
		{ "no first octet", OCTETS("\xff\xfe"), "\\xff\\xfe" },
	};
	char buf[64], *in;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		in = exact_copy(rows[i].in, rows[i].len);
		text_escaped(buf, sizeof(buf), in, rows[i].len);
		ROW_STR(rows[i].name, buf, rows[i].want);
		free(in);
	}
}

static void
an_escape_is_never_cut_in_half(void **state)
{
	static const char in[] = "a\n\xe2\x82\xac\\";
	static const char want[] = "a\\x0a\xe2\x82\xac\\\\";
	/* Where a whole piece ends. */
	static const size_t whole[] = { 0, 1, 5, 8, 10 };
	size_t size, i, best;
	char buf[16];

	(void)state;
	for (size = 1; size <= sizeof(want); size++) {
		for (i = best = 0; i < COUNT(whole); i++)
			if (whole[i] < size)
				best = whole[i];
		text_escaped(buf, size, in, sizeof(in) - 1);
		assert_int_equal(strlen(buf), best);
		assert_memory_equal(buf, want, best);
	}
}

static void
clean_text_keeps_what_was_escaped_before(void **state)
{
	static const char in[] = "\"a\\x0ab\" is\nbad";
	struct text text;
	char buf[64];

	(void)state;
	text_init(&text, buf, sizeof(buf));
	text_clean(&text, in, sizeof(in) - 1);
	assert_string_equal(buf, "\"a\\x0ab\" is\\x0abad");
	assert_false(text_is_clean(in, sizeof(in) - 1));
	assert_true(text_is_clean(buf, strlen(buf)));
	assert_true(text_is_clean(NULL, 0));
}

static void
what_does_not_fit_is_cut_and_remembered(void **state)
{
	struct text text;
	char buf[8];

	(void)state;
	text_init(&text, buf, sizeof(buf));
	assert_string_equal(buf, "");
	text_put(&text, "abc");
	text_printf(&text, "%d", 1234);
	assert_string_equal(buf, "abc1234");
	assert_false(text.cut);
	text_put(&text, "");
	assert_false(text.cut);
	text_put(&text, "x");
	assert_true(text.cut);
	assert_string_equal(buf, "abc1234");
	assert_int_equal(text.len, 7);
}

static void
nothing_follows_a_cut(void **state)
{
	struct text text;
	char buf[4];

	(void)state;
	text_init(&text, buf, sizeof(buf));
	text_put(&text, "abcdef");
	assert_string_equal(buf, "abc");
	text_init(&text, buf, sizeof(buf));
	text_put(&text, "a");
	text_escape(&text, "\n", 1);
	text_put(&text, "b");
	text_escape(&text, "c", 1);
	assert_string_equal(buf, "a");
}

static void
put_cuts_between_characters_and_escapes(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* in 6 octets with the NUL */
	} rows[] = {
		{ "ASCII", "abcdefg", "abcde" },
		{ "two of two", "abcd\xc3\xa9", "abcd" },
		{ "two of three", "abc\xe2\x82\xac", "abc" },
		{ "three of four", "ab\xf0\x9f\x93\xac", "ab" },
		{ "a whole one", "abc\xc3\xa9zzz", "abc\xc3\xa9" },
		{ "slash", "abcd\\x0a", "abcd" },
		{ "slash x", "abc\\x0a", "abc" },
		{ "slash x 0", "ab\\x0a", "ab" },
		{ "a whole escape", "a\\x0abc", "a\\x0a" },
		{ "slashed slash", "abc\\\\x0a", "abc\\\\" },
		{ "slashed slash x", "ab\\\\x0ab", "ab\\\\x" },
		{ "slashed quote", "abcd\\\"", "abcd" },
		{ "three slashes", "ab\\\\\\x0a", "ab\\\\" },
	};
	struct text text;
	char buf[6];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		text_init(&text, buf, sizeof(buf));
		text_put(&text, rows[i].in);
		ROW_STR(rows[i].name, buf, rows[i].want);
		ROW_INT(rows[i].name, text.len, strlen(buf));
		ROW_TRUE(rows[i].name, text.cut);
	}
}

static void
a_buffer_of_one_octet_holds_the_nul(void **state)
{
	struct text text;
	char buf[2] = "zz";

	(void)state;
	text_init(&text, buf, 1);
	text_put(&text, "abc");
	text_escape(&text, "abc", 3);
	assert_int_equal(buf[0], '\0');
	assert_int_equal(buf[1], 'z');
	assert_true(text.cut);
}

static void
utf8_sequences_are_measured(void **state)
{
	(void)state;
	assert_int_equal(text_utf8(OCTETS("")), 0);
	assert_int_equal(text_utf8(OCTETS("\0")), 1);
	assert_int_equal(text_utf8(OCTETS("ab")), 1);
	assert_int_equal(text_utf8(OCTETS("\xc3\xa9x")), 2);
	assert_int_equal(text_utf8(OCTETS("\xe2\x82\xac")), 3);
	assert_int_equal(text_utf8(OCTETS("\xef\xbf\xbf")), 3);
	assert_int_equal(text_utf8(OCTETS("\xf4\x8f\xbf\xbf")), 4);
	assert_int_equal(text_utf8(OCTETS("\xf5\x80\x80\x80")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_octets_are_escaped),
		cmocka_unit_test(an_escape_is_never_cut_in_half),
		cmocka_unit_test(clean_text_keeps_what_was_escaped_before),
		cmocka_unit_test(what_does_not_fit_is_cut_and_remembered),
		cmocka_unit_test(nothing_follows_a_cut),
		cmocka_unit_test(put_cuts_between_characters_and_escapes),
		cmocka_unit_test(a_buffer_of_one_octet_holds_the_nul),
		cmocka_unit_test(utf8_sequences_are_measured),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
