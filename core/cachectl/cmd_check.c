/*
 * cmd_check: query, what a domain promises; and check, whether it keeps the
 * promise and what a sender should do about it. Meant to be understood by
 * somebody who has never heard of MTA-STS.
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

#include <string.h>

/* ---- The policy ------------------------------------------------------- */

static const char *
mode_sentence(enum mtasts_mode mode)
{
	switch (mode) {
	case MTASTS_MODE_ENFORCE:
		return "mail may go only to the MX hosts it names, over TLS "
		       "with a valid certificate";
	case MTASTS_MODE_TESTING:
		return "as enforce, but failures are only to be reported: "
		       "mail is delivered all the same";
	case MTASTS_MODE_NONE:
		return "the domain asks for nothing (any more)";
	case MTASTS_NO_POLICY:
		break;
	}
	return "";
}

static const char *
source_sentence(enum mtasts_source source)
{
	switch (source) {
	case MTASTS_SOURCE_CACHE:
		return "from the cache";
	case MTASTS_SOURCE_NETWORK:
		return "fetched just now";
	case MTASTS_SOURCE_OVERRIDE:
		return "set by a local override";
	case MTASTS_SOURCE_NONE:
		break;
	}
	return "";
}

static void
put_record(const struct mtasts_result *result)
{
	const char *id = mtasts_result_id(result);

	if (id[0] != '\0')
		put_field("TXT record", "id %s", id);
}

static void
put_reason(const char *label, const struct mtasts_result *result)
{
	const char *detail = mtasts_result_detail(result);
	enum mtasts_reason reason = mtasts_result_reason(result);

	put_field(label, "%s", reason_sentence(reason));
	put_field("", "(%s%s%s)", mtasts_reason_name(reason),
	    detail[0] != '\0' ? ": " : "", detail);
}

static void
put_validity(const struct mtasts_result *result)
{
	char age[TIME_SIZE], expires[TIME_SIZE];
	enum mtasts_source source = mtasts_result_source(result);
	uint32_t max_age = mtasts_result_max_age(result);

	if (source == MTASTS_SOURCE_OVERRIDE)
		put_field("", "%s", source_sentence(source));
	else
		put_field("", "%s; max_age %u (%s), expires %s",
		    source_sentence(source), (unsigned)max_age,
		    duration_text(max_age, age),
		    time_text(mtasts_result_expires_at(result), expires));
}

static void
put_policy(const struct mtasts_result *result)
{
	enum mtasts_mode mode = mtasts_result_mode(result);

	put_field("Policy", "%s: %s", mtasts_mode_name(mode),
	    mode_sentence(mode));
	put_validity(result);
	for (size_t i = 0; i < mtasts_result_mx_count(result); i++)
		put_field("", "mx: %s", mtasts_result_mx(result, i));
	if (mtasts_result_reason(result) != MTASTS_REASON_POLICY)
		put_reason("Note", result);
}

static void
put_lookup(const struct mtasts_result *result)
{
	put_field("Domain", "%s", mtasts_result_domain(result));
	put_record(result);
	if (mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY)
		put_policy(result);
	else
		put_reason("Policy", result);
}

/* ---- The MX hosts ----------------------------------------------------- */

static const char *
finding_sentence(const struct mtasts_host *host)
{
	switch (host->finding) {
	case MTASTS_FINDING_NOT_PROBED:
		return host->matched ? "not tried" : "no mail may go there";
	case MTASTS_FINDING_OK:
		return "TLS with a valid certificate";
	case MTASTS_FINDING_CONNECT_FAILED:
		return "not reached";
	case MTASTS_FINDING_STARTTLS_NOT_SUPPORTED:
		return "it offers no TLS";
	case MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH:
		return "its certificate is for other names";
	case MTASTS_FINDING_CERTIFICATE_EXPIRED:
		return "its certificate has expired";
	case MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED:
		return "its certificate is not trusted";
	case MTASTS_FINDING_VALIDATION_FAILURE:
		return "no TLS could be had";
	}
	return "";
}

static int
longest_name(const struct mtasts_result *result)
{
	size_t longest = 0;

	for (size_t i = 0; i < mtasts_result_host_count(result); i++) {
		size_t len = strlen(mtasts_result_host(result, i)->name);

		longest = len > longest ? len : longest;
	}
	return (int)longest;
}

static void
put_host(const char *label, const struct mtasts_host *host, int width,
    bool policy)
{
	const char *named = "";

	if (policy)
		named = host->matched ? "in the policy      " :
					"not in the policy  ";
	put_field(label, "%-5u %-*s  %s%s: %s%s%s%s",
	    (unsigned)host->preference, width, host->name, named,
	    mtasts_finding_name(host->finding), finding_sentence(host),
	    host->detail[0] != '\0' ? " (" : "", host->detail,
	    host->detail[0] != '\0' ? ")" : "");
}

