/*
 * Policies that real domains publish (tests/published), each with the reading
 * RFC 8461, 3.2 gives it, taken from the file's octets by hand.
 */
#include "rules/policy.h"

#include "support/table.h"

#define FILE_SIZE_MAX 4096
#define WEEK 604800
#define FORTNIGHT 1209600

#define E MTASTS_MODE_ENFORCE
#define T MTASTS_MODE_TESTING
#define N MTASTS_MODE_NONE
#define INVALID MTASTS_NO_POLICY

struct row {
	const char *file;
	enum mtasts_mode mode;
	uint32_t max_age;
	const char *mx;	   /* with a space between */
	const char *codes; /* of the warnings, or of the error */
	unsigned line;	   /* of the error */
};

static const struct row rows[] = {
	{ "001", T, WEEK, "*.gosia24.eu gosia24.home.pl", "", 0 },
	{ "003", N, 600,
	    "c365-biz.p-v1.mx.microsoft "
	    "c365-biz.mail.protection.outlook.com",
	    "", 0 },
	/* Every line is indented, and the mx is there twice. */
	{ "005", T, WEEK, "mail.tutanota.de mail.tutanota.de",
	    "leading-space leading-space leading-space leading-space "
	    "duplicate-mx leading-space",
	    0 },
	{ "007", E, WEEK, "sbcountyatc-gov.mail.protection.outlook.com", "",
	    0 },
	/* 60480: a digit short of a week. */
	{ "009", T, 60480, "mxc.ptempresas.pt mxp.ptempresas.pt", "", 0 },
	{ "011", T, FORTNIGHT,
	    "architectureplb-com.mail.protection.outlook.com", "", 0 },
	{ "013", T, FORTNIGHT,
	    "beaumontleys-leicester-sch-uk.mail.protection.outlook.com", "",
	    0 },
	{ "015", T, WEEK, "mail.benarrivati.com", "", 0 },
	{ "017", T, 86401,
	    "in1-smtp.messagingengine.com in2-smtp.messagingengine.com", "",
	    0 },
	{ "019", E, WEEK, "mail.tommytran.io", "", 0 },
	{ "021", E, WEEK,
	    "aspmx.l.google.com alt3.aspmx.l.google.com "
	    "alt4.aspmx.l.google.com alt1.aspmx.l.google.com "
	    "alt2.aspmx.l.google.com",
	    "", 0 },
	{ "023", T, 86400, "mail.ceerion.com", "", 0 },
	{ "025", T, WEEK,
	    "aspmx2.googlemail.com aspmx3.googlemail.com "
	    "alt1.aspmx.l.google.com alt2.aspmx.l.google.com "
	    "aspmx.l.google.com",
	    "", 0 },
	/* An hour, but of testing: nothing to warn of. */
	{ "027", T, 3600, "mx.jackstech.net", "", 0 },
	{ "029", T, 86400, "smtp.ikv.tw", "blank-line", 0 },
	{ "031", T, 86400, "eleclink-co-uk.mail.protection.outlook.com", "",
	    0 },
	{ "033", E, 86400, "*.bravadis.com", "", 0 },
	/* A blank behind "testing" is legal. */
	{ "035", T, 86400, "smtp.stewarts.org.uk onyx.stewarts.org.uk", "",
	    0 },
	{ "037", T, WEEK,
	    "alt4.aspmx.l.google.com alt3.aspmx.l.google.com "
	    "alt1.aspmx.l.google.com aspmx.l.google.com "
	    "alt2.aspmx.l.google.com",
	    "", 0 },
	{ "039", E, 86400, "mx.mail.isx.net.nz", "", 0 },
	{ "041", T, WEEK, "mx01.mail.icloud.com mx02.mail.icloud.com", "", 0 },
	{ "043", T, WEEK,
	    "cluster1.eu.messagelabs.com cluster1a.eu.messagelabs.com", "",
	    0 },
	{ "045", E, 86400, "smtp.zoho.com", "", 0 },
	{ "047", E, WEEK, "mx1.example.com mx2.example.com", "", 0 },
	{ "049", E, 86400,
	    "in1-smtp.messagingengine.com in2-smtp.messagingengine.com", "",
	    0 },
	{ "051", E, WEEK,
	    "aspmx.l.google.com alt1.aspmx.l.google.com "
	    "alt2.aspmx.l.google.com aspmx2.googlemail.com "
	    "aspmx3.googlemail.com aspmx4.googlemail.com "
	    "aspmx5.googlemail.com",
	    "", 0 },
	{ "053", E, WEEK,
	    "alt2.aspmx.l.google.com thichcay.com mailgun.thichcay.com "
	    "aspmx.l.google.com alt1.aspmx.l.google.com",
	    "", 0 },
	{ "055", E, 86400, "feedback-smtp.eu-west-1.amazonses.com", "", 0 },
	{ "057", T, 86401,
	    "mx1.qiye.aliyun.com mx2.qiye.aliyun.com mx3.qiye.aliyun.com", "",
	    0 },
	/* YAML crept in: an extension's value is never empty. */
	{ "059", INVALID, 0, "", "value-syntax", 6 },
	{ "061", E, 86400, "ms1.praatr.com", "", 0 },
	{ "063", T, WEEK, "*.google.com", "", 0 },
	/* "test" is none of the three modes. */
	{ "065", INVALID, 0, "", "mode-invalid", 2 },
	{ "067", E, 86400, "mx.redcumbre.com", "", 0 },
	{ "069", T, FORTNIGHT,
	    "*.smtp.goog aspmx.l.google.com *.aspmx.l.google.com", "", 0 },
	{ "071", E, WEEK,
	    "route1.mx.cloudflare.net route2.mx.cloudflare.net "
	    "route3.mx.cloudflare.net",
	    "", 0 },
	{ "073", E, FORTNIGHT, "carmel-org-uk.mail.protection.outlook.com", "",
	    0 },
};

