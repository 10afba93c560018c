/*
 * The verdict on a domain: see verdict.h. RFC 8461, 4; the enhanced codes are
 * RFC 3463's and 5248's, as core/README.md lists them.
 *
 * Test: tests/unit/test_verdict.c.
 */
#include "eval/verdict.h"
#include "base/text.h"

/* What the probe's words mean to a sender. */
struct meaning {
	enum mtasts_finding finding;
	const char *code; /* enhanced code of a deferral */
	const char *text;
};

static struct meaning
meaning_of(enum probe_status status)
{
	switch (status) {
	case PROBE_OK:
		return (struct meaning) { MTASTS_FINDING_OK, "", "is fine" };
	case PROBE_CONNECT_FAILED:
	case PROBE_NOMEM:
		break;
	case PROBE_NOT_SMTP:
		return (struct meaning) { MTASTS_FINDING_VALIDATION_FAILURE,
			"4.7.0", "does not speak SMTP" };
	case PROBE_NO_STARTTLS:
		return (struct meaning) {
			MTASTS_FINDING_STARTTLS_NOT_SUPPORTED, "4.7.10",
			"does not offer STARTTLS" };
	case PROBE_STARTTLS_REFUSED:
		return (struct meaning) { MTASTS_FINDING_VALIDATION_FAILURE,
			"4.7.10", "refuses STARTTLS" };
	case PROBE_TLS_FAILED:
		return (struct meaning) { MTASTS_FINDING_VALIDATION_FAILURE,
			"4.7.5", "breaks the TLS handshake" };
	case PROBE_TLS_VERSION:
		return (struct meaning) { MTASTS_FINDING_VALIDATION_FAILURE,
			"4.7.6", "has no acceptable TLS version or cipher" };
	case PROBE_CERT_MISMATCH:
		return (struct meaning) {
			MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH, "4.7.5",
			"shows a certificate for another name" };
	case PROBE_CERT_EXPIRED:
		return (struct meaning) { MTASTS_FINDING_CERTIFICATE_EXPIRED,
			"4.7.5", "shows an expired certificate" };
	case PROBE_CERT_NOT_TRUSTED:
		return (struct meaning) {
			MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED, "4.7.5",
			"shows a certificate that is not trusted" };
	}
	return (struct meaning) { MTASTS_FINDING_CONNECT_FAILED, "",
		"could not be reached" };
}

enum mtasts_finding
verdict_finding(const struct eval_host *host)
{
	if (!host->probed)
		return MTASTS_FINDING_NOT_PROBED;
	return meaning_of(host->probe).finding;
}

static bool
is_unreachable(const struct eval_host *host)
{
	return verdict_finding(host) == MTASTS_FINDING_CONNECT_FAILED;
}

static bool
is_pass(const struct eval_host *host)
{
	return verdict_finding(host) == MTASTS_FINDING_OK;
}

/* The first host that matches and satisfies what(), or any that matches. */
static const struct eval_host *
first_host(const struct evaluation *evaluation,
    bool (*what)(const struct eval_host *))
{
	const struct eval_host *host = evaluation->hosts;
	const struct eval_host *end = host + evaluation->host_count;

	for (; host < end; host++)
		if (host->matched && (what == NULL || what(host)))
			return host;
	return NULL;
}

bool
verdict_is_settled(const struct evaluation *evaluation)
{
	return first_host(evaluation, is_pass) != NULL;
}

static void
say(struct evaluation *evaluation, const struct eval_host *host,
    const char *what)
{
	struct text text;

	text_init(&text, evaluation->sentence, sizeof(evaluation->sentence));
	text_printf(&text, "MX host %s %s", host->name, what);
	if (host->detail[0] != '\0')
		text_printf(&text, " (%s)", host->detail);
}

