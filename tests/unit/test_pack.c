/* base/pack: bounded writing, read back by span. */
#include "base/pack.h"

#include "base/span.h"
#include "support/table.h"

static void
span_reads_what_pack_writes(void **state)
{
	unsigned char buf[64];
	struct span rest, out;
	struct pack pack;
	uint16_t u16;
	uint32_t u32;
	int64_t i64;
	uint8_t u8;

	(void)state;
	pack_init(&pack, buf, sizeof(buf));
	pack_u8(&pack, 0xfe);
	pack_u16(&pack, 0xfedc);
	pack_u32(&pack, 0xfedcba98u);
	pack_i64(&pack, INT64_MIN);
	pack_string(&pack, "abc", 3);
	pack_string(&pack, NULL, 0);
	pack_bytes(&pack, "x", 1);
	assert_true(pack_ok(&pack));
	assert_int_equal(pack.len, 1 + 2 + 4 + 8 + 5 + 2 + 1);

	rest = span_of(buf, pack.len);
	assert_true(span_u8(&rest, &u8) && u8 == 0xfe);
	assert_true(span_u16(&rest, &u16) && u16 == 0xfedc);
	assert_true(span_u32(&rest, &u32) && u32 == 0xfedcba98u);
	assert_true(span_i64(&rest, &i64) && i64 == INT64_MIN);
	assert_true(span_string(&rest, &out) && span_is(out, "abc"));
	assert_true(span_string(&rest, &out) && span_empty(out));
	assert_true(span_is(rest, "x"));
}

static void
what_does_not_fit_is_not_written(void **state)
{
	unsigned char buf[5] = { 9, 9, 9, 9, 9 };
	struct pack pack;

	(void)state;
	pack_init(&pack, buf, 4);
	pack_u8(&pack, 1);
	pack_u32(&pack, 2);
	assert_false(pack_ok(&pack));
	assert_int_equal(pack.len, 1);
	assert_int_equal(buf[1], 9);
	/* Nothing later may slip into the gap. */
	pack_u8(&pack, 3);
	assert_int_equal(pack.len, 1);
	assert_int_equal(buf[4], 9);
}

static void
all_of_the_buffer_is_used(void **state)
{
	unsigned char buf[4];
	struct pack pack;

	(void)state;
	pack_init(&pack, buf, sizeof(buf));
	pack_u32(&pack, 1);
	assert_true(pack_ok(&pack));
	pack_bytes(&pack, NULL, 0);
	assert_true(pack_ok(&pack));
	pack_u8(&pack, 1);
	assert_false(pack_ok(&pack));
}

static void
a_string_beyond_its_length_field_does_not_fit(void **state)
{
	static unsigned char buf[70000];
	static const char data[65536];
	struct pack pack;

	(void)state;
	pack_init(&pack, buf, sizeof(buf));
	pack_string(&pack, data, 65535);
	assert_true(pack_ok(&pack));
	pack_init(&pack, buf, sizeof(buf));
	pack_string(&pack, data, 65536);
	assert_false(pack_ok(&pack));
	assert_int_equal(pack.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(span_reads_what_pack_writes),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(all_of_the_buffer_is_used),
		cmocka_unit_test(a_string_beyond_its_length_field_does_not_fit),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
