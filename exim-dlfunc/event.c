/*
 * event: from the order in which Exim tells of a connection,
 *
 *	tcp:connect  smtp:connect  smtp:ehlo
 *	[tls:cert for each certificate, the host's own with depth 0  smtp:ehlo]
 *	[dane:fail]  tcp:close
 *
 * to one outcome. tcp:close is the best record: with testing as with enforce it
 * knows whether TLS was verified. Exim does not tell why a certificate was not;
 * only that it had expired can be seen.
 *
 * Knows no connection but the present one, and no policy.
 *
 * Test: tests/unit/test_exim.c
 */
#include "event.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a fact; "" if it is not given. Ends at a blank. */
static const char *
fact(const char *facts, const char *key)
{
	size_t len = strlen(key);
	const char *at = facts;

	while (at != NULL && (strncmp(at, key, len) != 0 || at[len] != '=')) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at != NULL ? at + len + 1 : "";
}

static bool
has_fact(const struct event *event, const char *key, const char *value)
{
	const char *given = fact(event->facts, key);
	size_t len = strlen(value);

	return strncmp(given, value, len) == 0 &&
	    (given[len] == ' ' || given[len] == '\0');
}

/* The response to EHLO, with lines between newlines: "250-STARTTLS". */
static bool
offers_starttls(const char *response)
{
	return strcasestr(response, "STARTTLS") != NULL;
}

static void
take_certificate(struct event_state *state, const struct event *event,
    int64_t now)
{
	long long ends = strtoll(fact(event->facts, "notafter"), NULL, 10);

	state->certified = true;
	if (strcmp(event->data, "0") == 0 && ends > 0 && ends < now)
		state->expired = true;
}

static void
judge(const struct event_state *state, const struct event *event,
    struct mtasts_connection *out)
{
	bool encrypted = !has_fact(event, "cipher", "");

	out->finding = MTASTS_FINDING_VALIDATION_FAILURE;
	if (encrypted && (has_fact(event, "verified", "1") ||
	    has_fact(event, "dane", "yes"))) {
		out->finding = MTASTS_FINDING_OK;
	} else if (state->dane_failed) {
		out->detail = "DANE";
	} else if (state->expired) {
		out->finding = MTASTS_FINDING_CERTIFICATE_EXPIRED;
	} else if (state->certified) {
		out->detail = "the certificate is not trusted, or names "
			      "another host";
	} else if (state->greeted && !state->offered) {
		out->finding = MTASTS_FINDING_STARTTLS_NOT_SUPPORTED;
	} else if (state->greeted) {
		out->detail = "no TLS session";
	} else {
		out->detail = "no SMTP session";
	}
}

static enum mtasts_mode
mode_of(const char *name)
{
	return strcmp(name, "testing") == 0 ? MTASTS_MODE_TESTING :
					      MTASTS_MODE_ENFORCE;
}

bool
event_take(struct event_state *state, const struct event *event, int64_t now,
    struct mtasts_connection *out)
{
	if (strcmp(event->name, "tcp:connect") == 0) {
		*state = (struct event_state){ 0 };
	} else if (strcmp(event->name, "smtp:ehlo") == 0) {
		if (!state->greeted)
			state->offered = offers_starttls(event->data);
		state->greeted = true;
	} else if (strcmp(event->name, "tls:cert") == 0) {
		take_certificate(state, event, now);
	} else if (strcmp(event->name, "dane:fail") == 0) {
		state->dane_failed = true;
	} else if (strcmp(event->name, "tcp:close") == 0) {
		*out = (struct mtasts_connection){ event->domain, event->host,
			event->address, mode_of(event->mode),
			MTASTS_FINDING_OK, "" };
		judge(state, event, out);
		return true;
	}
	return false;
}
