/* SMTP replies (issue 2, Bad input). Each row is read whole, and octet by
 * octet. */
#include <config.h>

#include "io/smtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum smtp_event
feed(struct smtp *smtp, const char *data, size_t len, size_t step,
    size_t *total)
{
	enum smtp_event event = SMTP_MORE;
	size_t n, used;
	char *copy;

	for (*total = 0; *total < len && event == SMTP_MORE; *total += used) {
		n = len - *total < step ? len - *total : step;
		copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, data + *total, n);
		event = smtp_read(smtp, copy, n, &used);
		free(copy);
	}
	return event;
}

static void
replies_are_read(void **state)
{
	static const struct {
		const char *in;
		enum smtp_event event;
		int code;
		bool starttls;
		const char *text; /* or the flaw */
		size_t left;
	} rows[] = {
		{ "220 hello\r\n", SMTP_REPLY, 220, false, "hello", 0 },
		{ "220 hello\n", SMTP_REPLY, 220, false, "hello", 0 },
		{ "220\r\n", SMTP_REPLY, 220, false, "", 0 },
		{ "220-a\r\n220-\r\n220 c\r\n", SMTP_REPLY, 220, false, "c",
		    0 },
		{ "250-host\r\n250-STARTTLS\r\n250 SIZE\r\n", SMTP_REPLY, 250,
		    true, "SIZE", 0 },
		{ "250-host\r\n250-PIPELINING\r\n250 StartTls\r\n", SMTP_REPLY,
		    250, true, "StartTls", 0 },
		{ "250-host\r\n250 STARTTLS now\r\n", SMTP_REPLY, 250, true,
		    "STARTTLS now", 0 },
		{ "250 STARTTLS\r\n", SMTP_REPLY, 250, false, "STARTTLS", 0 },
		{ "250-host\r\n250 XSTARTTLS\r\n", SMTP_REPLY, 250, false,
		    "XSTARTTLS", 0 },
		{ "250-host\r\n250 STARTTLSX\r\n", SMTP_REPLY, 250, false,
		    "STARTTLSX", 0 },
		{ "250-host\r\n250 STARTXXX\r\n", SMTP_REPLY, 250, false,
		    "STARTXXX", 0 },
		{ "220 go\r\n250 more\r\n", SMTP_REPLY, 220, false, "go", 10 },
		{ "421 busy\r\n", SMTP_REPLY, 421, false, "busy", 0 },
		{ "554 no\r\n", SMTP_REPLY, 554, false, "no", 0 },
		{ "", SMTP_MORE, 0, false, "", 0 },
		{ "220 hello", SMTP_MORE, 0, false, "", 0 },
		{ "220-hello\r\n", SMTP_MORE, 220, false, "hello", 0 },
		{ "SSH-2.0-x\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply",
		    8 },
		{ "\x16\x03\x01\x02", SMTP_GARBAGE, 0, false,
		    "not an SMTP reply", 1 },
		{ "\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply", 0 },
		{ "22\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply", 1 },
		{ "120 x\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply", 4 },
		{ "620 x\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply", 4 },
		{ "220x\r\n", SMTP_GARBAGE, 0, false, "not an SMTP reply", 0 },
		{ "220-a\r\n250 b\r\n", SMTP_GARBAGE, 220, false,
		    "reply changes its code", 0 },
	};
	struct smtp smtp;
	size_t i, step, total, len;
	enum smtp_event event;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (step = 1; step <= 64; step += 63) {
			len = strlen(rows[i].in);
			smtp_init(&smtp);
			event = feed(&smtp, rows[i].in, len, step, &total);
			if (event != rows[i].event ||
			    smtp.starttls != rows[i].starttls ||
			    (event != SMTP_GARBAGE &&
				(smtp.code != rows[i].code ||
				    strcmp(smtp.text, rows[i].text) != 0)) ||
			    (event == SMTP_GARBAGE &&
				strcmp(smtp.flaw, rows[i].text) != 0) ||
			    len - total != rows[i].left)
				fail_msg("row %zu by %zu: %d %d '%s' '%s' %zu",
				    i, step, event, smtp.code, smtp.text,
				    smtp.flaw, len - total);
		}
}

static void
each_reply_begins_anew(void **state)
{
	struct smtp smtp;
	size_t used;

	(void)state;
	smtp_init(&smtp);
	assert_int_equal(smtp_read(&smtp, "250-a\r\n250 STARTTLS\r\n", 21,
			     &used), SMTP_REPLY);
	assert_true(smtp.starttls);
	assert_int_equal(smtp_read(&smtp, "22", 2, &used), SMTP_MORE);
	assert_int_equal(smtp_read(&smtp, "0 go\r\n", 6, &used), SMTP_REPLY);
	assert_int_equal(smtp.code, 220);
	assert_false(smtp.starttls);
	assert_string_equal(smtp.text, "go");
}

static void
lines_and_octets_are_bounded(void **state)
{
	static char line[SMTP_LINE_MAX + 3];
	struct smtp smtp;
	enum smtp_event event;
	size_t i, used, total;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "220 ", 4);
	smtp_init(&smtp);
	assert_int_equal(feed(&smtp, line, SMTP_LINE_MAX, 100, &total),
	    SMTP_MORE);
	assert_int_equal(smtp_read(&smtp, "\n", 1, &used), SMTP_REPLY);
	smtp_init(&smtp);
	assert_int_equal(feed(&smtp, line, SMTP_LINE_MAX + 1, 100, &total),
	    SMTP_GARBAGE);
	assert_string_equal(smtp.flaw, "line too long");

	smtp_init(&smtp);
	for (i = 0; i < SMTP_LINES_MAX; i++)
		assert_int_equal(smtp_read(&smtp, "250-x\r\n", 7, &used),
		    SMTP_MORE);
	assert_int_equal(smtp_read(&smtp, "250-x\r\n", 7, &used),
	    SMTP_GARBAGE);
	assert_string_equal(smtp.flaw, "reply of too many lines");

	smtp_init(&smtp);
	line[1000] = '\n';
	for (i = 0; i < 100; i++)
		if ((event = smtp_read(&smtp, line, 1001, &used)) ==
		    SMTP_GARBAGE)
			break;
	assert_int_equal(i, SMTP_OCTETS_MAX / 1001);
	assert_string_equal(smtp.flaw, "too many octets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(each_reply_begins_anew),
		cmocka_unit_test(lines_and_octets_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
