/* rules/override: the administrator's word about single domains. */
#include "rules/override.h"

#include "rules/domain.h"
#include "support/table.h"

static enum mtasts_status
parse(const char *text, size_t len, struct overrides **out,
    struct mtasts_error *err)
{
	char *copy = exact_copy(text, len);
	enum mtasts_status status;

	memset(err, 0, sizeof(*err));
	*out = (struct overrides *)err; /* must be overwritten */
	status = overrides_parse(span_of(copy, len), "overrides", out, err);
	free(copy);
	return status;
}

static struct overrides *
parse_valid(const char *text)
{
	struct overrides *overrides;
	struct mtasts_error err;
	enum mtasts_status status = parse(text, strlen(text), &overrides, &err);

	ROW_STR(text, err.text, "");
	ROW_INT(text, status, MTASTS_OK);
	assert_non_null(overrides);
	return overrides;
}

static void
a_line_names_a_domain_and_what_to_do(void **state)
{
	struct overrides *overrides = parse_valid(
	    "# ours\n"
	    "\n"
	    "example.com\t\tskip\n"
	    "  Example.NET.  enforce  mx=*.Example.net,mx.example.org # both\r\n"
	    "t.example testing mx=mx.t.example.\r\n"
	    "n.example none#nothing\n"
	    "b\xc3\xbc" "cher.example skip");
	const struct override *o;

	(void)state;
	o = overrides_find(overrides, "example.com");
	assert_non_null(o);
	assert_true(o->skip);
	assert_int_equal(o->policy.mode, MTASTS_NO_POLICY);
	assert_int_equal(o->line, 3);

	o = overrides_find(overrides, "example.net");
	assert_non_null(o);
	assert_false(o->skip);
	assert_string_equal(o->domain, "example.net");
	assert_int_equal(o->policy.mode, MTASTS_MODE_ENFORCE);
	assert_int_equal(o->policy.max_age, 0);
	assert_int_equal(o->policy.mx_count, 2);
	assert_true(policy_match(&o->policy, "a.example.net"));
	assert_true(policy_match(&o->policy, "mx.example.org"));
	assert_false(policy_match(&o->policy, "example.net"));

	o = overrides_find(overrides, "t.example");
	assert_non_null(o);
	assert_int_equal(o->policy.mode, MTASTS_MODE_TESTING);
	assert_string_equal(o->policy.mx, "mx.t.example");

	o = overrides_find(overrides, "n.example");
	assert_non_null(o);
	assert_int_equal(o->policy.mode, MTASTS_MODE_NONE);
	assert_int_equal(o->policy.mx_count, 0);

	assert_non_null(overrides_find(overrides, "xn--bcher-kva.example"));
	assert_null(overrides_find(overrides, "other.example"));
	overrides_free(&overrides);
	assert_null(overrides);
}

static void
the_most_specific_name_decides(void **state)
{
	static const struct {
		const char *domain;
		const char *found; /* NULL: none */
	} rows[] = {
		{ "partner.example", "partner.example" },
		{ "a.partner.example", ".partner.example" },
		{ "b.a.partner.example", ".a.partner.example" },
		{ "c.b.a.partner.example", ".a.partner.example" },
		{ "x.partner.example", "x.partner.example" },
		{ "y.x.partner.example", ".partner.example" },
		{ "other.example", ".example" },
		{ "host.internal", ".internal" },
		{ "a.host.internal", ".internal" },
		{ "internal", NULL },
		{ "partner.example.org", NULL },
		{ "xpartner.example", ".example" },
		{ "example.com", NULL },
	};
	struct overrides *overrides = parse_valid(
	    ".internal skip\n"
	    "x.partner.example skip\n"
	    ".a.partner.example skip\n"
	    ".partner.example skip\n"
	    ".example skip\n"
	    "partner.example skip\n");
	const struct override *o;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		o = overrides_find(overrides, rows[i].domain);
		ROW_STR(rows[i].domain, o == NULL ? "(none)" : o->domain,
		    rows[i].found == NULL ? "(none)" : rows[i].found);
	}
	overrides_free(&overrides);
}

static void
a_leading_dot_is_not_the_name_itself(void **state)
{
	struct overrides *overrides = parse_valid(".partner.example skip\n");

	(void)state;
	assert_null(overrides_find(overrides, "partner.example"));
	assert_non_null(overrides_find(overrides, "a.partner.example"));
	overrides_free(&overrides);
}

static void
a_file_of_nothing_overrides_nothing(void **state)
{
	static const char *const texts[] = { "", "\n\n", "# x", " \t\n#\n",
		"\r\n" };
	struct overrides *overrides;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		overrides = parse_valid(texts[i]);
		ROW_TRUE(texts[i], overrides_find(overrides, "a.b") == NULL);
		overrides_free(&overrides);
	}
	assert_null(overrides_find(NULL, "example.com"));
	overrides_free(&overrides);
	overrides_free(NULL);
}

