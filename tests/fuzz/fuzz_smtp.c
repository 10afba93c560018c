/*
 * io/smtp: any octets as replies of an MX host, one behind the other (RFC 5321,
 * 4.2). The first octet is the size of the pieces they arrive in.
 */
#include <config.h>

#include "io/smtp.h"

#include "fuzz/fuzz.h"

#include <strings.h>

static bool
names_starttls(const char *data, size_t len)
{
	static const char word[] = "STARTTLS";
	size_t i;

	for (i = 0; i + sizeof(word) - 1 <= len; i++)
		if (strncasecmp(data + i, word, sizeof(word) - 1) == 0)
			return true;
	return false;
}

/* One reply: from where it begins, as far as it goes. *used counts. */
static enum smtp_event
read_reply(struct smtp *smtp, const char *data, size_t len, size_t piece,
    size_t *used)
{
	enum smtp_event event = SMTP_MORE;
	size_t n, taken;

	for (*used = 0; *used < len && event == SMTP_MORE; *used += taken) {
		n = len - *used < piece ? len - *used : piece;
		event = smtp_read(smtp, data + *used, n, &taken);
		assert_in_range(taken, 1, n);
		assert_true(event != SMTP_MORE || taken == n);
	}
	return event;
}

static void
check_reply(const struct smtp *smtp, const char *data, size_t used)
{
	assert_in_range(smtp->code, 200, 599);
	assert_in_range(smtp->lines, 1, SMTP_LINES_MAX);
	assert_int_equal(data[used - 1], '\n');
	assert_non_null(memchr(smtp->text, '\0', sizeof(smtp->text)));
	assert_string_equal(smtp->flaw, "");
	if (smtp->starttls) {
		assert_true(smtp->lines > 1);
		assert_true(names_starttls(data, used));
	}
}

static void
check_same(const struct smtp *a, const struct smtp *b)
{
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->starttls, b->starttls);
	assert_int_equal(a->lines, b->lines);
	assert_string_equal(a->text, b->text);
	assert_string_equal(a->flaw, b->flaw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum smtp_event event = SMTP_REPLY;
	struct smtp whole, pieces;
	const char *at = (const char *)data + 1;
	size_t used, again, total = 0, left;

	if (size == 0)
		return 0;
	smtp_init(&whole);
	smtp_init(&pieces);
	for (left = size - 1; left > 0 && event == SMTP_REPLY; left -= used) {
		event = read_reply(&whole, at, left, left, &used);
		assert_int_equal(read_reply(&pieces, at, left,
				     (size_t)data[0] + 1, &again),
		    event);
		assert_int_equal(used, again);
		check_same(&whole, &pieces);
		if (event == SMTP_REPLY)
			check_reply(&whole, at, used);
		assert_int_equal(event == SMTP_GARBAGE,
		    whole.flaw[0] != '\0');
		at += used;
		total += used;
	}
	assert_in_range(total, 0, SMTP_OCTETS_MAX + 1);
	return 0;
}
