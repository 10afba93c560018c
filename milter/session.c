/*
 * session: an SMTP session's state, and the judging of a recipient.
 *
 * The session of libmtasts is made with the first recipient that needs it, and
 * made anew for a transaction after a reload. Recipients of one domain that
 * follow each other are judged once.
 *
 * Test: tests/milter/door.py
 */
#include <config.h>

#include "session.h"

#include "log.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

struct session *
session_new(void)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session != NULL)
		session_begin(session);
	return session;
}

static void
let_go(struct session *session)
{
	mtasts_session_free(&session->lookups);
	instance_release(&session->instance);
}

void
session_free(struct session **session)
{
	if (*session == NULL)
		return;
	let_go(*session);
	free(*session);
	*session = NULL;
}

void
session_begin(struct session *session)
{
	if (session->instance != NULL &&
	    !instance_is_current(session->instance))
		let_go(session);
	header_begin(&session->summary);
	session->last.domain[0] = '\0';
	session->forged = 0;
}

const struct conf *
session_conf(struct session *session)
{
	if (session->instance == NULL)
		session->instance = instance_current();
	return session->instance == NULL ? NULL : session->instance->conf;
}

static bool
open_lookups(struct session *session)
{
	struct mtasts_error err;

	if (session->lookups != NULL)
		return true;
	if (mtasts_session_new(session->instance->ctx, &session->lookups,
		&err) == MTASTS_OK)
		return true;
	log_write(MTASTS_LOG_ERROR, "event=no-session reason=\"%s\"", err.text);
	return false;
}

static bool
evaluate(struct session *session, const char *domain, const char *queue_id)
{
	const struct conf *conf = session->instance->conf;
	const struct mtasts_result *result;

	if (!open_lookups(session) ||
	    mtasts_evaluate(session->lookups, domain, 0,
		conf->milter.rcpt_timeout, &result, NULL) != MTASTS_OK)
		return false;
	stats_add(STATS_MILTER_EVALUATED);
	decision_make(conf, result, &session->last);
	decision_log(&session->last, result, queue_id);
	return true;
}

bool
session_judge(struct session *session,
    const struct route_recipient *recipient, const char *queue_id)
{
	const struct conf *conf = session_conf(session);
	char domain[ROUTE_DOMAIN_SIZE];

	stats_add(STATS_MILTER_RECIPIENTS);
	if (conf == NULL ||
	    route_find(conf, recipient, domain, sizeof(domain)) !=
		ROUTE_OUTBOUND)
		return false;
	if (session->last.domain[0] != '\0' &&
	    mtasts_same_domain(domain, session->last.domain))
		return true;
	session->last.domain[0] = '\0';
	return evaluate(session, domain, queue_id);
}

void
session_accept(struct session *session, const char *addr, bool judged)
{
	char domain[ROUTE_DOMAIN_SIZE];

	header_add(&session->summary,
	    route_domain(addr, domain, sizeof(domain)),
	    judged ? &session->last : NULL);
}