static char *
read_file(const char *name, size_t *len)
{
	const char *top = getenv("abs_top_srcdir");
	char path[1024], *data = malloc(FILE_SIZE_MAX);
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/published/%s.txt",
	    top == NULL ? "." : top, name);
	f = fopen(path, "rb");
	if (f == NULL || data == NULL) {
		fail_msg("cannot read %s", path);
		abort();
	}
	*len = fread(data, 1, FILE_SIZE_MAX, f);
	fclose(f);
	assert_in_range(*len, 1, FILE_SIZE_MAX - 1);
	return data;
}

/* Words in a row, a space between them. */
static void
append(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used == 0 ? "" : " ", word);
}

static void
expect_row(const struct row *row)
{
	struct mtasts_lint lint = { 0 };
	char mx[1000] = "", codes[1000] = "", *body, *storage;
	const char *pattern = NULL;
	struct policy policy;
	size_t len, i;

	body = read_file(row->file, &len);
	storage = malloc(len + 1);
	assert_non_null(storage);
	policy_parse(span_of(body, len), storage, &policy, &lint);
	while ((pattern = policy_next_mx(&policy, pattern)) != NULL)
		append(mx, sizeof(mx), pattern);
	for (i = 0; i < lint.warning_count; i++)
		append(codes, sizeof(codes), lint.warnings[i].code);
	if (lint.has_error)
		append(codes, sizeof(codes), lint.error.code);

	ROW_STR(row->file, codes, row->codes);
	ROW_INT(row->file, policy.mode, row->mode);
	ROW_INT(row->file, policy.max_age, row->max_age);
	ROW_STR(row->file, mx, row->mx);
	ROW_INT(row->file, lint.error.line, row->line);
	free(body);
	free(storage);
}

static void
every_published_policy_is_read_as_a_person_reads_it(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		expect_row(&rows[i]);
	assert_int_equal(COUNT(rows), 37);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_published_policy_is_read_as_a_person_reads_it),
	};

	return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
