/*
 * https_reader: the head and body of an HTTP answer, bounded while they arrive
 * (RFC 8461, 3.3; RFC 9110, 5.3 and 15.2).
 *
 * An answer may have several heads: interim ones (1xx) and the final one, and
 * each begins anew. Knows no policy: every code and type is collected.
 *
 * Test: tests/unit/test_https_reader.c
 */
#include <config.h>

#include "io/https_reader.h"

#include "base/span.h"

#include <stdlib.h>
#include <string.h>

void
https_reader_init(struct https_reader *reader, size_t body_max)
{
	*reader = (struct https_reader){ .body_max = body_max };
}

void
https_reader_free(struct https_reader *reader)
{
	free(reader->body);
	reader->body = NULL;
}

/* Names of fields and codings do not depend on case. */
static bool
is_name(struct span name, const char *expected)
{
	size_t i;
	char c;

	if (name.len != strlen(expected))
		return false;
	for (i = 0; i < name.len; i++) {
		c = name.data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != expected[i])
			return false;
	}
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span
trim(struct span span)
{
	while (span.len > 0 && is_space(span.data[0])) {
		span.data++;
		span.len--;
	}
	while (span.len > 0 && is_space(span.data[span.len - 1]))
		span.len--;
	return span;
}

/* Half a value is worse than none: what does not fit makes it "". */
static void
field_add(struct https_field *field, struct span value)
{
	size_t used = strlen(field->value), gap = used > 0 ? 2 : 0;
	bool again = field->present;

	field->present = true;
	if (used + gap + value.len >= sizeof(field->value) ||
	    memchr(value.data, '\0', value.len) != NULL ||
	    (again && used == 0)) {
		field->value[0] = '\0';
		return;
	}
	memcpy(field->value + used, ", ", gap);
	memcpy(field->value + used + gap, value.data, value.len);
	field->value[used + gap + value.len] = '\0';
}

/* "HTTP/1.1 200 OK": the second word; 0 if that is no code. */
static int
status_code(struct span line)
{
	struct span word;
	int code = 0;
	size_t i;

	(void)span_until(&line, ' ', NULL);
	word = span_while(&line, span_is_digit);
	if (word.len != 3)
		return 0;
	for (i = 0; i < word.len; i++)
		code = code * 10 + (word.data[i] - '0');
	return code;
}

static void
begin_head(struct https_reader *reader, struct span line)
{
	reader->code = status_code(line);
	reader->delimited = false;
	reader->content_type = (struct https_field){ .present = false };
	reader->content_encoding = (struct https_field){ .present = false };
}

/* "chunked", or a list of codings that ends in it. */
static bool
is_chunked(struct span value)
{
	static const char chunked[] = "chunked";
	size_t len = sizeof(chunked) - 1;

	if (value.len < len ||
	    !is_name(span_of(value.data + value.len - len, len), chunked))
		return false;
	value.len -= len;
	return value.len == 0 || value.data[value.len - 1] == ',' ||
	    is_space(value.data[value.len - 1]);
}

static void
read_field(struct https_reader *reader, struct span name, struct span value)
{
	if (is_name(name, "content-type"))
		field_add(&reader->content_type, value);
	else if (is_name(name, "content-encoding"))
		field_add(&reader->content_encoding, value);
	else if (is_name(name, "content-length"))
		reader->delimited = true;
	else if (is_name(name, "transfer-encoding") && is_chunked(value))
		reader->delimited = true;
}

static void
read_line(struct https_reader *reader, struct span line)
{
	struct span name;
	bool colon;

	if (span_starts(line, "HTTP/")) {
		begin_head(reader, line);
		return;
	}
	if (trim(line).len == 0) {
		reader->ended = reader->code >= 200;
		return;
	}
	name = span_until(&line, ':', &colon);
	if (colon)
		read_field(reader, name, trim(line));
}

bool
https_reader_line(struct https_reader *reader, const char *line, size_t len)
{
	if (len > HTTPS_HEAD_MAX - reader->head_octets) {
		reader->too_large = true;
		return false;
	}
	reader->head_octets += len;
	if (!reader->ended)
		read_line(reader, span_of(line, len));
	return true;
}

static bool
grow(struct https_reader *reader, size_t need)
{
	size_t room = reader->room == 0 ? 4096 : reader->room;
	char *body;

	while (room < need)
		room *= 2;
	if (room == reader->room)
		return true;
	if ((body = realloc(reader->body, room)) == NULL) {
		reader->nomem = true;
		return false;
	}
	reader->body = body;
	reader->room = room;
	return true;
}

bool
https_reader_body(struct https_reader *reader, const char *data, size_t len)
{
	if (len > reader->body_max - reader->len) {
		reader->too_large = true;
		return false;
	}
	if (len == 0)
		return true;
	if (!grow(reader, reader->len + len))
		return false;
	memcpy(reader->body + reader->len, data, len);
	reader->len += len;
	return true;
}