static void
put_hosts(const struct mtasts_result *result)
{
	bool policy = mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY;
	int width = longest_name(result);

	for (size_t i = 0; i < mtasts_result_host_count(result); i++)
		put_host(i == 0 ? "MX hosts" : "",
		    mtasts_result_host(result, i), width, policy);
}

/* ---- The verdict ------------------------------------------------------ */

static const char *
verdict_sentence(enum mtasts_verdict verdict)
{
	switch (verdict) {
	case MTASTS_VERDICT_NONE:
		return "none: no policy applies";
	case MTASTS_VERDICT_PASS:
		return "pass: the policy can be satisfied";
	case MTASTS_VERDICT_FAIL:
		return "fail: no MX host satisfies the policy";
	case MTASTS_VERDICT_TEMPERROR:
		return "temperror: could not be determined";
	}
	return "unknown";
}

static const char *
advice_without_policy(const struct mtasts_result *result)
{
	enum mtasts_reason reason = mtasts_result_reason(result);

	if (reason == MTASTS_REASON_NULL_MX ||
	    reason == MTASTS_REASON_NO_SUCH_DOMAIN)
		return "nothing MTA-STS has a say in";
	return "deliver, as without MTA-STS";
}

static const char *
advice(const struct mtasts_result *result)
{
	bool enforce = mtasts_result_mode(result) == MTASTS_MODE_ENFORCE;

	if (mtasts_result_outcome(result) == MTASTS_OUTCOME_DEFER)
		return "hold the mail and try again, as strict_first_use asks";
	switch (mtasts_result_verdict(result)) {
	case MTASTS_VERDICT_NONE:
		return advice_without_policy(result);
	case MTASTS_VERDICT_PASS:
		return enforce ? "deliver, to a host that is in the policy, "
				 "over TLS with its certificate verified" :
				 "deliver";
	case MTASTS_VERDICT_FAIL:
	case MTASTS_VERDICT_TEMPERROR:
		return enforce ? "hold the mail and try again" :
				 "deliver all the same, as the policy's mode "
				 "says";
	}
	return "";
}

static void
put_verdict(const struct mtasts_result *result)
{
	const char *sentence = mtasts_result_sentence(result);
	const char *code = mtasts_result_enhanced_code(result);

	put_field("Verdict", "%s",
	    verdict_sentence(mtasts_result_verdict(result)));
	if (sentence[0] != '\0')
		put_field("", "%s", sentence);
	put_field("A sender should", "%s%s%s%s", advice(result),
	    code[0] != '\0' ? " (enhanced status code " : "", code,
	    code[0] != '\0' ? ")" : "");
}

static void
put_evaluation(const struct mtasts_result *result)
{
	put_lookup(result);
	put_hosts(result);
	put_verdict(result);
}

/* ---- The commands ----------------------------------------------------- */

/* Between the steps and the answer. */
static void
put_gap(const struct cachectl *ctl)
{
	if (ctl->args.verbose)
		putchar('\n');
}

static int
query_code(const struct mtasts_result *result)
{
	return is_undetermined(result) ? EXIT_UNKNOWN : EXIT_YES;
}

static int
check_code(const struct mtasts_result *result)
{
	switch (mtasts_result_verdict(result)) {
	case MTASTS_VERDICT_NONE:
		return query_code(result);
	case MTASTS_VERDICT_PASS:
		return EXIT_YES;
	case MTASTS_VERDICT_FAIL:
		return EXIT_NO;
	case MTASTS_VERDICT_TEMPERROR:
		break;
	}
	return EXIT_UNKNOWN;
}

int
cmd_query(struct cachectl *ctl)
{
	const struct mtasts_result *result;
	int code = cachectl_open_session(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_lookup(ctl->session, ctl->args.operands[0], 0, -1, &result,
		&ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (ctl->args.json) {
		json_print(json_result(result));
	} else {
		put_gap(ctl);
		put_lookup(result);
	}
	return query_code(result);
}

int
cmd_check(struct cachectl *ctl)
{
	const struct mtasts_result *result;
	int code = cachectl_open_session(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_evaluate(ctl->session, ctl->args.operands[0], 0, -1,
		&result, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (ctl->args.json) {
		json_print(json_evaluation(result));
	} else {
		put_gap(ctl);
		put_evaluation(result);
	}
	return check_code(result);
}
