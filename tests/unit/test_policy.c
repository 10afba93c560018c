/* rules/policy: the body of a policy (RFC 8461, 3.2), and matching (4.1). */
#include "rules/policy.h"

#include "rules/domain.h"
#include "support/table.h"

#define V "version: STSv1\n"
#define E "mode: enforce\n"
#define A "max_age: 604800\n"
#define M "mx: mx.example.com\n"
#define NAME32 "a2345678901234567890123456789_-."
#define LABEL63                                                           \
	"a23456789012345678901234567890123456789012345678901234567890123"
#define NAME253                                                           \
	LABEL63 "." LABEL63 "." LABEL63                                   \
	".a234567890123456789012345678901234567890123456789012345678901"

/* A parsed body. storage holds the patterns, shown the same in one line. */
struct parsed {
	bool ok;
	struct policy policy;
	struct mtasts_lint lint;
	char *body;
	char *storage;
	char shown[400];
};

static void
parse(struct parsed *p, const char *body, size_t len)
{
	const char *mx = NULL;
	size_t used = 0;

	memset(p, 0, sizeof(*p));
	memset(&p->policy, 0xff, sizeof(p->policy));
	p->body = exact_copy(body, len);
	p->storage = malloc(len + 1);
	assert_non_null(p->storage);
	p->ok = policy_parse(span_of(p->body, len), p->storage, &p->policy,
	    &p->lint);
	while ((mx = policy_next_mx(&p->policy, mx)) != NULL &&
	    used < sizeof(p->shown))
		used += (size_t)snprintf(p->shown + used,
		    sizeof(p->shown) - used, "%s%s", used == 0 ? "" : " ", mx);
}

static void
parsed_free(struct parsed *p)
{
	free(p->body);
	free(p->storage);
}

/* Of a valid body: mode, age, patterns and warnings, each set in one line. */
struct valid {
	const char *name;
	const char *body;
	size_t len;
	enum mtasts_mode mode;
	uint32_t max_age;
	const char *mx;
	const char *warnings;
};

static void
list_warnings(const struct mtasts_lint *lint, char *buf, size_t size)
{
	size_t i, used = 0;

	buf[0] = '\0';
	for (i = 0; i < lint->warning_count && i < MTASTS_LINT_WARNINGS; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
		    i == 0 ? "" : " ", lint->warnings[i].code);
}

static void
expect_valid(const struct valid *rows, size_t count)
{
	char warnings[MTASTS_LINT_WARNINGS * 32];
	struct parsed p;
	size_t i;

	for (i = 0; i < count; i++) {
		parse(&p, rows[i].body, rows[i].len);
		ROW_STR(rows[i].name, p.lint.has_error ? p.lint.error.code : "",
		    "");
		ROW_TRUE(rows[i].name, p.ok);
		ROW_INT(rows[i].name, p.policy.mode, rows[i].mode);
		ROW_INT(rows[i].name, p.policy.max_age, rows[i].max_age);
		ROW_STR(rows[i].name, p.shown, rows[i].mx);
		list_warnings(&p.lint, warnings, sizeof(warnings));
		ROW_STR(rows[i].name, warnings, rows[i].warnings);
		parsed_free(&p);
	}
}

/* A refused body: the error's code, and where it stands. */
struct invalid {
	const char *name;
	const char *body;
	size_t len;
	const char *code;
	unsigned line;
	unsigned column;
};

static void
expect_invalid(const struct invalid *rows, size_t count)
{
	static const struct policy zero;
	struct parsed p;
	size_t i;

	for (i = 0; i < count; i++) {
		parse(&p, rows[i].body, rows[i].len);
		ROW_TRUE(rows[i].name, !p.ok);
		ROW_TRUE(rows[i].name, p.lint.has_error);
		ROW_STR(rows[i].name, p.lint.error.code, rows[i].code);
		ROW_INT(rows[i].name, p.lint.error.line, rows[i].line);
		ROW_INT(rows[i].name, p.lint.error.column, rows[i].column);
		ROW_TRUE(rows[i].name,
		    memcmp(&p.policy, &zero, sizeof(zero)) == 0);
		parsed_free(&p);
	}
}

#define ENFORCE MTASTS_MODE_ENFORCE, 604800, "mx.example.com"

