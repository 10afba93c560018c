/*
 * What Exim's events of one connection come to, in the words of TLS reports
 * (RFC 8460, 4.3).
 */
#ifndef EVENT_H
#define EVENT_H

#include "mtasts.h"

/*
 * One event, as Exim's configuration passes it on. Any octets.
 *
 * facts  "verified=… dane=… cipher=… notafter=…", words without blanks; what is
 *        not known has no value
 */
struct event {
	const char *name; /* $event_name */
	const char *domain;
	const char *host;
	const char *address;
	const char *mode;
	const char *facts;
	const char *data; /* $event_data */
};

/* What the events so far have told of a connection. */
struct event_state {
	bool greeted;	/* there was an EHLO */
	bool offered;	/* STARTTLS, in the first one */
	bool certified; /* a certificate was seen */
	bool expired;	/* the host's own */
	bool dane_failed;
};

/* Take an event. True: the connection has ended, and *out tells of it. What out
 * says of names is the event's. */
bool event_take(struct event_state *state, const struct event *event,
    int64_t now, struct mtasts_connection *out);

#endif
