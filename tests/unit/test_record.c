/* rules/record: the TXT record (RFC 8461, 3.1). */
#include "rules/record.h"

#include "support/table.h"

#define ID32 "abcdefghijklmnopqrstuvwxyz012345"
#define NAME32 "a2345678901234567890123456789_-."

/* One record alone. Its text is the row's name. */
struct row {
	const char *text;
	enum record_status status;
	const char *id;	  /* of RECORD_OK */
	const char *code; /* of RECORD_INVALID, NULL: any */
};

static enum record_status
select_one(const char *text, size_t len, char id[RECORD_ID_SIZE],
    struct mtasts_lint *lint)
{
	char *copy = exact_copy(text, len);
	struct span record = span_of(copy, len);
	enum record_status status;

	memset(id, 'z', RECORD_ID_SIZE);
	memset(lint, 0, sizeof(*lint));
	status = record_select(&record, 1, id, lint);
	free(copy);
	return status;
}

static void
expect_octets(const struct row *row, size_t len)
{
	char id[RECORD_ID_SIZE];
	struct mtasts_lint lint;

	ROW_INT(row->text, select_one(row->text, len, id, &lint), row->status);
	ROW_STR(row->text, id, row->status == RECORD_OK ? row->id : "");
	ROW_INT(row->text, lint.has_error, row->status == RECORD_INVALID);
	if (lint.has_error && row->code != NULL)
		ROW_STR(row->text, lint.error.code, row->code);
	if (lint.has_error)
		ROW_INT(row->text, lint.error.line, 1);
}

static void
expect_rows(const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		expect_octets(&rows[i], strlen(rows[i].text));
}

static void
expect_warnings(const char *text, size_t count, const char *code)
{
	char id[RECORD_ID_SIZE];
	struct mtasts_lint lint;

	ROW_INT(text, select_one(text, strlen(text), id, &lint), RECORD_OK);
	ROW_INT(text, lint.warning_count, count);
	if (count > 0)
		ROW_STR(text, lint.warnings[0].code, code);
}