static void
STS_3_2_04_lines_end_in_lf_or_crlf(void **state)
{
	static const struct valid valid[] = {
		{ "LF", OCTETS(V E A M), ENFORCE, "" },
		{ "CRLF",
		    OCTETS("version: STSv1\r\nmode: enforce\r\n"
			   "max_age: 604800\r\nmx: mx.example.com\r\n"),
		    ENFORCE, "" },
		{ "mixed",
		    OCTETS("version: STSv1\r\nmode: enforce\n"
			   "max_age: 604800\nmx: mx.example.com\r\n"),
		    ENFORCE, "" },
		{ "no final EOL", OCTETS(V E A "mx: mx.example.com"), ENFORCE,
		    "" },
		{ "blanks before CRLF", OCTETS(V E A "mx: mx.example.com \t\r\n"),
		    ENFORCE, "" },
	};
	static const struct invalid invalid[] = {
		{ "CR only",
		    OCTETS("version: STSv1\rmode: enforce\rmax_age: 604800\r"
			   "mx: mx.example.com\r"),
		    "line-ending", 1, 15 },
		{ "CR at the very end", OCTETS(V E A "mx: mx.example.com\r"),
		    "line-ending", 4, 19 },
		{ "CR CR LF", OCTETS(V "mode: enforce\r\r\n" A M),
		    "line-ending", 2, 14 },
		{ "LF CR", OCTETS(V "\rmode: enforce\n" A M), "line-ending", 2,
		    1 },
		{ "CR inside", OCTETS(V E A M "x: a\rb\n"), "line-ending", 5,
		    5 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_04_A_11_blank_lines_and_a_bom_are_let_through(void **state)
{
	static const struct valid valid[] = {
		{ "one at the end", OCTETS(V E A M "\n"), ENFORCE,
		    "blank-line" },
		{ "several at the end", OCTETS(V E A M "\r\n\r\n \t\n"),
		    ENFORCE, "blank-line blank-line blank-line" },
		{ "blanks without EOL at the end", OCTETS(V E A M "  "),
		    ENFORCE, "blank-line" },
		{ "between fields", OCTETS(V "\n" E "\n" A M), ENFORCE,
		    "blank-line blank-line" },
		{ "before the first", OCTETS("\r\n" V E A M), ENFORCE,
		    "blank-line" },
		{ "BOM", OCTETS("\xef\xbb\xbf" V E A M), ENFORCE, "bom" },
		{ "BOM and blank line", OCTETS("\xef\xbb\xbf\n" V E A M),
		    ENFORCE, "bom blank-line" },
	};
	static const struct invalid invalid[] = {
		{ "two BOMs", OCTETS("\xef\xbb\xbf\xef\xbb\xbf" V E A M),
		    "name-syntax", 1, 1 },
		{ "BOM later", OCTETS(V "\xef\xbb\xbf" E A M), "name-syntax", 2,
		    1 },
		{ "half a BOM", OCTETS("\xef\xbb"), "name-syntax", 1, 1 },
		{ "UTF-16", OCTETS("\xff\xfev\0e\0"), "name-syntax", 1, 1 },
		{ "NUL line", OCTETS(V E A M "\0\n"), "name-syntax", 5, 1 },
		{ "form feed line", OCTETS(V E A M "\f\n"), "name-syntax", 5,
		    1 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_05_blanks_around_the_value(void **state)
{
	static const struct valid valid[] = {
		{ "none", OCTETS("version:STSv1\nmode:enforce\n"
				 "max_age:604800\nmx:mx.example.com\n"),
		    ENFORCE, "" },
		{ "tabs", OCTETS(V "mode:\t enforce \t\n" A M), ENFORCE, "" },
		{ "leading space", OCTETS(V " mode: enforce\n" A M), ENFORCE,
		    "leading-space" },
		{ "leading tab everywhere",
		    OCTETS("\t" V "\t" E "\t" A "\t" M), ENFORCE,
		    "leading-space leading-space leading-space leading-space" },
	};
	static const struct invalid invalid[] = {
		{ "before the colon", OCTETS(V "mode : enforce\n" A M),
		    "field-syntax", 2, 5 },
		{ "no colon", OCTETS(V "mode enforce\n" A M), "field-syntax", 2,
		    5 },
		{ "equals sign", OCTETS(V "mode=enforce\n" A M),
		    "field-syntax", 2, 5 },
		{ "folded", OCTETS(V "mode:\n enforce\n" A M), "mode-invalid",
		    2, 6 },
		{ "folded extension", OCTETS(V E A M "x: a\n b\n"),
		    "field-syntax", 6, 3 },
		{ "comment", OCTETS("# ours\n" V E A M), "name-syntax", 1, 1 },
		{ "comment behind", OCTETS(V "mode: enforce # ours\n" A M),
		    "mode-invalid", 2, 7 },
		{ "no-break space", OCTETS(V "\xc2\xa0mode: enforce\n" A M),
		    "name-syntax", 2, 1 },
		{ "two colons", OCTETS(V "mode:: enforce\n" A M),
		    "mode-invalid", 2, 6 },
		{ "quoted", OCTETS(V "mode: \"enforce\"\n" A M),
		    "mode-invalid", 2, 7 },
		{ "HTML", OCTETS("<html>\n"), "name-syntax", 1, 1 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_06_the_version_is_required_and_literal(void **state)
{
	static const struct valid valid[] = {
		{ "last line", OCTETS(E A M "version: STSv1"), ENFORCE, "" },
	};
	static const struct invalid invalid[] = {
		{ "missing", OCTETS(E A M), "version-missing", 0, 0 },
		{ "empty body", OCTETS(""), "version-missing", 0, 0 },
		{ "blank body", OCTETS("\n \n"), "version-missing", 0, 0 },
		{ "2", OCTETS("version: STSv2\n" E A M), "version-invalid", 1,
		    10 },
		{ "lower case", OCTETS("version: stsv1\n" E A M),
		    "version-invalid", 1, 10 },
		{ "empty", OCTETS("version:\n" E A M), "version-invalid", 1,
		    9 },
		{ "more", OCTETS("version: STSv1 x\n" E A M),
		    "version-invalid", 1, 10 },
		{ "NUL behind", OCTETS("version: STSv1\0\n" E A M),
		    "version-invalid", 1, 10 },
		{ "a TXT record", OCTETS("v=STSv1; id=1"), "field-syntax", 1,
		    2 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_07_the_mode_is_one_of_three(void **state)
{
	static const struct valid valid[] = {
		{ "enforce", OCTETS(V "mode: enforce\n" A M),
		    MTASTS_MODE_ENFORCE, 604800, "mx.example.com", "" },
		{ "testing", OCTETS(V "mode: testing\n" A M),
		    MTASTS_MODE_TESTING, 604800, "mx.example.com", "" },
		{ "none", OCTETS(V "mode: none\n" A M), MTASTS_MODE_NONE,
		    604800, "mx.example.com", "" },
	};
	static const struct invalid invalid[] = {
		{ "Enforce", OCTETS(V "mode: Enforce\n" A M), "mode-invalid", 2,
		    7 },
		{ "report", OCTETS(V "mode: report\n" A M), "mode-invalid", 2,
		    7 },
		{ "test", OCTETS(V "mode: test\n" A M), "mode-invalid", 2, 7 },
		{ "empty", OCTETS(V "mode:  \n" A M), "mode-invalid", 2, 6 },
		{ "missing", OCTETS(V A M), "mode-missing", 0, 0 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

#define AGE(text, seconds, warnings)                                      \
	{                                                                 \
		text, OCTETS(V E M "max_age: " text "\n"),                \
		    MTASTS_MODE_ENFORCE, seconds, "mx.example.com",       \
		    warnings                                              \
	}
static void
STS_3_2_08_max_age_is_1_to_10_digits(void **state)
{
	static const struct valid valid[] = {
		AGE("0", 0, "max-age-short"),
		AGE("1", 1, "max-age-short"),
		AGE("86399", 86399, "max-age-short"),
		AGE("86400", 86400, ""),
		AGE("0000604800", 604800, ""),
	};
	static const char *const bad[] = { "-1", "+1", "1.5", "1e5", "",
		"86400s", "0x10", "12345678901", "00000000000", "1 2", "1,000",
		"\xd9\xa1", "86400;" };
	char body[200];
	size_t i;

	(void)state;
	expect_valid(valid, COUNT(valid));
	for (i = 0; i < COUNT(bad); i++) {
		struct invalid row = { bad[i], body, 0, "max-age-invalid", 4,
			bad[i][0] == '\0' ? 9 : 10 };

		snprintf(body, sizeof(body), V E M "max_age: %s\n", bad[i]);
		row.len = strlen(body);
		expect_invalid(&row, 1);
	}
	expect_invalid(&(struct invalid){ "missing", OCTETS(V E M),
			   "max-age-missing", 0, 0 },
	    1);
}

static void
STS_3_2_09_STS_10_2_04_max_age_is_clamped_and_not_shortened(void **state)
{
	static const struct valid valid[] = {
		AGE("31557600", 31557600, ""),
		AGE("31557599", 31557599, ""),
		AGE("31557601", 31557600, "max-age-clamped"),
		AGE("4294967296", 31557600, "max-age-clamped"),
		AGE("4294967297", 31557600, "max-age-clamped"),
		AGE("9999999999", 31557600, "max-age-clamped"),
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
}

static void
STS_3_2_10_patterns_are_needed_unless_the_mode_is_none(void **state)
{
	static const struct valid valid[] = {
		{ "none without", OCTETS(V "mode: none\n" A), MTASTS_MODE_NONE,
		    604800, "", "" },
		{ "none with", OCTETS(V "mode: none\n" A M), MTASTS_MODE_NONE,
		    604800, "mx.example.com", "" },
		{ "short none", OCTETS(V "mode: none\nmax_age: 60\n"),
		    MTASTS_MODE_NONE, 60, "", "" },
	};
	static const struct invalid invalid[] = {
		{ "enforce", OCTETS(V E A), "mx-missing", 0, 0 },
		{ "testing", OCTETS(V "mode: testing\n" A), "mx-missing", 0,
		    0 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

/* Patterns that make the policy invalid. */
static void
expect_bad_patterns(const char *const *bad, size_t count)
{
	char body[500];
	size_t i;

	for (i = 0; i < count; i++) {
		struct invalid row = { bad[i], body, 0, "mx-invalid", 4,
			bad[i][0] == '\0' ? 4 : 5 };

		snprintf(body, sizeof(body), V E A "mx: %s\n", bad[i]);
		row.len = strlen(body);
		expect_invalid(&row, 1);
	}
}

static void
STS_3_2_11_one_pattern_a_line(void **state)
{
	static const char *const bad[] = { "a.example, b.example",
		"a.example b.example", "a.example,b.example",
		"a.example;b.example" };

	(void)state;
	expect_bad_patterns(bad, COUNT(bad));
}

#define MX(text, stored, warnings)                                        \
	{                                                                 \
		text, OCTETS(V E A "mx: " text "\n"), MTASTS_MODE_ENFORCE, \
		    604800, stored, warnings                              \
	}

static void
STS_3_2_12_a_pattern_is_a_domain_or_star_dot_domain(void **state)
{
	static const struct valid valid[] = {
		MX("mx.example.com", "mx.example.com", ""),
		MX("MX.Example.COM", "mx.example.com", ""),
		MX("*.example.net", "*.example.net", ""),
		MX("*.com", "*.com", ""),
		MX("localhost", "localhost", ""),
		MX("1.2.3.4", "1.2.3.4", ""),
		MX("a--b.example", "a--b.example", ""),
		MX(LABEL63 ".example", LABEL63 ".example", ""),
		MX(NAME253, NAME253, ""),
		MX("*." NAME253, "*." NAME253, ""),
	};
	static const char *const bad[] = { "", "*", "*.", ".", "..",
		".example.net", "m*.example.net", "a.*.example", "*.*.example",
		"**.example", "*example", "*..example", "-a.example",
		"a-.example", "*.-a.example", "a..example", "mx.example.com..",
		NAME253 "4", "*." NAME253 "4", "[192.0.2.1]",
		"[IPv6:2001:db8::1]", "mx.example.com:25",
		"mx:x", "10 mx.example.com", "mx.example.com/x", "user@example",
		"\"mx.example.com\"", "<mx.example.com>", LABEL63 "4.example",
		LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_bad_patterns(bad, COUNT(bad));
}

static void
STS_3_2_12_underscores_and_a_final_dot_are_let_through(void **state)
{
	static const struct valid valid[] = {
		MX("mx_1.example", "mx_1.example", "mx-underscore"),
		MX("_a_.example", "_a_.example", "mx-underscore"),
		MX("*._x.example", "*._x.example", "mx-underscore"),
		MX("mx.example.com.", "mx.example.com", "mx-trailing-dot"),
		MX("*.example.com.", "*.example.com", "mx-trailing-dot"),
		MX("mx_1.example.", "mx_1.example",
		    "mx-underscore mx-trailing-dot"),
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
}

static void
STS_3_2_13_patterns_are_a_labels(void **state)
{
	static const struct valid valid[] = {
		MX("xn--bcher-kva.example", "xn--bcher-kva.example", ""),
		MX("*.XN--BCHER-KVA.example", "*.xn--bcher-kva.example", ""),
	};
	static const char *const bad[] = { "b\xc3\xbc" "cher.example",
		"*.b\xc3\xbc" "cher.example", "mx\xe3\x80\x82" "example" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_bad_patterns(bad, COUNT(bad));
}

#define EXT(name, line) { name, OCTETS(V E A M line), ENFORCE, "unknown-field" }
#define BAD_EXT(name, line, code, column)                                 \
	{                                                                 \
		name, OCTETS(V E A M line), code, 5, column               \
	}

static void
STS_3_2_14_the_syntax_of_extensions(void **state)
{
	static const struct valid valid[] = {
		EXT("UTF-8 and spaces",
		    "note: h\xc3\xa9llo w\xc3\xb6rld \xe2\x82\xac \xf0\x9f\x93\xac\n"),
		EXT("two spaces", "x: a  b\n"),
		EXT("trailing tab", "x: a\t\n"),
		EXT("semicolon and equals", "x: a;b=c:d\n"),
		EXT("32 characters", NAME32 ": 1\n"),
		EXT("begins with a digit", "0: 1\n"),
		EXT("C1 is UTF-8 to the grammar", "x: \xc2\x9b\n"),
	};
	static const struct invalid invalid[] = {
		BAD_EXT("tab inside", "x: a\tb\n", "value-syntax", 4),
		BAD_EXT("empty", "x:\n", "value-syntax", 3),
		BAD_EXT("blank", "x:  \n", "value-syntax", 3),
		BAD_EXT("33 characters", NAME32 "3: 1\n", "name-syntax", 1),
		BAD_EXT("NUL", "x: a\0b\n", "value-syntax", 4),
		BAD_EXT("invalid UTF-8", "x: a\xff\n", "value-syntax", 4),
		BAD_EXT("overlong", "x: \xc0\xaf\n", "value-syntax", 4),
		BAD_EXT("cut UTF-8", "x: \xe2\x82\n", "value-syntax", 4),
		BAD_EXT("DEL", "x: a\x7f\n", "value-syntax", 4),
		BAD_EXT("escape", "x: \x1b[2J\n", "value-syntax", 4),
		BAD_EXT("name in UTF-8", "\xc3\xa9: 1\n", "name-syntax", 1),
		BAD_EXT("name begins with _", "_x: 1\n", "name-syntax", 1),
		BAD_EXT("no name", ": 1\n", "name-syntax", 1),
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_15_STS_9_01_unknown_fields_are_ignored(void **state)
{
	static const struct valid valid[] = {
		{ "two", OCTETS(V "tlsversion: 1.3\n" E "ct: yes\n" A M),
		    ENFORCE, "unknown-field unknown-field" },
		{ "id is no field of a policy", OCTETS("id: 1\n" V E A M),
		    ENFORCE, "unknown-field" },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
}

static void
STS_3_2_16_the_first_of_two_fields_counts(void **state)
{
	static const struct valid valid[] = {
		{ "mode", OCTETS(V E A M "mode: none\n"), ENFORCE,
		    "duplicate-field" },
		{ "max_age", OCTETS(V E "max_age: 604800\nmax_age: 99\n" M),
		    ENFORCE, "duplicate-field" },
		{ "version", OCTETS(V "version: STSv2\n" E A M), ENFORCE,
		    "duplicate-field" },
		/* the later one need only be an extension's value. */
		{ "later mode bogus", OCTETS(V E A M "mode: bogus\n"), ENFORCE,
		    "duplicate-field" },
		{ "later max_age bogus", OCTETS(V E A M "max_age: a b\n"),
		    ENFORCE, "duplicate-field" },
	};
	static const struct invalid invalid[] = {
		{ "later mode empty", OCTETS(V E A M "mode:\n"),
		    "value-syntax", 5, 6 },
		{ "later version not UTF-8", OCTETS(V E A M "version: \xff\n"),
		    "value-syntax", 5, 10 },
		{ "later max_age with a tab", OCTETS(V E A M "max_age: 1\t2\n"),
		    "value-syntax", 5, 10 },
		{ "first bogus", OCTETS(V "mode: bogus\n" E A M),
		    "mode-invalid", 2, 7 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_17_every_mx_counts(void **state)
{
	static const struct valid valid[] = {
		{ "three", OCTETS(V "mx: a.example\n" E "mx: b.example\n" A
				      "mx: *.c.example"),
		    MTASTS_MODE_ENFORCE, 604800,
		    "a.example b.example *.c.example", "" },
		{ "the same twice", OCTETS(V E A M "mx: MX.example.com\n"),
		    MTASTS_MODE_ENFORCE, 604800,
		    "mx.example.com mx.example.com", "duplicate-mx" },
	};
	static const struct invalid invalid[] = {
		{ "one of three bad",
		    OCTETS(V E A M "mx: a..b\n" "mx: c.example\n"),
		    "mx-invalid", 5, 5 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_18_names_are_case_sensitive(void **state)
{
	static const struct valid valid[] = {
		{ "both", OCTETS(V "Mode: none\n" E A M), ENFORCE,
		    "unknown-field" },
		{ "Mx", OCTETS(V E A M "Mx: x.example\n"), ENFORCE,
		    "unknown-field" },
	};
	static const struct invalid invalid[] = {
		{ "Mode", OCTETS(V "Mode: enforce\n" A M), "mode-missing", 0,
		    0 },
		{ "Version", OCTETS("Version: STSv1\n" E A M),
		    "version-missing", 0, 0 },
		{ "Max_Age", OCTETS(V E "Max_Age: 86400\n" M),
		    "max-age-missing", 0, 0 },
		{ "MX", OCTETS(V E A "MX: mx.example.com\n"), "mx-missing", 0,
		    0 },
		{ "max-age", OCTETS(V E "max-age: 86400\n" M),
		    "max-age-missing", 0, 0 },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_19_the_order_of_fields_is_free(void **state)
{
	static const struct valid valid[] = {
		{ "backwards", OCTETS(A M E V), ENFORCE, "" },
		{ "mx first", OCTETS(M V A E), ENFORCE, "" },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
}

static void
STS_3_2_21_a_known_name_is_no_extension(void **state)
{
	static const struct invalid invalid[] = {
		{ "mx", OCTETS(V "mode: none\n" A "mx: bad host\n"),
		    "mx-invalid", 4, 5 },
		{ "mode", OCTETS(V "mode: bogus\n" A M), "mode-invalid", 2,
		    7 },
		{ "max_age", OCTETS(V E M "max_age: long\n"),
		    "max-age-invalid", 4, 10 },
		{ "version", OCTETS("version: 1\n" E A M), "version-invalid",
		    1, 10 },
	};

	(void)state;
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_2_22_an_invalid_body_is_applied_in_no_part(void **state)
{
	/* expect_invalid checks that nothing is left in the policy. */
	static const struct invalid invalid[] = {
		{ "all is there but the last line", OCTETS(V E A M "x"),
		    "field-syntax", 5, 2 },
	};

	(void)state;
	expect_invalid(invalid, COUNT(invalid));
}

static void
STS_3_3_12_a_body_of_64_kib_is_read_and_no_octet_more(void **state)
{
	static const char head[] = V E A M "note: ";
	char *body = malloc(POLICY_BODY_MAX + 1);
	struct valid valid = { "65536", body, POLICY_BODY_MAX, ENFORCE,
		"unknown-field" };
	struct invalid invalid = { "65537", body, POLICY_BODY_MAX + 1,
		"body-too-long", 0, 0 };

	(void)state;
	assert_non_null(body);
	memset(body, 'x', POLICY_BODY_MAX + 1);
	memcpy(body, head, sizeof(head) - 1);
	expect_valid(&valid, 1);
	expect_invalid(&invalid, 1);
	free(body);
}

static void
as_many_patterns_as_fit_are_kept(void **state)
{
	static const char head[] = "version:STSv1\nmode:enforce\nmax_age:86400\n";
	size_t count = (POLICY_BODY_MAX - sizeof(head) + 1) / 5, i;
	char *body = malloc(POLICY_BODY_MAX);
	const char *mx = NULL;
	struct parsed p;

	(void)state;
	assert_non_null(body);
	memcpy(body, head, sizeof(head) - 1);
	for (i = 0; i < count; i++)
		memcpy(body + sizeof(head) - 1 + 5 * i, "mx:a\n", 5);
	parse(&p, body, sizeof(head) - 1 + 5 * count);
	assert_true(p.ok);
	assert_int_equal(p.policy.mx_count, count);
	assert_int_equal(p.policy.mx_size, 2 * count);
	for (i = 0; (mx = policy_next_mx(&p.policy, mx)) != NULL; i++)
		assert_string_equal(mx, "a");
	assert_int_equal(i, count);
	assert_int_equal(p.lint.warning_count, count - 1);
	parsed_free(&p);
	free(body);
}

static void
STS_4_1_01_one_matching_pattern_suffices(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, OCTETS(V E A "mx: mx1.ex.com\nmx: mx2.ex.com\n"
			       "mx: *.ex.net\n"));
	assert_true(p.ok);
	assert_true(policy_match(&p.policy, "mx1.ex.com"));
	assert_true(policy_match(&p.policy, "mx2.ex.com"));
	assert_true(policy_match(&p.policy, "a.ex.net"));
	assert_false(policy_match(&p.policy, "mx3.ex.com"));
	assert_false(policy_match(&p.policy, "ex.net"));
	assert_false(policy_match(&p.policy, ""));
	parsed_free(&p);

	parse(&p, OCTETS(V "mode: none\n" A));
	assert_true(p.ok);
	assert_false(policy_match(&p.policy, "mx1.ex.com"));
	parsed_free(&p);
}

static void
STS_4_1_04_the_name_in_the_mx_record_is_matched(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, OCTETS(V E A "mx: mx.ex.com\n"));
	assert_true(policy_match(&p.policy, "mx.ex.com"));
	assert_false(policy_match(&p.policy, "mx.isp.net"));
	parsed_free(&p);
}

static void
STS_4_1_05_an_implicit_mx_is_the_domain_itself(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, OCTETS(V E A "mx: example.com\n"));
	assert_true(policy_match(&p.policy, "example.com"));
	parsed_free(&p);
	parse(&p, OCTETS(V E A "mx: *.example.com\n"));
	assert_false(policy_match(&p.policy, "example.com"));
	parsed_free(&p);
}

static void
a_pattern_alone_is_judged_as_in_a_body(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(policy_pattern(span_str("*.Example.COM."), out), 13);
	assert_string_equal(out, "*.example.com");
	assert_int_equal(policy_pattern(span_str("mx_1.example"), out), 12);
	assert_int_equal(policy_pattern(span_str(""), out), 0);
	assert_string_equal(out, "");
	assert_int_equal(policy_pattern(span_str("*."), out), 0);
	assert_int_equal(policy_pattern(span_str(" a.example"), out), 0);
	assert_int_equal(policy_pattern(span_of(OCTETS("a\0b")), out), 0);
}

static void
nobody_need_listen(void **state)
{
	static const char body[] = "\xef\xbb\xbf\n " V E "max_age: 9999999999\n"
				   "mx: a_.b.\nmx: a_.b\nx: 1\nmode: none\n";
	char storage[sizeof(body)];
	struct policy policy;

	(void)state;
	assert_true(policy_parse(span_of(OCTETS(body)), storage, &policy,
	    NULL));
	assert_int_equal(policy.mx_count, 2);
	assert_false(policy_parse(span_str("x"), storage, &policy, NULL));
}

static void
a_stored_policy_is_a_view_or_refused(void **state)
{
	static const struct policy policy = {
		.mode = MTASTS_MODE_TESTING,
		.max_age = 77,
		.mx_count = 2,
		.mx_size = 14,
		.mx = "a.example\0*.b",
	};
	static const struct {
		const char *name;
		const char *octets;
		size_t len;
		bool ok;
	} rows[] = {
		{ "one", OCTETS("\3" "\1\0\0\0" "\1\0\0\0" "\2\0\0\0" "a"), true },
		{ "none without", OCTETS("\1" "\1\0\0\0" "\0\0\0\0" "\0\0\0"),
		    true },
		{ "no policy", OCTETS("\0" "\1\0\0\0" "\1\0\0\0" "\2\0\0\0" "a"),
		    false },
		{ "mode 4", OCTETS("\4" "\1\0\0\0" "\1\0\0\0" "\2\0\0\0" "a"),
		    false },
		{ "enforce without", OCTETS("\3" "\1\0\0\0" "\0\0\0\0" "\0\0\0"),
		    false },
		{ "count too large",
		    OCTETS("\3" "\1\0\0\0" "\2\0\0\0" "\2\0\0\0" "a"), false },
		{ "count too small",
		    OCTETS("\3" "\1\0\0\0" "\1\0\0\0" "\4\0\0\0" "a\0b"),
		    false },
		{ "empty pattern",
		    OCTETS("\3" "\1\0\0\0" "\2\0\0\0" "\3\0\0\0" "a\0"),
		    false },
		{ "no NUL", OCTETS("\3" "\1\0\0\0" "\1\0\0\0" "\1\0\0\0" "a"),
		    false },
		{ "upper case",
		    OCTETS("\3" "\1\0\0\0" "\1\0\0\0" "\2\0\0\0" "A"), false },
		{ "control",
		    OCTETS("\3" "\1\0\0\0" "\1\0\0\0" "\2\0\0\0" "\n"), false },
		{ "max_age too large",
		    OCTETS("\3" "\xe1\x87\xe1\1" "\1\0\0\0" "\2\0\0\0" "a"),
		    false },
		{ "max_age at most",
		    OCTETS("\3" "\xe0\x87\xe1\1" "\1\0\0\0" "\2\0\0\0" "a"),
		    true },
	};
	unsigned char buf[64];
	struct span octets;
	struct policy back;
	struct pack pack;
	char *copy;
	size_t i;

	(void)state;
	pack_init(&pack, buf, sizeof(buf));
	policy_pack(&pack, &policy);
	assert_true(pack_ok(&pack));
	octets = span_of(buf, pack.len);
	assert_true(policy_unpack(&octets, &back));
	assert_true(span_empty(octets));
	assert_int_equal(back.mode, MTASTS_MODE_TESTING);
	assert_int_equal(back.max_age, 77);
	assert_int_equal(back.mx_count, 2);
	assert_string_equal(policy_next_mx(&back, NULL), "a.example");
	assert_string_equal(policy_next_mx(&back, back.mx), "*.b");
	assert_null(policy_next_mx(&back, back.mx + 10));

	for (i = 0; i < COUNT(rows); i++) {
		/* The literal's own NUL belongs to the octets. */
		copy = exact_copy(rows[i].octets, rows[i].len + 1);
		octets = span_of(copy, rows[i].len + 1);
		if (strcmp(rows[i].name, "no NUL") == 0)
			octets.len--;
		ROW_INT(rows[i].name, policy_unpack(&octets, &back),
		    rows[i].ok);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(STS_3_2_04_lines_end_in_lf_or_crlf),
		cmocka_unit_test(
		    STS_3_2_04_A_11_blank_lines_and_a_bom_are_let_through),
		cmocka_unit_test(STS_3_2_05_blanks_around_the_value),
		cmocka_unit_test(
		    STS_3_2_06_the_version_is_required_and_literal),
		cmocka_unit_test(STS_3_2_07_the_mode_is_one_of_three),
		cmocka_unit_test(STS_3_2_08_max_age_is_1_to_10_digits),
		cmocka_unit_test(
	    STS_3_2_09_STS_10_2_04_max_age_is_clamped_and_not_shortened),
		cmocka_unit_test(
		    STS_3_2_10_patterns_are_needed_unless_the_mode_is_none),
		cmocka_unit_test(STS_3_2_11_one_pattern_a_line),
		cmocka_unit_test(
		    STS_3_2_12_a_pattern_is_a_domain_or_star_dot_domain),
		cmocka_unit_test(
		    STS_3_2_12_underscores_and_a_final_dot_are_let_through),
		cmocka_unit_test(STS_3_2_13_patterns_are_a_labels),
		cmocka_unit_test(STS_3_2_14_the_syntax_of_extensions),
		cmocka_unit_test(
		    STS_3_2_15_STS_9_01_unknown_fields_are_ignored),
		cmocka_unit_test(STS_3_2_16_the_first_of_two_fields_counts),
		cmocka_unit_test(STS_3_2_17_every_mx_counts),
		cmocka_unit_test(STS_3_2_18_names_are_case_sensitive),
		cmocka_unit_test(STS_3_2_19_the_order_of_fields_is_free),
		cmocka_unit_test(STS_3_2_21_a_known_name_is_no_extension),
		cmocka_unit_test(
		    STS_3_2_22_an_invalid_body_is_applied_in_no_part),
		cmocka_unit_test(
		    STS_3_3_12_a_body_of_64_kib_is_read_and_no_octet_more),
		cmocka_unit_test(as_many_patterns_as_fit_are_kept),
		cmocka_unit_test(STS_4_1_01_one_matching_pattern_suffices),
		cmocka_unit_test(
		    STS_4_1_04_the_name_in_the_mx_record_is_matched),
		cmocka_unit_test(
		    STS_4_1_05_an_implicit_mx_is_the_domain_itself),
		cmocka_unit_test(a_pattern_alone_is_judged_as_in_a_body),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(a_stored_policy_is_a_view_or_refused),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
