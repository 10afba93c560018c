/*
 * decision: from core's advice to an action by the configuration, and the reply.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "decision.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

static enum action
on_fail(const struct conf *conf)
{
	switch ((enum conf_on_fail)conf->milter.on_fail) {
	case ON_FAIL_DEFER:
		return ACTION_DEFER;
	case ON_FAIL_TAG:
		return ACTION_TAG;
	case ON_FAIL_REJECT:
		return ACTION_REJECT;
	}
	return ACTION_DEFER;
}

static enum action
choose(const struct conf *conf, enum mtasts_advice advice)
{
	switch (advice) {
	case MTASTS_ADVICE_DELIVER:
		return ACTION_ACCEPT;
	case MTASTS_ADVICE_REPORT:
		return conf->milter.tag == TAG_OFF ? ACTION_ACCEPT : ACTION_TAG;
	case MTASTS_ADVICE_UNKNOWN:
		return conf->milter.on_error == ON_ERROR_DEFER ?
		    ACTION_DEFER :
		    ACTION_ACCEPT;
	case MTASTS_ADVICE_HOLD:
		return ACTION_DEFER;
	case MTASTS_ADVICE_WITHHOLD:
		return on_fail(conf);
	}
	return ACTION_ACCEPT;
}

static const char *
passing_host(const struct mtasts_result *result)
{
	for (size_t i = 0; i < mtasts_result_host_count(result); i++) {
		const struct mtasts_host *host = mtasts_result_host(result, i);

		if (host->finding == MTASTS_FINDING_OK)
			return host->name;
	}
	return "";
}

/* The reply's codes agree: Postfix does not take 451 with 5.x.x. */
static void
compose_reply(const struct mtasts_result *result, struct decision *out)
{
	const char *code = mtasts_result_enhanced_code(result);
	bool reject = out->action == ACTION_REJECT;
	char text[2 * REPLY_SIZE];

	snprintf(out->rcode, sizeof(out->rcode), "%s", reject ? "550" : "451");
	snprintf(out->xcode, sizeof(out->xcode), "%s",
	    code[0] != '\0' ? code : "4.7.0");
	out->xcode[0] = reject ? '5' : '4';
	snprintf(text, sizeof(text), "MTA-STS: %s",
	    mtasts_result_sentence(result));
	reply_escape(out->text, sizeof(out->text), text, true);
}

void
decision_make(const struct conf *conf, const struct mtasts_result *result,
    struct decision *out)
{
	enum mtasts_advice advice = mtasts_result_advice(result);

	memset(out, 0, sizeof(*out));
	out->action = choose(conf, advice);
	out->fails = advice == MTASTS_ADVICE_REPORT ||
	    advice == MTASTS_ADVICE_WITHHOLD;
	out->mode = mtasts_result_mode(result);
	out->verdict = mtasts_result_verdict(result);
	reply_escape(out->domain, sizeof(out->domain),
	    mtasts_result_domain(result), false);
	snprintf(out->id, sizeof(out->id), "%s", mtasts_result_id(result));
	snprintf(out->host, sizeof(out->host), "%s", passing_host(result));
	reply_escape(out->sentence, sizeof(out->sentence),
	    mtasts_result_sentence(result), false);
	compose_reply(result, out);
}

static const char *
action_name(enum action action)
{
	switch (action) {
	case ACTION_ACCEPT:
		return "accept";
	case ACTION_TAG:
		return "tag";
	case ACTION_DEFER:
		return "defer";
	case ACTION_REJECT:
		return "reject";
	}
	return "accept";
}

void
decision_log(const struct decision *decision,
    const struct mtasts_result *result, const char *queue_id)
{
	bool notable = decision->action != ACTION_ACCEPT || decision->fails;
	enum mtasts_log_level level = notable ? MTASTS_LOG_NOTICE :
						MTASTS_LOG_INFO;
	char line[2048];

	if (!log_wants(level))
		return;
	mtasts_result_format(result, line, sizeof(line));
	log_write(level, "%s action=%s queue=%s door=milter", line,
	    action_name(decision->action), queue_id);
}
