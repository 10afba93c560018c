/* rules/override: any octets as a file of overrides. */
#include "rules/override.h"

#include "base/text.h"
#include "fuzz/fuzz.h"

/* Names a corpus speaks of, and others. */
static const char *const names[] = { "example.com", "a.example.com",
	"partner.example", "a.partner.example", "b.a.partner.example",
	"xn--bcher-kva.example", "host.internal", "nobody.invalid", "a.b" };

/* What is found is the name itself, or stands above it. */
static void
check_found(const struct override *o, const char *name)
{
	size_t name_len = strlen(name), len = strlen(o->domain);
	const char *mx = NULL;
	size_t count;

	if (o->domain[0] == '.') {
		assert_true(len < name_len);
		assert_string_equal(o->domain, name + name_len - len);
	} else {
		assert_string_equal(o->domain, name);
	}
	assert_int_equal(o->skip, o->policy.mode == MTASTS_NO_POLICY);
	assert_int_equal(o->policy.mx_count > 0,
	    o->policy.mode >= MTASTS_MODE_TESTING);
	assert_int_equal(o->policy.max_age, 0);
	assert_true(o->line > 0);
	for (count = 0; (mx = policy_next_mx(&o->policy, mx)) != NULL;)
		count++;
	assert_int_equal(count, o->policy.mx_count);
}

static void
check_file(const char *data, size_t len)
{
	struct overrides *overrides;
	struct mtasts_error err = { 0 };
	enum mtasts_status status;
	size_t i;

	status = overrides_parse(span_of(data, len), "o", &overrides, &err);
	assert_true(status == MTASTS_OK || status == MTASTS_CONFIG);
	assert_int_equal(status == MTASTS_OK, overrides != NULL);
	if (status == MTASTS_CONFIG) {
		assert_int_equal(err.status, status);
		assert_true(strncmp(err.text, "o:", 2) == 0);
		assert_true(span_is_digit((unsigned char)err.text[2]));
		assert_non_null(strstr(err.text, "expected"));
		assert_true(text_is_clean(err.text, strlen(err.text)));
	}
	for (i = 0; i < COUNT(names); i++) {
		const struct override *o = overrides_find(overrides, names[i]);

		if (o != NULL)
			check_found(o, names[i]);
	}
	overrides_free(&overrides);
	assert_null(overrides);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_file((const char *)data, size);
	return 0;
}
