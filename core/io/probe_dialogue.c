/*
 * probe_dialogue: greeting, EHLO, STARTTLS (RFC 5321, 3.1 to 3.3; RFC 3207).
 *
 * 4xx replies are PROBE_CONNECT_FAILED, so that a busy host never looks like an
 * attack. Whoever is on the path may put octets behind the STARTTLS reply; a
 * server never speaks there, so any are a failure (RFC 3207, 6).
 *
 * Test: tests/unit/test_probe.c, tests/fuzz/fuzz_smtp.c
 */
#include <config.h>

#include "io/probe_dialogue.h"

#include "base/text.h"

#include <string.h>

void
dialogue_begin(struct dialogue *dialogue)
{
	*dialogue = (struct dialogue){ .said = DIALOGUE_LISTEN };
	smtp_init(&dialogue->smtp);
}

static enum dialogue_step
say(struct dialogue *d, enum dialogue_step step)
{
	d->said = step;
	return step;
}

static enum dialogue_step
leave(struct dialogue *d, enum probe_status status, const char *words)
{
	d->status = status;
	(void)text_escaped(d->detail, sizeof(d->detail), words, strlen(words));
	return say(d, DIALOGUE_LEAVE);
}

/* Decided by a reply: its code and last line, after some words of ours. */
static enum dialogue_step
refuse(struct dialogue *d, enum probe_status status, const char *words)
{
	struct text text;

	d->status = status;
	text_init(&text, d->detail, sizeof(d->detail));
	text_printf(&text, "%s: %d ", words, d->smtp.code);
	text_escape(&text, d->smtp.text, strlen(d->smtp.text));
	return say(d, DIALOGUE_QUIT);
}

static enum dialogue_step
on_greeting(struct dialogue *d)
{
	if (d->smtp.code == 220)
		return say(d, DIALOGUE_EHLO);
	return refuse(d,
	    d->smtp.code / 100 == 4 ? PROBE_CONNECT_FAILED : PROBE_NOT_SMTP,
	    "greeting");
}

static enum dialogue_step
on_ehlo(struct dialogue *d)
{
	if (d->smtp.code == 250 && d->smtp.starttls)
		return say(d, DIALOGUE_STARTTLS);
	if (d->smtp.code == 250) {
		d->status = PROBE_NO_STARTTLS;
		d->detail[0] = '\0';
		return say(d, DIALOGUE_QUIT);
	}
	if (d->smtp.code / 100 == 4)
		return refuse(d, PROBE_CONNECT_FAILED, "EHLO");
	if (d->smtp.code / 100 == 5)
		return refuse(d, PROBE_NO_STARTTLS, "EHLO refused");
	return refuse(d, PROBE_NOT_SMTP, "EHLO");
}

static enum dialogue_step
on_starttls(struct dialogue *d)
{
	if (d->smtp.code == 220)
		return say(d, DIALOGUE_HANDSHAKE);
	return refuse(d, PROBE_STARTTLS_REFUSED, "STARTTLS refused");
}

static enum dialogue_step
on_reply(struct dialogue *d)
{
	switch (d->said) {
	case DIALOGUE_LISTEN:
		return on_greeting(d);
	case DIALOGUE_EHLO:
		return on_ehlo(d);
	case DIALOGUE_STARTTLS:
		return on_starttls(d);
	case DIALOGUE_HANDSHAKE:
	case DIALOGUE_QUIT:
	case DIALOGUE_LEAVE:
		break;
	}
	return DIALOGUE_LEAVE;
}

/* The reply is complete, and yet there is more. */
static enum dialogue_step
on_excess(struct dialogue *d)
{
	if (d->said == DIALOGUE_STARTTLS && d->smtp.code == 220)
		return leave(d, PROBE_TLS_FAILED, "plaintext after STARTTLS");
	return leave(d, PROBE_NOT_SMTP, "reply that was not asked for");
}

enum dialogue_step
dialogue_hear(struct dialogue *d, const char *data, size_t len)
{
	size_t used;
	enum smtp_event event = smtp_read(&d->smtp, data, len, &used);

	if (event == SMTP_MORE)
		return DIALOGUE_LISTEN;
	if (d->said == DIALOGUE_QUIT)
		return DIALOGUE_LEAVE;
	if (event == SMTP_GARBAGE)
		return leave(d, PROBE_NOT_SMTP, d->smtp.flaw);
	return used < len ? on_excess(d) : on_reply(d);
}
