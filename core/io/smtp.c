/*
 * smtp: replies, one octet after the other (RFC 5321, 4.2; RFC 3207, 4).
 *
 * A reply is lines of three digits, "-" or the last time a space, and text. A
 * bare LF ends a line too. Knows no commands and no order of things: that is
 * probe_dialogue.c.
 *
 * Test: tests/unit/test_smtp.c
 */
#include <config.h>

#include "io/smtp.h"

#include "base/span.h"

#include <string.h>

void
smtp_init(struct smtp *smtp)
{
	*smtp = (struct smtp){ .flaw = "" };
}

static enum smtp_event
garbage(struct smtp *smtp, const char *flaw)
{
	smtp->flaw = flaw;
	return SMTP_GARBAGE;
}

/* "250-STARTTLS": the word after the code, whatever its case, alone or with
 * parameters that nobody has defined. */
static bool
is_starttls(struct span text)
{
	static const char word[] = "STARTTLS";
	size_t i;
	char c;

	if (text.len < sizeof(word) - 1)
		return false;
	for (i = 0; i < sizeof(word) - 1; i++) {
		c = text.data[i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c != word[i])
			return false;
	}
	return i == text.len || span_is_blank((unsigned char)text.data[i]);
}

/* Three digits, the first 2 to 5; -1 if it is none. */
static int
reply_code(struct span line)
{
	int code = 0;
	size_t i;

	if (line.len < 3 || line.data[0] < '2' || line.data[0] > '5')
		return -1;
	for (i = 0; i < 3; i++) {
		if (!span_is_digit((unsigned char)line.data[i]))
			return -1;
		code = code * 10 + (line.data[i] - '0');
	}
	return code;
}

/* A reply begins: forget the one before. */
static void
begin(struct smtp *smtp)
{
	smtp->code = 0;
	smtp->starttls = false;
	smtp->text[0] = '\0';
	smtp->lines = 0;
}

static void
keep_text(struct smtp *smtp, struct span text)
{
	memcpy(smtp->text, text.data, text.len);
	smtp->text[text.len] = '\0';
}

static enum smtp_event
read_line(struct smtp *smtp, struct span line)
{
	int code = reply_code(line);
	bool last = line.len == 3 || line.data[3] == ' ';
	struct span text;

	if (code < 0 || (!last && line.data[3] != '-'))
		return garbage(smtp, "not an SMTP reply");
	if (smtp->lines > 0 && code != smtp->code)
		return garbage(smtp, "reply changes its code");
	if (++smtp->lines > SMTP_LINES_MAX)
		return garbage(smtp, "reply of too many lines");
	text = line.len > 4 ? span_of(line.data + 4, line.len - 4) :
			      span_str("");
	/* The first line of a reply to EHLO is the host's name. */
	if (smtp->lines > 1 && is_starttls(text))
		smtp->starttls = true;
	smtp->code = code;
	keep_text(smtp, text);
	return last ? SMTP_REPLY : SMTP_MORE;
}

static enum smtp_event
end_line(struct smtp *smtp)
{
	struct span line = span_of(smtp->line, smtp->len);

	smtp->len = 0;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return read_line(smtp, line);
}

static enum smtp_event
read_octet(struct smtp *smtp, char c)
{
	if (++smtp->octets > SMTP_OCTETS_MAX)
		return garbage(smtp, "too many octets");
	if (c == '\n')
		return end_line(smtp);
	if (smtp->len == SMTP_LINE_MAX)
		return garbage(smtp, "line too long");
	smtp->line[smtp->len++] = c;
	/* Garbage that never ends a line is garbage at once. */
	if (smtp->len == 3 && reply_code(span_of(smtp->line, 3)) < 0)
		return garbage(smtp, "not an SMTP reply");
	return SMTP_MORE;
}

enum smtp_event
smtp_read(struct smtp *smtp, const char *data, size_t len, size_t *used)
{
	enum smtp_event event = SMTP_MORE;
	size_t i;

	if (smtp->complete)
		begin(smtp);
	for (i = 0; i < len && event == SMTP_MORE; i++)
		event = read_octet(smtp, data[i]);
	*used = i;
	smtp->complete = event == SMTP_REPLY;
	return event;
}
