/* rules/domain: names made canonical (RFC 8461, 2 and 3.4; IDNA2008). */
#include "rules/domain.h"

#include "support/table.h"

#define LABEL63                                                           \
	"a23456789012345678901234567890123456789012345678901234567890123"
#define L60 "a23456789012345678901234567890123456789012345678901234567890"
/* 4 * 61 = 244 octets: with "_mta-sts." it is 253. */
#define LONGEST L60 "." L60 "." L60 "." L60 "a"

struct row {
	const char *in;
	enum domain_status status;
	const char *out;
};

static enum domain_status
normalise(const char *in, size_t len, char out[DOMAIN_SIZE])
{
	char *copy = exact_copy(in, len);
	enum domain_status status;

	memset(out, 'z', DOMAIN_SIZE);
	status = domain_normalise(copy, len, out);
	free(copy);
	return status;
}

static void
expect_rows(const struct row *rows, size_t count)
{
	char out[DOMAIN_SIZE];
	size_t i;

	for (i = 0; i < count; i++) {
		ROW_INT(rows[i].in,
		    normalise(rows[i].in, strlen(rows[i].in), out),
		    rows[i].status);
		ROW_STR(rows[i].in, out,
		    rows[i].status == DOMAIN_OK ? rows[i].out : "");
	}
}

