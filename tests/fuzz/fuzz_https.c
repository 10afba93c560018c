/*
 * io/https_reader and rules/response: any octets as an HTTP answer, in lines
 * and pieces as libcurl hands them over (RFC 8461, 3.3). The first octet
 * chooses the limit of the body and the size of its pieces.
 */
#include <config.h>

#include "io/https_reader.h"

#include "base/span.h"
#include "fuzz/fuzz.h"
#include "rules/response.h"

#include <strings.h>

/* Every line up to the end of the last head. */
static bool
read_head(struct https_reader *reader, struct span *rest)
{
	while (!reader->ended && !span_empty(*rest)) {
		const char *line = rest->data;
		bool found;

		span_until(rest, '\n', &found);
		if (!https_reader_line(
			reader, line, (size_t)(rest->data - line)))
			return false;
		if (!found)
			break;
	}
	return reader->ended;
}

static void
read_all(
    struct https_reader *reader, struct span rest, size_t limit, size_t piece)
{
	size_t n;

	https_reader_init(reader, limit);
	if (!read_head(reader, &rest))
		return;
	while (!span_empty(rest)) {
		n = rest.len < piece ? rest.len : piece;
		if (!https_reader_body(reader, rest.data, n))
			return;
		rest = span_of(rest.data + n, rest.len - n);
	}
}

static void
check_field(const struct https_field *field)
{
	assert_non_null(memchr(field->value, '\0', sizeof(field->value)));
	assert_true(field->present || field->value[0] == '\0');
	assert_int_equal(strspn(field->value, " \t\r\n"), 0);
}

static void
check_reader(const struct https_reader *reader, struct span all, size_t limit)
{
	struct span body = span_of(
	    all.data + reader->head_octets, all.len - reader->head_octets);

	assert_in_range(reader->head_octets, 0, HTTPS_HEAD_MAX);
	assert_true(
	    reader->code == 0 || (reader->code >= 0 && reader->code <= 999));
	check_field(&reader->content_type);
	check_field(&reader->content_encoding);
	assert_in_range(reader->len, 0, limit);
	assert_true(reader->len <= reader->room);
	assert_false(reader->nomem);
	if (!reader->ended) {
		assert_int_equal(reader->len, 0);
		return;
	}
	assert_int_equal(reader->too_large, body.len > limit);
	if (!reader->too_large)
		assert_int_equal(reader->len, body.len);
	if (reader->len > 0)
		assert_memory_equal(reader->body, body.data, reader->len);
}

static const char *
value_of(const struct https_field *field)
{
	return field->present ? field->value : NULL;
}

/* Only a final 200 of one plain type, without a coding, is a policy. */
static void
check_response(const struct https_reader *reader)
{
	const char *type = reader->content_type.value;
	struct response response = { reader->code,
		value_of(&reader->content_type),
		value_of(&reader->content_encoding) };
	char detail[RESPONSE_DETAIL_SIZE];

	if (response_check(&response, detail) != MTASTS_REASON_POLICY)
		return;
	assert_int_equal(reader->code, 200);
	assert_int_equal(strncasecmp(type, "text/plain", 10), 0);
	assert_non_null(strchr("; \t", type[10])); /* or the end */
	if (strspn(reader->content_encoding.value, " \t;") == 0 &&
	    reader->content_encoding.value[0] != '\0')
		assert_int_equal(
		    strncasecmp(reader->content_encoding.value, "identity", 8),
		    0);
}

/* Lines behind the head are trailers: they change nothing. */
static void
check_trailers(const struct https_reader *reader)
{
	static const char line[] = "Content-Type: text/html\r\n";
	struct https_reader later = *reader;

	if (!reader->ended ||
	    !https_reader_line(&later, line, sizeof(line) - 1))
		return;
	assert_int_equal(later.code, reader->code);
	assert_string_equal(
	    later.content_type.value, reader->content_type.value);
}

/* How the octets arrive does not matter. */
static void
check_same(const struct https_reader *a, const struct https_reader *b)
{
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->ended, b->ended);
	assert_int_equal(a->delimited, b->delimited);
	assert_int_equal(a->too_large, b->too_large);
	if (!a->too_large) {
		assert_int_equal(a->len, b->len);
		if (a->len > 0)
			assert_memory_equal(a->body, b->body, a->len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t limits[] = { 0, 1, 40, 65536 };
	struct https_reader whole, pieces;
	struct span all;
	size_t limit;

	if (size == 0)
		return 0;
	all = span_of(data + 1, size - 1);
	limit = limits[data[0] % COUNT(limits)];
	read_all(&whole, all, limit, SIZE_MAX);
	read_all(&pieces, all, limit, 1 + data[0] / COUNT(limits));
	check_reader(&whole, all, limit);
	check_reader(&pieces, all, limit);
	check_same(&whole, &pieces);
	check_trailers(&whole);
	if (whole.ended)
		check_response(&whole);
	https_reader_free(&whole);
	https_reader_free(&pieces);
	return 0;
}
