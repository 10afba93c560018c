/* Collecting HTTP answers (STS-3.3-12; issue 2, Bad input). */
#include <config.h>

#include "io/https_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct https_reader reader;

static int
clean(void **state)
{
	(void)state;
	https_reader_free(&reader);
	return 0;
}

static bool
line(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ok = https_reader_line(&reader, copy, len);
	free(copy);
	return ok;
}

static void
fields_of_the_last_head_count(void **state)
{
	(void)state;
	https_reader_init(&reader, 100);
	assert_true(line("HTTP/1.1 103 Early Hints\r\n"));
	assert_true(line("Content-Type: text/html\r\n"));
	assert_true(line("Content-Encoding: gzip\r\n"));
	assert_true(line("\r\n"));
	assert_true(line("HTTP/1.1 200 OK\r\n"));
	assert_true(line("cOnTeNt-TyPe:   text/plain; charset=utf-8  \r\n"));
	assert_true(line("X-Content-Type: no\r\n"));
	assert_true(line("Content-Typewriter: no\r\n"));
	assert_true(line("no colon\r\n"));
	assert_true(line("\r\n"));
	/* a trailer */
	assert_true(line("Content-Type: text/evil\r\n"));
	assert_int_equal(reader.code, 200);
	assert_string_equal(reader.content_type.value,
	    "text/plain; charset=utf-8");
	assert_false(reader.content_encoding.present);
}

static void
repeated_fields_are_joined(void **state)
{
	char longest[HTTPS_VALUE_SIZE + 32] = "Content-Type: ";

	(void)state;
	https_reader_init(&reader, 100);
	line("HTTP/1.1 200 OK\r\n");
	line("Content-Type: text/plain\r\n");
	line("Content-Type: text/html\r\n");
	assert_string_equal(reader.content_type.value, "text/plain, text/html");

	/* Too long, or with a NUL: present, and no use. */
	memset(longest + 14, 'x', HTTPS_VALUE_SIZE);
	line("HTTP/1.1 200 OK\r\n");
	line(longest);
	line("Content-Type: text/plain\r\n");
	assert_true(reader.content_type.present);
	assert_string_equal(reader.content_type.value, "");
	line("HTTP/1.1 200 OK\r\n");
	assert_true(https_reader_line(&reader, "Content-Type: text/plain\0x",
	    26));
	assert_string_equal(reader.content_type.value, "");
}

static void
end_of_a_body_is_told_or_not(void **state)
{
	static const struct {
		const char *line;
		bool delimited;
	} rows[] = {
		{ "Content-Length: 5\r\n", true },
		{ "transfer-encoding: gzip, Chunked\r\n", true },
		{ "Transfer-Encoding: chunked\r\n", true },
		{ "Transfer-Encoding: unchunked\r\n", false },
		{ "Transfer-Encoding: gzip\r\n", false },
		{ "Connection: close\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		https_reader_init(&reader, 100);
		line("HTTP/1.1 200 OK\r\n");
		line(rows[i].line);
		assert_int_equal(reader.delimited, rows[i].delimited);
		line("HTTP/1.1 200 OK\r\n");
		assert_false(reader.delimited);
	}
}

static void
status_codes(void **state)
{
	static const struct {
		const char *line;
		int code;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n", 200 },
		{ "HTTP/1.0 404\r\n", 404 },
		{ "HTTP/2 200 \r\n", 200 },
		{ "HTTP/1.1\r\n", 0 },
		{ "HTTP/1.1 20\r\n", 0 },
		{ "HTTP/1.1 2000\r\n", 0 },
		{ "HTTP/1.1 abc\r\n", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		https_reader_init(&reader, 100);
		assert_true(line(rows[i].line));
		assert_int_equal(reader.code, rows[i].code);
	}
}

static void
heads_are_bounded_together(void **state)
{
	int i = 0;

	(void)state;
	https_reader_init(&reader, 100);
	while (line("HTTP/1.1 100 Continue\r\n") && line("\r\n"))
		i++;
	assert_true(reader.too_large);
	assert_int_equal(i, HTTPS_HEAD_MAX / 25);
	assert_false(line("x"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
}

static void
body_is_bounded_to_the_octet(void **state)
{
	static char chunk[1000];
	size_t i;

	(void)state;
	https_reader_init(&reader, 65536);
	for (i = 0; i < 65; i++)
		assert_true(https_reader_body(&reader, chunk, 1000));
	assert_true(https_reader_body(&reader, chunk, 536));
	assert_int_equal(reader.len, 65536);
	assert_true(https_reader_body(&reader, chunk, 0));
	assert_false(reader.too_large);
	assert_false(https_reader_body(&reader, chunk, 1));
	assert_true(reader.too_large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_the_last_head_count),
		cmocka_unit_test(repeated_fields_are_joined),
		cmocka_unit_test(end_of_a_body_is_told_or_not),
		cmocka_unit_test(status_codes),
		cmocka_unit_test(heads_are_bounded_together),
		cmocka_unit_test_teardown(body_is_bounded_to_the_octet, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
