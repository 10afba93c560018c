/*
 * io/smtp and io/probe_dialogue: any octets as replies of an MX host, one
 * behind the other (RFC 5321, 4.2). The first octet is the size of the pieces
 * they arrive in.
 */
#include <config.h>

#include "io/probe_dialogue.h"

#include "base/text.h"
#include "fuzz/fuzz.h"

#include <strings.h>

/* ---- Replies ------------------------------------------------------------- */

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
read_reply(
    struct smtp *smtp, const char *data, size_t len, size_t piece, size_t *used)
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

/* Reply after reply, whole and in pieces. */
static void
check_replies(const char *at, size_t size, size_t piece)
{
	enum smtp_event event = SMTP_REPLY;
	struct smtp whole, pieces;
	size_t used, again, total = 0, left;

	smtp_init(&whole);
	smtp_init(&pieces);
	for (left = size; left > 0 && event == SMTP_REPLY; left -= used) {
		event = read_reply(&whole, at, left, left, &used);
		assert_int_equal(
		    read_reply(&pieces, at, left, piece, &again), event);
		assert_int_equal(used, again);
		check_same(&whole, &pieces);
		if (event == SMTP_REPLY)
			check_reply(&whole, at, used);
		assert_int_equal(event == SMTP_GARBAGE, whole.flaw[0] != '\0');
		at += used;
		total += used;
	}
	assert_in_range(total, 0, SMTP_OCTETS_MAX + 1);
}

/* ---- Dialogues ----------------------------------------------------------- */

/* What is decided without TLS is never good, and is told in clean words. */
static void
check_finding(const struct dialogue *d)
{
	assert_in_range(d->status, PROBE_CONNECT_FAILED, PROBE_TLS_FAILED);
	assert_non_null(memchr(d->detail, '\0', sizeof(d->detail)));
	assert_true(text_is_clean(d->detail, strlen(d->detail)));
}

/* One step, from what was said before. */
static void
check_step(const struct dialogue *d, enum dialogue_step before,
    enum dialogue_step step, bool more)
{
	switch (step) {
	case DIALOGUE_LISTEN:
		break;
	case DIALOGUE_EHLO:
		assert_int_equal(before, DIALOGUE_LISTEN);
		assert_int_equal(d->smtp.code, 220);
		break;
	case DIALOGUE_STARTTLS:
		assert_int_equal(before, DIALOGUE_EHLO);
		assert_int_equal(d->smtp.code, 250);
		assert_true(d->smtp.starttls);
		break;
	case DIALOGUE_HANDSHAKE:
		assert_int_equal(before, DIALOGUE_STARTTLS);
		assert_int_equal(d->smtp.code, 220);
		assert_false(more);
		break;
	case DIALOGUE_QUIT:
		assert_int_not_equal(before, DIALOGUE_QUIT);
		check_finding(d);
		/* A busy host is none that lacks something. */
		if (before != DIALOGUE_STARTTLS && d->smtp.code / 100 == 4)
			assert_int_equal(d->status, PROBE_CONNECT_FAILED);
		break;
	case DIALOGUE_LEAVE:
		check_finding(d);
		break;
	}
}

/* What is sent at once: up to the end of a line, or all of it. */
static size_t
sent_at_once(const char *at, size_t left, bool all)
{
	const char *end = memchr(at, '\n', left);

	return all || end == NULL ? left : (size_t)(end - at) + 1;
}

static void
check_dialogue(const char *at, size_t left, bool all)
{
	enum dialogue_step step = DIALOGUE_LISTEN, before;
	struct dialogue dialogue;
	size_t n;

	dialogue_begin(&dialogue);
	for (; left > 0 && step != DIALOGUE_HANDSHAKE && step != DIALOGUE_LEAVE;
	     left -= n) {
		before = dialogue.said;
		n = sent_at_once(at, left, all);
		step = dialogue_hear(&dialogue, at, n);
		check_step(&dialogue, before, step,
		    memchr(at, '\n', n - 1) != NULL && dialogue.smtp.lines < 2);
		at += n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *replies = (const char *)data + 1;

	if (size == 0)
		return 0;
	check_replies(replies, size - 1, (size_t)data[0] + 1);
	check_dialogue(replies, size - 1, false);
	check_dialogue(replies, size - 1, true);
	return 0;
}