static void
STS_3_1_02_octets_outside_ascii_void_the_record(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=a; x=\xc3\xa9", RECORD_INVALID, NULL, NULL },
		{ "v=STSv1; id=a\xff", RECORD_INVALID, NULL, NULL },
		{ "v=STSv1; \xc3\xa9=1; id=a", RECORD_INVALID, NULL,
		    "name-syntax" },
		{ "v=STSv1; id=a; x=a\x7f", RECORD_INVALID, NULL, NULL },
		{ "v=STSv1; id=a; x=\x01", RECORD_INVALID, NULL, NULL },
		{ "v=STSv1\xa0; id=a", RECORD_INVALID, NULL, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_02_a_nul_voids_the_record(void **state)
{
	static const struct row in_value = { "v=STSv1; id=a\0", RECORD_INVALID,
		NULL, "field-syntax" };
	static const struct row in_version = { "v=STSv1\0; id=a",
		RECORD_INVALID, NULL, "field-syntax" };

	(void)state;
	expect_octets(&in_value, sizeof("v=STSv1; id=a\0") - 1);
	expect_octets(&in_version, sizeof("v=STSv1\0; id=a") - 1);
}

static void
STS_3_1_03_the_version_comes_first_and_is_literal(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1;id=a", RECORD_OK, "a", NULL },
		{ "id=1;v=STSv1", RECORD_NONE, NULL, NULL },
		{ "V=STSv1;id=1", RECORD_NONE, NULL, NULL },
		{ "v=stsv1;id=1", RECORD_NONE, NULL, NULL },
		{ "v=STSv2;id=1", RECORD_NONE, NULL, NULL },
		{ "v=STSv10;id=1", RECORD_NONE, NULL, NULL },
		{ " v=STSv1;id=1", RECORD_NONE, NULL, NULL },
		{ "\"v=STSv1;id=1\"", RECORD_NONE, NULL, NULL },
		{ "\xef\xbb\xbfv=STSv1;id=1", RECORD_NONE, NULL, NULL },
		{ "v =STSv1;id=1", RECORD_NONE, NULL, NULL },
		{ "v=spf1 -all", RECORD_NONE, NULL, NULL },
		{ "v=STSv", RECORD_NONE, NULL, NULL },
		{ "", RECORD_NONE, NULL, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_04_a_field_must_follow_the_version(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1", RECORD_INVALID, NULL, "id-missing" },
		{ "v=STSv1;", RECORD_INVALID, NULL, "id-missing" },
		{ "v=STSv1; ", RECORD_INVALID, NULL, "id-missing" },
		{ "v=STSv1 ", RECORD_INVALID, NULL, "field-syntax" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_05_the_id_is_1_to_32_letters_and_digits(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=a", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=" ID32, RECORD_OK, ID32, NULL },
		{ "v=STSv1; id=20160831085700Z", RECORD_OK, "20160831085700Z",
		    NULL },
		{ "v=STSv1; id=", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id=;", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id=" ID32 "6", RECORD_INVALID, NULL,
		    "id-invalid" },
		{ "v=STSv1; id=a-b", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id=a_b", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id=a.b", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id=\"a\"", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; ID=a", RECORD_INVALID, NULL, "id-missing" },
		{ "v=STSv1; x=a", RECORD_INVALID, NULL, "id-missing" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_06_ids_keep_their_case(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=aBc", RECORD_OK, "aBc", NULL },
		{ "v=STSv1; id=ABC", RECORD_OK, "ABC", NULL },
		{ "v=STSv1; id=007", RECORD_OK, "007", NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_07_delimiters_and_the_blanks_around_them(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1;\tid=a ; ", RECORD_OK, "a", NULL },
		{ "v=STSv1; \t \t id=a;", RECORD_OK, "a", NULL },
		{ "v=STSv1;id=a \t;\tx=1\t; ", RECORD_OK, "a", NULL },
		{ "v=STSv1;;id=a", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1; ; id=a", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1;id=a;;", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1;id=a; ;", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1;id=a ", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1;id=a\t", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1;id=a\n", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1;id = a", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1;id =a", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1;id= a", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1,id=a", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1 id=a", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1; id=a x=1", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1; id=a, x=1", RECORD_INVALID, NULL, "id-invalid" },
		{ "v=STSv1; id", RECORD_INVALID, NULL, "field-syntax" },
		{ "v=STSv1; id:a", RECORD_INVALID, NULL, "field-syntax" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_07_blanks_before_the_first_semicolon_need_a_lone_record(void **state)
{
	static const struct row alone[] = {
		{ "v=STSv1 ;id=a", RECORD_OK, "a", NULL },
		{ "v=STSv1 \t ; id=a", RECORD_OK, "a", NULL },
	};
	struct span two[] = { span_str("v=STSv1 ;id=a"), span_str("x") };
	struct span both[] = { span_str("v=STSv1 ;id=a"),
		span_str("v=STSv1;id=b") };
	char id[RECORD_ID_SIZE];

	(void)state;
	expect_rows(alone, COUNT(alone));
	assert_int_equal(record_select(two, 2, id, NULL), RECORD_NONE);
	assert_string_equal(id, "");
	assert_int_equal(record_select(both, 2, id, NULL), RECORD_OK);
	assert_string_equal(id, "b");
}

static void
STS_3_1_08_a_malformed_extension_voids_the_record(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=a; " NAME32 "=1", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; x=:/?#", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; 0=!<>~", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; " NAME32 "3=1", RECORD_INVALID, NULL,
		    "name-syntax" },
		{ "v=STSv1; id=a; _x=1", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1; id=a; .x=1", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1; id=a; -=1", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1; id=a; =1", RECORD_INVALID, NULL, "name-syntax" },
		{ "v=STSv1; id=a; x=", RECORD_INVALID, NULL, "value-syntax" },
		{ "v=STSv1; id=a; x=;", RECORD_INVALID, NULL, "value-syntax" },
		{ "v=STSv1; id=a; x=a=b", RECORD_INVALID, NULL,
		    "field-syntax" },
		{ "v=STSv1; id=a; x==", RECORD_INVALID, NULL, "value-syntax" },
		{ "v=STSv1; id=a; x=a b", RECORD_INVALID, NULL,
		    "field-syntax" },
		{ "v=STSv1; id=a; x y=a", RECORD_INVALID, NULL,
		    "field-syntax" },
		{ "v=STSv1; x=; id=a", RECORD_INVALID, NULL, "value-syntax" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_08_an_extension_value_may_be_long(void **state)
{
	char text[4000] = "v=STSv1; id=a; x=";
	struct row row = { text, RECORD_OK, "a", NULL };

	(void)state;
	memset(text + strlen(text), 'y', sizeof(text) - 1 - strlen(text));
	text[sizeof(text) - 1] = '\0';
	expect_octets(&row, strlen(text));
}

static void
STS_3_1_09_the_order_of_fields_is_free(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; zz=9; id=a", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; zz=9", RECORD_OK, "a", NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_1_10_STS_9_01_unknown_fields_are_ignored(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=a; zz=9; y.y-y_y=1", RECORD_OK, "a", NULL },
		{ "v=STSv1; mode=none; max_age=1; id=a; mx=b", RECORD_OK, "a",
		    NULL },
		{ "v=STSv1; Id=b; id=a", RECORD_OK, "a", NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
	expect_warnings("v=STSv1; id=a", 0, NULL);
	expect_warnings("v=STSv1; id=a; zz=9; y=1", 2, "unknown-field");
}

static void
STS_3_1_11_the_first_of_two_fields_counts(void **state)
{
	static const struct row rows[] = {
		{ "v=STSv1; id=a; id=b", RECORD_OK, "a", NULL },
		{ "v=STSv1; v=STSv2; id=a", RECORD_OK, "a", NULL },
		/* A-03: the later one need only be an extension's value. */
		{ "v=STSv1; id=a; id=b-c", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; id=" ID32 "67", RECORD_OK, "a", NULL },
		{ "v=STSv1; id=a; id=", RECORD_INVALID, NULL, "value-syntax" },
		{ "v=STSv1; id=a; v=", RECORD_INVALID, NULL, "value-syntax" },
		{ "v=STSv1; id=a-b; id=c", RECORD_INVALID, NULL,
		    "id-invalid" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
	expect_warnings("v=STSv1; id=a; id=b", 1, "duplicate-field");
	expect_warnings("v=STSv1; v=STSv2; id=a", 1, "duplicate-field");
}

static void
STS_3_1_12_two_sts_records_mean_no_policy(void **state)
{
	static const struct {
		const char *name;
		const char *texts[4];
		enum record_status status;
		const char *id;
	} rows[] = {
		{ "none at all", { NULL }, RECORD_NONE, "" },
		{ "one beside another kind",
		    { "v=spf1 -all", "v=STSv1; id=a" }, RECORD_OK, "a" },
		{ "one among many",
		    { "x", "v=STSv1; id=a", "v=STSv2; id=b", "" }, RECORD_OK,
		    "a" },
		{ "two good", { "v=STSv1;id=a", "v=STSv1;id=b" },
		    RECORD_MULTIPLE, "" },
		{ "the same twice", { "v=STSv1;id=a", "v=STSv1;id=a" },
		    RECORD_MULTIPLE, "" },
		{ "good and bad", { "v=STSv1;id=a", "v=STSv1;bad" },
		    RECORD_MULTIPLE, "" },
		{ "two bad", { "v=STSv1;bad", "v=STSv1;" }, RECORD_MULTIPLE,
		    "" },
		{ "one bad beside another kind", { "v=STSv1;bad", "x" },
		    RECORD_INVALID, "" },
		{ "a lone version is not counted", { "v=STSv1", "v=STSv1;id=a" },
		    RECORD_OK, "a" },
		{ "only other kinds", { "x", "y", "" }, RECORD_NONE, "" },
	};
	size_t i, count;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct mtasts_lint lint = { 0 };
		char id[RECORD_ID_SIZE] = "zzz";
		struct span texts[4];

		for (count = 0; count < 4; count++) {
			if (rows[i].texts[count] == NULL)
				break;
			texts[count] = span_str(rows[i].texts[count]);
		}
		ROW_INT(rows[i].name, record_select(texts, count, id, &lint),
		    rows[i].status);
		ROW_STR(rows[i].name, id, rows[i].id);
		if (rows[i].status == RECORD_MULTIPLE)
			ROW_STR(rows[i].name, lint.error.code,
			    "multiple-records");
	}
}

static void
STS_3_1_13_an_invalid_survivor_is_no_policy(void **state)
{
	static const struct row row = { "v=STSv1; id=a b", RECORD_INVALID, NULL,
		"field-syntax" };

	(void)state;
	expect_octets(&row, strlen(row.text));
}

static void
STS_3_1_15_a_joined_record_is_one_text(void **state)
{
	static const struct row rows[] = {
		{ "v=ST" "Sv1; i" "d=abc;", RECORD_OK, "abc", NULL },
		{ "v=STSv1;id=ab" "cd", RECORD_OK, "abcd", NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
errors_tell_record_and_column(void **state)
{
	struct span texts[] = { span_str("x"), span_str("v=STSv1; id=a-b") };
	struct mtasts_lint lint = { 0 };
	char id[RECORD_ID_SIZE];

	(void)state;
	assert_int_equal(record_select(texts, 2, id, &lint), RECORD_INVALID);
	assert_int_equal(lint.error.line, 2);
	assert_int_equal(lint.error.column, 10);
}

static void
nobody_need_listen(void **state)
{
	struct span bad = span_str("v=STSv1; _"), good = span_str(
	    "v=STSv1; x=1; id=a; id=b");
	char id[RECORD_ID_SIZE];

	(void)state;
	assert_int_equal(record_select(&bad, 1, id, NULL), RECORD_INVALID);
	assert_int_equal(record_select(&good, 1, id, NULL), RECORD_OK);
	assert_int_equal(record_select(NULL, 0, id, NULL), RECORD_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    STS_3_1_02_octets_outside_ascii_void_the_record),
		cmocka_unit_test(STS_3_1_02_a_nul_voids_the_record),
		cmocka_unit_test(
		    STS_3_1_03_the_version_comes_first_and_is_literal),
		cmocka_unit_test(STS_3_1_04_a_field_must_follow_the_version),
		cmocka_unit_test(
		    STS_3_1_05_the_id_is_1_to_32_letters_and_digits),
		cmocka_unit_test(STS_3_1_06_ids_keep_their_case),
		cmocka_unit_test(
		    STS_3_1_07_delimiters_and_the_blanks_around_them),
		cmocka_unit_test(
    STS_3_1_07_blanks_before_the_first_semicolon_need_a_lone_record),
		cmocka_unit_test(
		    STS_3_1_08_a_malformed_extension_voids_the_record),
		cmocka_unit_test(STS_3_1_08_an_extension_value_may_be_long),
		cmocka_unit_test(STS_3_1_09_the_order_of_fields_is_free),
		cmocka_unit_test(
		    STS_3_1_10_STS_9_01_unknown_fields_are_ignored),
		cmocka_unit_test(STS_3_1_11_the_first_of_two_fields_counts),
		cmocka_unit_test(STS_3_1_12_two_sts_records_mean_no_policy),
		cmocka_unit_test(STS_3_1_13_an_invalid_survivor_is_no_policy),
		cmocka_unit_test(STS_3_1_15_a_joined_record_is_one_text),
		cmocka_unit_test(errors_tell_record_and_column),
		cmocka_unit_test(nobody_need_listen),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