static void
errors_tell_the_line_and_what_was_expected(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "example.com", "overrides:1: expected skip, none, testing or"
				 " enforce, not ''" },
		{ "\n# x\nexample.com Enforce", "overrides:3: expected skip,"
				 " none, testing or enforce, not 'Enforce'" },
		{ "example.com enforce", "overrides:1: expected mx= and"
					 " patterns after enforce" },
		{ "example.com testing # mx=a", "overrides:1: expected mx= and"
						" patterns after testing" },
		{ "example.com enforce a.b", "overrides:1: expected mx= and"
					     " patterns after enforce" },
		{ "example.com enforce mx=", "overrides:1: expected a host name"
					     " or *. and one, not ''" },
		{ "example.com enforce mx=a.b,", "overrides:1: expected a host"
						 " name or *. and one, not ''" },
		{ "example.com enforce mx=a.b,*", "overrides:1: expected a host"
						  " name or *. and one, not '*'" },
		{ "example.com enforce mx=a.b, c.d", "overrides:1: expected a"
						     " host name or *. and one, not ''" },
		{ "example.com enforce mx=a.b c.d", "overrides:1: expected the"
						    " end of the line, not 'c.d'" },
		{ "example.com skip mx=a.b", "overrides:1: expected the end of"
					     " the line, not 'mx=a.b'" },
		{ "example.com none mx=a.b", "overrides:1: expected the end of"
					     " the line, not 'mx=a.b'" },
		{ "localhost skip", "overrides:1: expected a domain, not"
				    " 'localhost' (single-label)" },
		{ "192.0.2.1 skip", "overrides:1: expected a domain, not"
				    " '192.0.2.1' (address-literal)" },
		{ "a_b.example skip", "overrides:1: expected a domain, not"
				      " 'a_b.example' (name-invalid)" },
		{ ". skip", "overrides:1: expected a domain, not '.'"
			    " (single-label)" },
		{ "..example skip", "overrides:1: expected a domain, not"
				    " '..example' (name-invalid)" },
		{ "*.example skip", "overrides:1: expected a domain, not"
				    " '*.example' (name-invalid)" },
		{ "a\x01.example skip", "overrides:1: expected a domain, not"
					" 'a\\x01.example' (name-invalid)" },
		{ "a.example skip\nb.example skip\nA.example. none\n",
		    "overrides:3: expected one override for a.example, line 1"
		    " has one" },
		{ ".a.example skip\n.a.example skip\n",
		    "overrides:2: expected one override for .a.example, line 1"
		    " has one" },
	};
	struct overrides *overrides;
	struct mtasts_error err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		ROW_INT(rows[i].text,
		    parse(rows[i].text, strlen(rows[i].text), &overrides, &err),
		    MTASTS_CONFIG);
		ROW_STR(rows[i].text, err.text, rows[i].want);
		ROW_INT(rows[i].text, err.status, MTASTS_CONFIG);
		ROW_TRUE(rows[i].text, overrides == NULL);
	}
	assert_int_equal(overrides_parse(span_str("x"), "f", &overrides, NULL),
	    MTASTS_CONFIG);
}

static void
a_nul_is_no_end_of_text(void **state)
{
	struct overrides *overrides;
	struct mtasts_error err;

	(void)state;
	assert_int_equal(parse(OCTETS("a.example skip\0 x\n"), &overrides,
			     &err),
	    MTASTS_CONFIG);
	assert_string_equal(err.text, "overrides:1: expected skip, none,"
				      " testing or enforce, not 'skip\\x00'");
}

static void
many_lines_are_found_again(void **state)
{
	enum { LINES = 2000 };
	char *text = malloc(LINES * 40), domain[40];
	struct overrides *overrides;
	size_t used = 0;
	int i;

	(void)state;
	assert_non_null(text);
	for (i = LINES; i-- > 0;)
		used += (size_t)sprintf(text + used,
		    "%sd%d.example enforce mx=mx%d.example\n",
		    i % 2 == 0 ? "" : ".", i, i);
	overrides = parse_valid(text);
	for (i = 0; i < LINES; i++) {
		const struct override *o;

		snprintf(domain, sizeof(domain), "%sd%d.example",
		    i % 2 == 0 ? "" : "x.", i);
		o = overrides_find(overrides, domain);
		assert_non_null(o);
		snprintf(domain, sizeof(domain), "mx%d.example", i);
		assert_string_equal(o->policy.mx, domain);
	}
	overrides_free(&overrides);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_a_domain_and_what_to_do),
		cmocka_unit_test(the_most_specific_name_decides),
		cmocka_unit_test(a_leading_dot_is_not_the_name_itself),
		cmocka_unit_test(a_file_of_nothing_overrides_nothing),
		cmocka_unit_test(errors_tell_the_line_and_what_was_expected),
		cmocka_unit_test(a_nul_is_no_end_of_text),
		cmocka_unit_test(many_lines_are_found_again),
	};

	return cmocka_run_group_tests_name("override", tests, NULL, NULL);
}
