/*
 * One SMTP session as the milter sees it: what was negotiated, the session of
 * libmtasts, and the transaction that is under way.
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include "header.h"
#include "instance.h"
#include "route.h"

struct session {
	bool adds;	 /* header fields may be added, */
	bool strips;	 /* looked at and removed */
	bool quiet_mail; /* no reply to MAIL, or to headers, was agreed */
	bool quiet_header;
	struct instance *instance; /* NULL until it is needed */
	struct mtasts_session *lookups;
	/* The transaction: */
	struct header_summary summary;
	struct decision last; /* the last recipient's, "" without one */
	int forged;	      /* fields of our name that came in */
};

struct session *session_new(void);
void session_free(struct session **session);

/* A new transaction: nothing is left of the one before. */
void session_begin(struct session *session);

/* Look at one recipient; the decision stays in session->last. False if it is
 * none of ours: continue. */
bool session_judge(struct session *session,
    const struct route_recipient *recipient, const char *queue_id);

/* Count an accepted recipient for the header. */
void session_accept(struct session *session, const char *addr, bool judged);

/* The settings this transaction goes by; NULL when there is no memory. */
const struct conf *session_conf(struct session *session);

#endif
