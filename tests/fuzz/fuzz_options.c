/* api/options_file: any text as mtasts.conf(5). */
#include <config.h>

#include "api/options_kind.h"

#include "base/span.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "milter/endpoint.h"

/* The number of an option, -1 of one that has none. */
static int64_t
number(const struct mtasts_options *options, const struct option *option)
{
	return mtasts_options_number(options, option->name);
}

static void
check_number(const struct mtasts_options *options, const struct option *option)
{
	int64_t value = number(options, option);

	if (option->max > 0 && value >= 0)
		assert_in_range(value, option->min, option->max);
}

static void
check_value(const struct option *option, const char *value)
{
	struct endpoint endpoint;
	char again[2 * ENDPOINT_SIZE + 32];

	if (option->check != NULL && value[0] != '\0')
		assert_true(option->check(value));
	if (option->check != option_is_socket ||
	    !endpoint_parse(value, &endpoint))
		return;
	endpoint_format(&endpoint, again, sizeof(again));
	assert_true(endpoint_parse(again, &endpoint));
}

static void
check_option(const struct mtasts_options *options, const struct option *option)
{
	const char *value = mtasts_options_text(options, option->name);
	size_t i;

	check_number(options, option);
	if (value != NULL)
		check_value(option, value);
	for (i = 0;
	     (value = mtasts_options_item(options, option->name, i)) != NULL;
	     i++)
		check_value(option, value);
	if (option->count != 0)
		assert_int_equal(
		    *(const size_t *)option_field(options, option->count) > 0,
		    *(void *const *)option_field(options, option->field) !=
			NULL);
}

/* The first of two that differ. */
static const char *
difference(const struct mtasts_options *a, const struct mtasts_options *b)
{
	size_t i, n;

	for (i = 0; i < OPTION_COUNT; i++) {
		const char *name = option_table[i].name, *one, *two;

		if (number(a, &option_table[i]) != number(b, &option_table[i]))
			return name;
		one = mtasts_options_text(a, name);
		two = mtasts_options_text(b, name);
		for (n = 0; one != NULL || two != NULL; n++) {
			if (one == NULL || two == NULL || strcmp(one, two) != 0)
				return name;
			one = mtasts_options_item(a, name, n);
			two = mtasts_options_item(b, name, n);
		}
	}
	return NULL;
}

/* Nothing is set, and there is a line to look at. */
static void
check_error(
    const struct mtasts_options *options, const struct mtasts_error *err)
{
	struct mtasts_options *defaults;

	assert_int_equal(mtasts_options_new(&defaults), MTASTS_OK);
	assert_null(difference(options, defaults));
	mtasts_options_free(&defaults);
	assert_int_equal(err->status, MTASTS_CONFIG);
	assert_int_equal(strncmp(err->text, "f:", 2), 0);
	assert_true(span_is_digit((unsigned char)err->text[2]));
	assert_true(text_is_clean(err->text, strlen(err->text)));
}

static enum mtasts_status
parse(struct mtasts_options *options, const uint8_t *data, size_t size,
    struct mtasts_error *err)
{
	char *text = malloc(size + 1);
	enum mtasts_status status;

	assert_non_null(text);
	memcpy(text, data, size);
	text[size] = '\0';
	status = options_parse(options, "f", text, err);
	free(text);
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mtasts_error err = { 0 };
	struct mtasts_options *options;
	enum mtasts_status status;
	size_t i;

	assert_int_equal(mtasts_options_new(&options), MTASTS_OK);
	status = parse(options, data, size, &err);
	if (status == MTASTS_OK)
		for (i = 0; i < OPTION_COUNT; i++)
			check_option(options, &option_table[i]);
	else
		check_error(options, &err);
	mtasts_options_free(&options);
	return 0;
}