static void
STS_3_4_04_a_domain_is_lower_case_without_the_root(void **state)
{
	static const struct row rows[] = {
		{ "example.com", DOMAIN_OK, "example.com" },
		{ "Example.COM", DOMAIN_OK, "example.com" },
		{ "example.com.", DOMAIN_OK, "example.com" },
		{ "EXAMPLE.com.", DOMAIN_OK, "example.com" },
		{ "a-b.c3.x", DOMAIN_OK, "a-b.c3.x" },
		{ "3com.com", DOMAIN_OK, "3com.com" },
		{ "a--b.com", DOMAIN_OK, "a--b.com" },
		{ "1.2.3.4.example", DOMAIN_OK, "1.2.3.4.example" },
		/* Digits make no address yet. */
		{ "1.2.3.256", DOMAIN_OK, "1.2.3.256" },
		{ "1.2.3.4.5", DOMAIN_OK, "1.2.3.4.5" },
		{ "1.2.3", DOMAIN_OK, "1.2.3" },
		{ "1.2.3.0004", DOMAIN_OK, "1.2.3.0004" },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
STS_3_4_02_address_literals_have_no_policy(void **state)
{
	static const struct row rows[] = {
		{ "[192.0.2.1]", DOMAIN_LITERAL, NULL },
		{ "[IPv6:2001:db8::1]", DOMAIN_LITERAL, NULL },
		{ "[]", DOMAIN_LITERAL, NULL },
		{ "[example.com]", DOMAIN_LITERAL, NULL },
		{ "192.0.2.1", DOMAIN_LITERAL, NULL },
		{ "192.0.2.1.", DOMAIN_LITERAL, NULL },
		{ "0.0.0.0", DOMAIN_LITERAL, NULL },
		{ "255.255.255.255", DOMAIN_LITERAL, NULL },
		{ "2001:db8::1", DOMAIN_LITERAL, NULL },
		{ "::ffff:192.0.2.1", DOMAIN_LITERAL, NULL },
		{ "::1", DOMAIN_LITERAL, NULL },
		{ "[192.0.2.1", DOMAIN_INVALID, NULL },
		{ "192.0.2.1]", DOMAIN_INVALID, NULL },
		{ "example.com:25", DOMAIN_INVALID, NULL },
		/* Full-width digits are digits once converted. */
		{ "\xef\xbc\x91.2.3.4", DOMAIN_LITERAL, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
a_single_label_has_no_policy(void **state)
{
	static const struct row rows[] = {
		{ "localhost", DOMAIN_SINGLE_LABEL, NULL },
		{ "localhost.", DOMAIN_SINGLE_LABEL, NULL },
		{ "com", DOMAIN_SINGLE_LABEL, NULL },
		{ "3232235777", DOMAIN_SINGLE_LABEL, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
what_is_no_host_name_is_invalid(void **state)
{
	static const struct row rows[] = {
		{ "", DOMAIN_INVALID, NULL },
		{ ".", DOMAIN_INVALID, NULL },
		{ "..", DOMAIN_INVALID, NULL },
		{ ".example.com", DOMAIN_INVALID, NULL },
		{ "example..com", DOMAIN_INVALID, NULL },
		{ "example.com..", DOMAIN_INVALID, NULL },
		{ "-example.com", DOMAIN_INVALID, NULL },
		{ "example-.com", DOMAIN_INVALID, NULL },
		{ "ex_ample.com", DOMAIN_INVALID, NULL },
		{ "_dmarc.example.com", DOMAIN_INVALID, NULL },
		{ "exam ple.com", DOMAIN_INVALID, NULL },
		{ " example.com", DOMAIN_INVALID, NULL },
		{ "example.com ", DOMAIN_INVALID, NULL },
		{ "example.com\n", DOMAIN_INVALID, NULL },
		{ "*.example.com", DOMAIN_INVALID, NULL },
		{ "user@example.com", DOMAIN_INVALID, NULL },
		{ "example.com/x", DOMAIN_INVALID, NULL },
		{ "example.com;x", DOMAIN_INVALID, NULL },
		{ "\\101.example.com", DOMAIN_INVALID, NULL },
		{ "-", DOMAIN_INVALID, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
a_nul_makes_a_name_invalid(void **state)
{
	char out[DOMAIN_SIZE];

	(void)state;
	assert_int_equal(normalise(OCTETS("example.com\0"), out),
	    DOMAIN_INVALID);
	assert_int_equal(normalise(OCTETS("a\0b.com"), out), DOMAIN_INVALID);
	assert_int_equal(normalise(OCTETS("b\xc3\xbc" "cher.de\0.evil"), out),
	    DOMAIN_INVALID);
	assert_string_equal(out, "");
}

static void
names_have_a_length_that_leaves_room_for_the_prefix(void **state)
{
	static const struct row rows[] = {
		{ LABEL63 ".com", DOMAIN_OK, LABEL63 ".com" },
		{ LABEL63 "4.com", DOMAIN_TOO_LONG, NULL },
		{ LABEL63 "4", DOMAIN_TOO_LONG, NULL },
		{ LONGEST, DOMAIN_OK, LONGEST },
		{ LONGEST ".", DOMAIN_OK, LONGEST },
		{ LONGEST "b", DOMAIN_TOO_LONG, NULL },
		{ "a." LONGEST, DOMAIN_TOO_LONG, NULL },
	};
	char out[DOMAIN_SIZE], record[DOMAIN_SIZE];

	(void)state;
	expect_rows(rows, COUNT(rows));
	assert_int_equal(strlen(LONGEST) + DOMAIN_PREFIX_MAX, DOMAIN_MAX);
	domain_record_name(LONGEST, record);
	assert_string_equal(record, "_mta-sts." LONGEST);
	/* Not a limit of ours, but the converter must see no more. */
	assert_int_equal(normalise(OCTETS(LONGEST "\xc3\xbc" LONGEST), out),
	    DOMAIN_TOO_LONG);
}

static void
a_name_of_any_size_is_survived(void **state)
{
	size_t size = 300000;
	char *big = malloc(size), out[DOMAIN_SIZE];

	(void)state;
	assert_non_null(big);
	memset(big, 'a', size);
	assert_int_equal(normalise(big, size, out), DOMAIN_TOO_LONG);
	memset(big, '.', size);
	assert_int_equal(normalise(big, size, out), DOMAIN_INVALID);
	memset(big, 0xc3, size);
	assert_int_equal(normalise(big, size, out), DOMAIN_TOO_LONG);
	assert_string_equal(out, "");
	free(big);
}

static void
STS_3_1_01_PKX_02_u_labels_become_a_labels(void **state)
{
	static const struct row rows[] = {
		{ "b\xc3\xbc" "cher.example", DOMAIN_OK,
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.Example.", DOMAIN_OK,
		    "xn--bcher-kva.example" },
		/* The same, decomposed: NFC comes first. */
		{ "bu\xcc\x88" "cher.example", DOMAIN_OK,
		    "xn--bcher-kva.example" },
		{ "XN--BCHER-KVA.example", DOMAIN_OK,
		    "xn--bcher-kva.example" },
		/* Non-transitional: the sharp s is a letter of its own. */
		{ "stra\xc3\x9f" "e.example", DOMAIN_OK,
		    "xn--strae-oqa.example" },
		{ "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9"
		  "\xe3\x83\x88",
		    DOMAIN_OK, "xn--r8jz45g.xn--zckzah" },
		/* The ideographic full stop is a dot. */
		{ "b\xc3\xbc" "cher\xe3\x80\x82" "example", DOMAIN_OK,
		    "xn--bcher-kva.example" },
		{ "b\xc3\xbc" "cher", DOMAIN_SINGLE_LABEL, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
what_idna_refuses_is_invalid(void **state)
{
	static const struct row rows[] = {
		{ "\xff\xfe.example", DOMAIN_INVALID, NULL },
		{ "b\xc3.example", DOMAIN_INVALID, NULL },
		{ "\xe2\x98\x83\xe2\x80\xae.example", DOMAIN_INVALID, NULL },
		{ "b\xc3\xbc" "cher_x.example", DOMAIN_INVALID, NULL },
		{ "b\xc3\xbc" "cher..example", DOMAIN_INVALID, NULL },
		/* Combining mark at the start of a label. */
		{ "\xcc\x88" "a.example", DOMAIN_INVALID, NULL },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
two_names_are_derived_from_a_domain(void **state)
{
	char out[DOMAIN_SIZE];

	(void)state;
	domain_record_name("mail.example.com", out);
	assert_string_equal(out, "_mta-sts.mail.example.com");
	domain_policy_host("mail.example.com", out);
	assert_string_equal(out, "mta-sts.mail.example.com");
}

static void
every_status_has_a_word(void **state)
{
	int i, j;

	(void)state;
	for (i = DOMAIN_OK; i <= DOMAIN_NOMEM; i++)
		for (j = DOMAIN_OK; j < i; j++)
			assert_string_not_equal(
			    domain_status_text((enum domain_status)i),
			    domain_status_text((enum domain_status)j));
	assert_string_equal(domain_status_text(DOMAIN_LITERAL),
	    "address-literal");
}

static void
STS_4_1_02_a_host_is_comparable_or_none(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: no host */
	} rows[] = {
		{ "MX1.Example.COM.", "mx1.example.com" },
		{ "mx_1.example.com", "mx_1.example.com" },
		{ "-mx-.example.com", "-mx-.example.com" },
		{ "localhost", "localhost" },
		{ LABEL63 ".com", LABEL63 ".com" },
		{ LONGEST ".abcdefgh", LONGEST ".abcdefgh" },
		{ LONGEST ".abcdefghi", NULL },
		{ LABEL63 "4.com", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ ".example.com", NULL },
		{ "mx..example.com", NULL },
		{ "mx.example.com..", NULL },
		{ "*.example.com", NULL },
		{ "mx.b\xc3\xbc" "cher.example", NULL },
		{ "mx example.com", NULL },
		{ "192.0.2.1", NULL },
		{ "192.0.2.1.", NULL },
		{ "192.0.2.256", NULL },
		{ "mx.0.2.1", NULL },
		{ "mx.1", NULL },
		{ "1.mx", "1.mx" },
		{ "[192.0.2.1]", NULL },
		{ "2001:db8::1", NULL },
		{ "\\000.example.com", NULL },
	};
	char out[DOMAIN_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(out, 'z', sizeof(out));
		ROW_INT(rows[i].in,
		    domain_host(rows[i].in, strlen(rows[i].in), out),
		    rows[i].out != NULL);
		ROW_STR(rows[i].in, out, rows[i].out == NULL ? "" : rows[i].out);
	}
	assert_false(domain_host(OCTETS("mx.ex.com\0.evil"), out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    STS_3_4_04_a_domain_is_lower_case_without_the_root),
		cmocka_unit_test(STS_3_4_02_address_literals_have_no_policy),
		cmocka_unit_test(a_single_label_has_no_policy),
		cmocka_unit_test(what_is_no_host_name_is_invalid),
		cmocka_unit_test(a_nul_makes_a_name_invalid),
		cmocka_unit_test(
		    names_have_a_length_that_leaves_room_for_the_prefix),
		cmocka_unit_test(a_name_of_any_size_is_survived),
		cmocka_unit_test(STS_3_1_01_PKX_02_u_labels_become_a_labels),
		cmocka_unit_test(what_idna_refuses_is_invalid),
		cmocka_unit_test(two_names_are_derived_from_a_domain),
		cmocka_unit_test(every_status_has_a_word),
		cmocka_unit_test(STS_4_1_02_a_host_is_comparable_or_none),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
