/*
 * Lint for people: a policy body, TXT records, and a live domain, where what no
 * parser can see is added: an mx that matches no MX host, a short max_age, a
 * missing TLSRPT record.
 *
 * Test: tests/unit/test_examine.c, tests/lab.
 */
#include <stdlib.h>
#include <string.h>

#include "api/session.h"
#include "base/error.h"
#include "rules/domain.h"
#include "rules/lint.h"
#include "rules/mxmatch.h"

#define TLSRPT_PREFIX "_smtp._tls."
#define MAX_AGE_SHORT 604800 /* RFC 8461, 3.2 and 10.2: weeks are meant */

bool
mtasts_admin_lint_policy(const char *data, size_t len,
    struct mtasts_policy_view *out, char **storage, struct mtasts_lint *lint)
{
	struct policy policy = { 0 };
	bool valid = false;

	memset(lint, 0, sizeof(*lint));
	*storage = malloc(len + 1);
	if (*storage == NULL)
		lint_error(lint, 0, 0, "out-of-memory", "out of memory");
	else
		valid = policy_parse(span_of(data, len), *storage, &policy,
		    lint);
	*out = (struct mtasts_policy_view) { policy.mode, policy.max_age,
		policy.mx_count, policy.mx };
	return valid;
}

bool
mtasts_admin_lint_records(const char *const *records, size_t count,
    char id[33], struct mtasts_lint *lint)
{
	struct span *texts = calloc(count + 1, sizeof(*texts));
	enum record_status status;
	size_t i;

	memset(lint, 0, sizeof(*lint));
	id[0] = '\0';
	if (texts == NULL) {
		lint_error(lint, 0, 0, "out-of-memory", "out of memory");
		return false;
	}
	for (i = 0; i < count; i++)
		texts[i] = span_str(records[i]);
	status = record_select(texts, count, id, lint);
	free(texts);
	return status == RECORD_OK;
}

bool
mtasts_admin_match(const struct mtasts_policy_view *policy, const char *host)
{
	const char *mx = policy->mx;
	char name[DOMAIN_SIZE];
	size_t i;

	if (policy->mode == MTASTS_MODE_NONE)
		return true;
	if (!domain_host(host, strlen(host), name))
		return false;
	for (i = 0; i < policy->mx_count; i++, mx += strlen(mx) + 1)
		if (mxmatch(mx, name))
			return true;
	return false;
}

/* ---- A live domain -------------------------------------------------------- */

/* Patterns that no MX host of today matches. */
static void
lint_patterns(const struct mtasts_result *result, struct mtasts_lint *lint)
{
	size_t i, j, hosts = mtasts_result_host_count(result);

	for (i = 0; i < mtasts_result_mx_count(result); i++) {
		const char *mx = mtasts_result_mx(result, i);
		bool used = false;

		for (j = 0; j < hosts && !used; j++)
			used = mxmatch(mx, mtasts_result_host(result, j)->name);
		if (!used)
			lint_warning(lint, 0, 0, "mx-unused",
			    "mx %s matches no MX host of the domain", mx);
	}
	for (j = 0; j < hosts; j++)
		if (!mtasts_result_host(result, j)->matched)
			lint_warning(lint, 0, 0, "mx-not-named",
			    "MX host %s is not named by the policy",
			    mtasts_result_host(result, j)->name);
}

static void
lint_policy_use(const struct mtasts_result *result, struct mtasts_lint *lint)
{
	enum mtasts_mode mode = mtasts_result_mode(result);

	if (mode == MTASTS_MODE_ENFORCE &&
	    mtasts_result_max_age(result) < MAX_AGE_SHORT)
		lint_warning(lint, 0, 0, "max-age-short",
		    "max_age %u is less than a week: senders forget the policy soon",
		    (unsigned)mtasts_result_max_age(result));
	if (mode == MTASTS_MODE_TESTING)
		lint_warning(lint, 0, 0, "mode-testing",
		    "mode testing protects no mail; it is meant for a trial");
	if (mode == MTASTS_MODE_ENFORCE || mode == MTASTS_MODE_TESTING)
		lint_patterns(result, lint);
}

/* What discovery says in the way of errors. */
static void
lint_discovery(const struct mtasts_result *result, struct mtasts_lint *lint)
{
	enum mtasts_reason reason = mtasts_result_reason(result);

	if (reason == MTASTS_REASON_POLICY || reason == MTASTS_REASON_NULL_MX)
		return;
	lint_error(lint, 0, 0, mtasts_reason_name(reason), "%s%s%s",
	    mtasts_reason_name(reason),
	    mtasts_result_detail(result)[0] != '\0' ? ": " : "",
	    mtasts_result_detail(result));
}

/* ---- TLSRPT (RFC 8460, 3) --------------------------------------------------- */

struct tlsrpt {
	struct dns_query *query;
	bool found;
};

static void
on_tlsrpt(void *arg, const struct dns_answer *dns)
{
	struct tlsrpt *tlsrpt = arg;
	size_t i;

	/* A question that got no answer is not a missing record. */
	tlsrpt->found = dns->status != DNS_OK && dns->status != DNS_NODATA &&
	    dns->status != DNS_NXDOMAIN;
	for (i = 0; dns->status == DNS_OK && i < dns->count; i++)
		if (span_starts(dns->txt[i], "v=TLSRPTv1;"))
			tlsrpt->found = true;
}

static enum mtasts_status
lint_tlsrpt(struct mtasts_session *session, const char *domain,
    struct mtasts_lint *lint, struct mtasts_error *err)
{
	char name[sizeof(TLSRPT_PREFIX) + DOMAIN_SIZE];
	struct tlsrpt tlsrpt = { NULL, false };
	struct engine *engine;
	enum mtasts_status status = session_engine(session, &engine, err);

	if (status != MTASTS_OK)
		return status;
	memcpy(name, TLSRPT_PREFIX, sizeof(TLSRPT_PREFIX) - 1);
	memcpy(name + sizeof(TLSRPT_PREFIX) - 1, domain, strlen(domain) + 1);
	if (dns_start(&engine->dns, name, DNS_TXT, on_tlsrpt, &tlsrpt,
		&tlsrpt.query) != MTASTS_OK)
		return error_nomem(err, "question");
	while (tlsrpt.query != NULL)
		loop_run_once(engine->loop, -1);
	if (!tlsrpt.found)
		lint_warning(lint, 0, 0, "tlsrpt-missing",
		    "no TLSRPT record at %s: failures will not be reported to you",
		    name);
	return MTASTS_OK;
}

enum mtasts_status
mtasts_admin_lint_domain(struct mtasts_session *session, const char *domain,
    const struct mtasts_result **result, struct mtasts_lint *lint,
    struct mtasts_error *err)
{
	enum mtasts_status status = mtasts_evaluate(session, domain,
	    MTASTS_REFRESH, -1, result, err);

	memset(lint, 0, sizeof(*lint));
	if (status != MTASTS_OK)
		return status;
	lint_discovery(*result, lint);
	lint_policy_use(*result, lint);
	if (mtasts_result_reason(*result) == MTASTS_REASON_NOT_A_DOMAIN)
		return MTASTS_OK;
	return lint_tlsrpt(session, mtasts_result_domain(*result), lint, err);
}
