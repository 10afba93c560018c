/*
 * callbacks: what libmilter calls, turned into calls of session.
 *
 * Everything but MAIL, RCPT and headers is negotiated away. Header fields of our
 * name that come in are removed whatever is tagged: a reader behind us must never
 * take a sender's word for ours. Callbacks of one SMTP session come one at a time,
 * on any thread.
 *
 * Test: tests/milter/door.py, tests/milter/mail.py
 */
#include <config.h>

#include "callbacks.h"

#include "log.h"
#include "session.h"
#include "stats.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#define STEPS_NEVER                                                           \
	(SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOBODY | SMFIP_NOEOH |        \
	    SMFIP_NOUNKNOWN | SMFIP_NODATA)

/* What we would do to a message. An MTA may allow less. */
#define ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS)

static atomic_uint busy;

unsigned
callbacks_busy(void)
{
	return atomic_load(&busy);
}

static struct session *
session_of(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session == NULL && (session = session_new()) != NULL)
		smfi_setpriv(ctx, session);
	return session;
}

/* libmilter takes names without const, and changes nothing. */
static const char *
macro(SMFICTX *ctx, const char *name)
{
	union {
		const char *given;
		char *wanted;
	} text = { name };

	return smfi_getsymval(ctx, text.wanted);
}

static const char *
queue_id(SMFICTX *ctx)
{
	const char *id = macro(ctx, "i");

	return id != NULL ? id : "-";
}

/* ---- Negotiation --------------------------------------------------------- */

static void
take_actions(struct session *session, unsigned long actions)
{
	session->adds = (actions & SMFIF_ADDHDRS) != 0;
	session->strips = (actions & SMFIF_CHGHDRS) != 0;
	if (!session->adds || !session->strips)
		log_write(MTASTS_LOG_WARNING,
		    "event=headers-stay reason=\"the MTA lets nobody %s "
		    "headers\"",
		    session->strips ? "add" : "change");
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *actions_r,
    unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
	struct session *session = session_of(ctx);
	unsigned long wanted = STEPS_NEVER | SMFIP_NR_MAIL;

	(void)f2;
	(void)f3;
	*actions_r = *f2_r = *f3_r = 0;
	if (session == NULL)
		return SMFIS_TEMPFAIL;
	stats_add(STATS_MILTER_CONNECTIONS);
	take_actions(session, actions);
	*actions_r = actions & ACTIONS;
	wanted |= session->strips ? SMFIP_NR_HDR : SMFIP_NOHDRS;
	*steps_r = wanted & steps;
	session->quiet_mail = (*steps_r & SMFIP_NR_MAIL) != 0;
	session->quiet_header = (*steps_r & SMFIP_NR_HDR) != 0;
	return SMFIS_CONTINUE;
}

/* ---- A transaction ------------------------------------------------------- */

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);

	(void)argv;
	if (session == NULL)
		return SMFIS_CONTINUE;
	session_begin(session);
	return session->quiet_mail ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat
refuse(SMFICTX *ctx, struct decision *decision)
{
	bool reject = decision->action == ACTION_REJECT;

	stats_add(reject ? STATS_MILTER_REJECTED : STATS_MILTER_DEFERRED);
	if (smfi_setreply(ctx, decision->rcode, decision->xcode,
		decision->text) != MI_SUCCESS)
		log_write(MTASTS_LOG_ERROR,
		    "domain=%s event=reply-not-taken", decision->domain);
	return reject ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

static sfsistat
judge(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);
	const struct route_recipient recipient = {
		.mailer = macro(ctx, "{rcpt_mailer}"),
		.host = macro(ctx, "{rcpt_host}"),
		.addr = macro(ctx, "{rcpt_addr}"),
	};
	bool judged;

	if (session == NULL)
		return SMFIS_CONTINUE;
	judged = session_judge(session, &recipient, queue_id(ctx));
	if (judged && session->last.action >= ACTION_DEFER)
		return refuse(ctx, &session->last);
	session_accept(session,
	    recipient.addr != NULL ? recipient.addr : argv[0], judged);
	return SMFIS_CONTINUE;
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	sfsistat status;

	atomic_fetch_add(&busy, 1);
	status = judge(ctx, argv);
	atomic_fetch_sub(&busy, 1);
	return status;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = session_of(ctx);
	const struct conf *conf;

	(void)value;
	if (session == NULL)
		return SMFIS_CONTINUE;
	conf = session_conf(session);
	if (conf != NULL && strcasecmp(name, conf->milter.header) == 0)
		session->forged++;
	return session->quiet_header ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* From the last down: an MTA may count anew after each. */
static void
strip(SMFICTX *ctx, struct session *session, char *name)
{
	for (int i = session->forged; i > 0; i--)
		smfi_chgheader(ctx, name, i, NULL);
	session->forged = 0;
}

static void
tag(SMFICTX *ctx, struct session *session, char *name)
{
	char value[HEADER_SIZE];

	header_format(&session->summary, value, sizeof(value));
	if (smfi_insheader(ctx, 0, name, value) == MI_SUCCESS)
		stats_add(STATS_MILTER_TAGGED);
	else
		log_write(MTASTS_LOG_ERROR, "queue=%s event=tag-not-taken",
		    queue_id(ctx));
}

static sfsistat
on_end(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	const struct conf *conf;
	char name[80];

	if (session == NULL || (conf = session_conf(session)) == NULL)
		return SMFIS_CONTINUE;
	memcpy(name, conf->milter.header, strlen(conf->milter.header) + 1);
	strip(ctx, session, name);
	if (session->adds &&
	    header_is_due(&session->summary, (enum conf_tag)conf->milter.tag))
		tag(ctx, session, name);
	session_begin(session);
	return SMFIS_CONTINUE;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session != NULL)
		session_begin(session);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	smfi_setpriv(ctx, NULL);
	session_free(&session);
	return SMFIS_CONTINUE;
}

static char program[] = "mtasts-milter";

struct smfiDesc callbacks_description = {
	.xxfi_name = program,
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = ACTIONS,
	.xxfi_envfrom = on_mail,
	.xxfi_envrcpt = on_rcpt,
	.xxfi_header = on_header,
	.xxfi_eom = on_end,
	.xxfi_abort = on_abort,
	.xxfi_close = on_close,
	.xxfi_negotiate = on_negotiate,
};