static void
decide_no_match(struct evaluation *evaluation, const char *domain)
{
	struct text text;

	evaluation->verdict = MTASTS_VERDICT_FAIL;
	evaluation->code = "4.7.0";
	text_init(&text, evaluation->sentence, sizeof(evaluation->sentence));
	text_printf(&text, "no MX host of %s is named by its policy", domain);
	if (evaluation->host_count > 0)
		text_printf(&text, " (%s is not%s)", evaluation->hosts[0].name,
		    evaluation->host_count > 1 ? ", nor are the others" : "");
}

static bool
is_failed(const struct eval_host *host)
{
	return host->probed && !is_pass(host) && !is_unreachable(host);
}

static void
decide_probed(struct evaluation *evaluation)
{
	const struct eval_host *host;

	if ((host = first_host(evaluation, is_pass)) != NULL) {
		evaluation->verdict = MTASTS_VERDICT_PASS;
		say(evaluation, host, "satisfies the policy");
		return;
	}
	if ((host = first_host(evaluation, is_unreachable)) != NULL) {
		evaluation->verdict = MTASTS_VERDICT_TEMPERROR;
		evaluation->code = "4.4.1";
		say(evaluation, host, "could not be reached");
		return;
	}
	host = first_host(evaluation, is_failed);
	evaluation->verdict = MTASTS_VERDICT_FAIL;
	evaluation->code = meaning_of(host->probe).code;
	say(evaluation, host, meaning_of(host->probe).text);
}

void
verdict_decide(struct evaluation *evaluation, const char *domain, bool probing)
{
	const struct eval_host *match = first_host(evaluation, NULL);

	evaluation->code = "";
	if (match == NULL) {
		decide_no_match(evaluation, domain);
	} else if (!probing) {
		evaluation->verdict = MTASTS_VERDICT_PASS;
		say(evaluation, match, "is named by the policy");
	} else {
		decide_probed(evaluation);
	}
}

/* Nobody should take a dead name server for a domain without a policy. */
static void
say_without_policy(struct text *text, const char *domain,
    enum mtasts_reason reason)
{
	const char *word = mtasts_reason_name(reason);

	if (reason == MTASTS_REASON_DNS_TEMPERROR ||
	    reason == MTASTS_REASON_DEADLINE ||
	    reason == MTASTS_REASON_NOT_CACHED)
		text_printf(text,
		    "whether %s has an MTA-STS policy could not be determined (%s)",
		    domain, word);
	else if (reason == MTASTS_REASON_FETCH_ERROR ||
	    reason == MTASTS_REASON_WEBPKI_INVALID ||
	    reason == MTASTS_REASON_POLICY_INVALID)
		text_printf(text,
		    "the MTA-STS policy that %s promises cannot be had (%s)",
		    domain, word);
	else
		text_printf(text, "no MTA-STS policy applies to %s (%s)",
		    domain, word);
}

void
verdict_without_walk(struct evaluation *evaluation, const char *domain,
    const struct answer *answer)
{
	const char *reason = mtasts_reason_name(answer->reason);
	struct text text;

	evaluation->verdict = MTASTS_VERDICT_NONE;
	evaluation->code = "";
	evaluation->host_count = 0;
	text_init(&text, evaluation->sentence, sizeof(evaluation->sentence));
	if (answer_binds(answer)) {
		evaluation->verdict = MTASTS_VERDICT_TEMPERROR;
		evaluation->code = "4.4.1";
		text_printf(&text, "the MX hosts of %s were not looked at (%s)",
		    domain, reason);
	} else if (answer->outcome == MTASTS_OUTCOME_POLICY) {
		text_printf(&text, "the policy of %s has mode none", domain);
	} else if (answer->outcome == MTASTS_OUTCOME_DEFER) {
		evaluation->verdict = MTASTS_VERDICT_TEMPERROR;
		evaluation->code = "4.7.0";
		if (answer->reason == MTASTS_REASON_DEADLINE)
			say_without_policy(&text, domain, answer->reason);
		else
			text_printf(&text,
			    "%s promises a policy that cannot be had (%s)",
			    domain, reason);
	} else {
		say_without_policy(&text, domain, answer->reason);
	}
}
