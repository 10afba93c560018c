/* base/text: what hostile octets become. */
#include "base/text.h"

#include "fuzz/fuzz.h"
#include "fuzz/unescape.h"

/* Nothing is lost but the end. */
static void
check_size(const char *data, size_t len, size_t size)
{
	char *buf = malloc(size), *back = malloc(size);
	size_t n;

	assert_non_null(buf);
	assert_non_null(back);
	text_escaped(buf, size, data, len);
	assert_true(strlen(buf) < size);
	assert_true(text_is_clean(buf, strlen(buf)));
	n = unescape(buf, back);
	assert_true(n <= len);
	if (n != 0)
		assert_memory_equal(back, data, n);
	if (size > 4 * len)
		assert_int_equal(n, len);
	free(back);
	free(buf);
}

static void
check_escape(const char *data, size_t len)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 16, 61 };
	size_t i;

	for (i = 0; i < COUNT(sizes); i++)
		check_size(data, len, sizes[i]);
	check_size(data, len, 4 * len + 1);
}

/* What is clean stays as it is. */
static void
check_clean(const char *data, size_t len)
{
	size_t size = 4 * len + 1;
	char *once = malloc(size), *twice = malloc(size);
	struct text text;

	assert_non_null(once);
	assert_non_null(twice);
	text_init(&text, once, size);
	text_clean(&text, data, len);
	assert_false(text.cut);
	assert_true(text_is_clean(once, text.len));
	if (text_is_clean(data, len))
		assert_int_equal(text.len, len);
	text_init(&text, twice, size);
	text_clean(&text, once, strlen(once));
	assert_string_equal(once, twice);
	free(twice);
	free(once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_escape((const char *)data, size);
	check_clean((const char *)data, size);
	return 0;
}
