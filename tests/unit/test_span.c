/* base/span: bounded reading. */
#include "base/span.h"

#include "support/table.h"

static void
nothing_is_taken_from_an_empty_span(void **state)
{
	struct span span = span_of(NULL, 0), out;
	bool found = true;
	uint32_t u32;
	int64_t i64;
	uint8_t u8;

	(void)state;
	assert_true(span_empty(span));
	assert_int_equal(span_peek(span), -1);
	assert_true(span_is(span, ""));
	assert_true(span_is_nocase(span, ""));
	assert_false(span_is(span, "a"));
	assert_true(span_starts(span, ""));
	assert_false(span_starts(span, "a"));
	assert_true(span_skip(&span, ""));
	assert_false(span_skip(&span, "a"));
	assert_true(span_take(&span, 0, &out));
	assert_false(span_take(&span, 1, &out));
	assert_int_equal(span_while(&span, span_is_digit).len, 0);
	assert_int_equal(span_until(&span, ';', &found).len, 0);
	assert_false(found);
	assert_false(span_u8(&span, &u8));
	assert_false(span_u32(&span, &u32));
	assert_false(span_i64(&span, &i64));
	assert_false(span_string(&span, &out));
}

static void
literals_are_compared_whole_and_by_case(void **state)
{
	(void)state;
	assert_true(span_is(span_str("STSv1"), "STSv1"));
	assert_false(span_is(span_str("STSv1"), "STSv"));
	assert_false(span_is(span_str("STSv"), "STSv1"));
	assert_false(span_is(span_str("stsv1"), "STSv1"));
	assert_false(span_is(span_of(OCTETS("a\0b")), "a"));
	assert_true(span_is_nocase(span_str("Text/PLAIN"), "text/plain"));
	assert_false(span_is_nocase(span_str("text/plaim"), "text/plain"));
	/* Not the locale's idea of case: these differ by the same bit. */
	assert_false(span_is_nocase(span_str("["), "{"));
	assert_false(span_is_nocase(span_str("\xc4"), "\xe4"));
}

static void
a_span_is_taken_apart_from_the_front(void **state)
{
	struct span rest = span_str("12ab;cd;"), word;
	bool found;

	(void)state;
	assert_true(span_is(span_while(&rest, span_is_digit), "12"));
	assert_true(span_skip(&rest, "a"));
	assert_true(span_is(span_until(&rest, ';', &found), "b"));
	assert_true(found);
	assert_true(span_take(&rest, 1, &word));
	assert_true(span_is(word, "c"));
	assert_false(span_take(&rest, 3, &word));
	assert_true(span_is(rest, "d;"));
	assert_true(span_is(span_until(&rest, ';', NULL), "d"));
	assert_true(span_empty(rest));
}

static void
until_takes_all_where_the_octet_is_not_there(void **state)
{
	struct span rest = span_of(OCTETS("a\0b"));
	bool found = true;

	(void)state;
	assert_int_equal(span_until(&rest, ';', &found).len, 3);
	assert_false(found);
	assert_true(span_empty(rest));
}

static void
integers_are_little_endian(void **state)
{
	struct span rest = span_of(OCTETS("\x01\x02\x03\x04\x05\x06\x07"
	    "\xfe\xff\xff\xff\xff\xff\xff\xff"));
	uint16_t u16;
	uint32_t u32;
	int64_t i64;
	uint8_t u8;

	(void)state;
	assert_true(span_u8(&rest, &u8));
	assert_int_equal(u8, 1);
	assert_true(span_u16(&rest, &u16));
	assert_int_equal(u16, 0x0302);
	assert_true(span_u32(&rest, &u32));
	assert_int_equal(u32, 0x07060504);
	assert_true(span_i64(&rest, &i64));
	assert_true(i64 == -2);
	assert_true(span_empty(rest));
}

static void
a_cut_integer_takes_nothing(void **state)
{
	struct span rest = span_of(OCTETS("\x01\x02\x03"));
	uint32_t u32 = 7;
	int64_t i64 = 7;

	(void)state;
	assert_false(span_u32(&rest, &u32));
	assert_false(span_i64(&rest, &i64));
	assert_int_equal(u32, 7);
	assert_int_equal(rest.len, 3);
}

static void
a_string_stands_behind_its_length(void **state)
{
	struct span rest = span_of(OCTETS("\x02\x00" "ab\x03\x00" "cd"));
	struct span out;

	(void)state;
	assert_true(span_string(&rest, &out));
	assert_true(span_is(out, "ab"));
	/* Three are promised, two are there: all of it stays. */
	assert_false(span_string(&rest, &out));
	assert_int_equal(rest.len, 4);
}

static void
classes_are_ascii_for_every_octet(void **state)
{
	unsigned c;

	(void)state;
	for (c = 0; c < 256; c++) {
		unsigned char o = (unsigned char)c;
		bool digit = c < 128 && strchr("0123456789", (int)c) != NULL;
		bool letter = c < 128 &&
		    strchr("abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ", (int)c) != NULL;

		if (c == 0)
			digit = letter = false;
		assert_int_equal(span_is_digit(o), digit);
		assert_int_equal(span_is_alnum(o), digit || letter);
		assert_int_equal(span_is_blank(o), c == ' ' || c == '\t');
		assert_int_equal((unsigned char)span_lower((char)o),
		    letter && c < 'a' ? c + 32 : c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_from_an_empty_span),
		cmocka_unit_test(literals_are_compared_whole_and_by_case),
		cmocka_unit_test(a_span_is_taken_apart_from_the_front),
		cmocka_unit_test(until_takes_all_where_the_octet_is_not_there),
		cmocka_unit_test(integers_are_little_endian),
		cmocka_unit_test(a_cut_integer_takes_nothing),
		cmocka_unit_test(a_string_stands_behind_its_length),
		cmocka_unit_test(classes_are_ascii_for_every_octet),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
