/* rules/domain: any octets as a name. */
#include "rules/domain.h"

#include "base/span.h"
#include "fuzz/fuzz.h"

static bool
is_canonical_octet(unsigned char c)
{
	return span_is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' ||
	    c == '.';
}

static bool
ends_in_number(const char *name)
{
	const char *label = strrchr(name, '.') + 1;

	return label[strspn(label, "0123456789")] == '\0';
}

static void
check_canonical(const char *name)
{
	struct span rest = span_str(name);
	char again[DOMAIN_SIZE];

	span_while(&rest, is_canonical_octet);
	assert_true(span_empty(rest));
	assert_non_null(strchr(name, '.'));
	assert_in_range(strlen(name), 3, DOMAIN_MAX - DOMAIN_PREFIX_MAX);
	assert_int_equal(domain_normalise(name, strlen(name), again),
	    DOMAIN_OK);
	assert_string_equal(name, again);
	/* A domain may be its own MX host, if its top-level domain can exist. */
	if (domain_host(name, strlen(name), again))
		assert_string_equal(name, again);
	else
		assert_true(ends_in_number(name));
}

static void
check_derived(const char *name)
{
	char record[DOMAIN_SIZE], host[DOMAIN_SIZE];

	domain_record_name(name, record);
	assert_int_equal(strlen(record), strlen(name) + DOMAIN_PREFIX_MAX);
	assert_string_equal(record + DOMAIN_PREFIX_MAX, name);
	domain_policy_host(name, host);
	assert_string_equal(host, record + 1);
}

/* Upper case and a dot at the end lead to the same. */
static void
check_variant(const char *name)
{
	char variant[DOMAIN_SIZE + 1], out[DOMAIN_SIZE];
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		variant[i] = name[i] >= 'a' && name[i] <= 'z' ?
		    (char)(name[i] - 'a' + 'A') : name[i];
	variant[i++] = '.';
	assert_int_equal(domain_normalise(variant, i, out), DOMAIN_OK);
	assert_string_equal(out, name);
}

static void
check_name(const char *data, size_t len)
{
	char out[DOMAIN_SIZE];
	enum domain_status status;

	memset(out, 'z', sizeof(out));
	status = domain_normalise(data, len, out);
	assert_non_null(memchr(out, '\0', sizeof(out)));
	if (status == DOMAIN_OK) {
		check_canonical(out);
		check_derived(out);
		check_variant(out);
	} else {
		assert_string_equal(out, "");
	}

	memset(out, 'z', sizeof(out));
	if (domain_host(data, len, out)) {
		char again[DOMAIN_SIZE];

		assert_in_range(strlen(out), 1, DOMAIN_MAX);
		assert_true(domain_host(out, strlen(out), again));
		assert_string_equal(out, again);
	} else {
		assert_string_equal(out, "");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_name((const char *)data, size);
	return 0;
}
