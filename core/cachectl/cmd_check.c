/*
 * cmd_check: query, what a domain promises; and check, whether it keeps the
 * promise and what a sender should do about it. Meant to be understood by
 * somebody who has never heard of MTA-STS.
 *
 * Test: tests/lab, tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"
#include "cachectl/tree.h"

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

static enum mark
reason_mark(enum mtasts_reason reason)
{
	switch (reason) {
	case MTASTS_REASON_POLICY:
		return MARK_GOOD;
	case MTASTS_REASON_NOT_A_DOMAIN:
	case MTASTS_REASON_OVERRIDE_SKIP:
	case MTASTS_REASON_NO_RECORD:
	case MTASTS_REASON_NULL_MX:
	case MTASTS_REASON_NO_SUCH_DOMAIN:
		return MARK_IDLE;
	case MTASTS_REASON_DNS_TEMPERROR:
	case MTASTS_REASON_DEADLINE:
	case MTASTS_REASON_NOT_CACHED:
		return MARK_DOUBT;
	case MTASTS_REASON_MULTIPLE_RECORDS:
	case MTASTS_REASON_INVALID_RECORD:
	case MTASTS_REASON_FETCH_ERROR:
	case MTASTS_REASON_WEBPKI_INVALID:
	case MTASTS_REASON_POLICY_INVALID:
		break;
	}
	return MARK_BAD;
}

static void
add_record(struct tree *tree, const struct mtasts_result *result)
{
	const char *id = mtasts_result_id(result);

	if (id[0] != '\0')
		tree_step(tree, MARK_GOOD, "TXT record", "id %s", id);
}

static void
add_reason(
    struct tree *tree, const char *label, const struct mtasts_result *result)
{
	const char *detail = mtasts_result_detail(result);
	enum mtasts_reason reason = mtasts_result_reason(result);

	tree_step(
	    tree, reason_mark(reason), label, "%s", reason_sentence(reason));
	tree_more(tree, "(%s%s%s)", mtasts_reason_name(reason),
	    detail[0] != '\0' ? ": " : "", detail);
}

static void
add_validity(struct tree *tree, const struct mtasts_result *result)
{
	char age[TIME_SIZE], expires[TIME_SIZE];
	enum mtasts_source source = mtasts_result_source(result);
	uint32_t max_age = mtasts_result_max_age(result);

	if (source == MTASTS_SOURCE_OVERRIDE)
		tree_more(tree, "%s", source_sentence(source));
	else
		tree_more(tree, "%s; max_age %u (%s), expires %s",
		    source_sentence(source), (unsigned)max_age,
		    duration_text(max_age, age),
		    time_text(mtasts_result_expires_at(result), expires));
}

static void
add_policy(struct tree *tree, const struct mtasts_result *result)
{
	enum mtasts_mode mode = mtasts_result_mode(result);

	tree_step(tree, MARK_GOOD, "Policy", "%s: %s", mtasts_mode_name(mode),
	    mode_sentence(mode));
	add_validity(tree, result);
	for (size_t i = 0; i < mtasts_result_mx_count(result); i++)
		tree_more(tree, "mx: %s", mtasts_result_mx(result, i));
	if (mtasts_result_reason(result) != MTASTS_REASON_POLICY)
		add_reason(tree, "Note", result);
}

static void
add_lookup(struct tree *tree, const struct mtasts_result *result)
{
	tree_title(tree, "Domain", mtasts_result_domain(result));
	add_record(tree, result);
	if (mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY)
		add_policy(tree, result);
	else
		add_reason(tree, "Policy", result);
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

static enum mark
verdict_mark(enum mtasts_verdict verdict)
{
	switch (verdict) {
	case MTASTS_VERDICT_NONE:
		return MARK_IDLE;
	case MTASTS_VERDICT_PASS:
		return MARK_GOOD;
	case MTASTS_VERDICT_FAIL:
		return MARK_BAD;
	case MTASTS_VERDICT_TEMPERROR:
		break;
	}
	return MARK_DOUBT;
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

/* Without a policy nobody may complain of a host. */
static enum mark
host_mark(const struct mtasts_host *host, bool policy)
{
	switch (host->finding) {
	case MTASTS_FINDING_OK:
		return MARK_GOOD;
	case MTASTS_FINDING_NOT_PROBED:
		return policy && !host->matched ? MARK_BAD : MARK_IDLE;
	case MTASTS_FINDING_CONNECT_FAILED:
		return MARK_DOUBT;
	case MTASTS_FINDING_STARTTLS_NOT_SUPPORTED:
	case MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH:
	case MTASTS_FINDING_CERTIFICATE_EXPIRED:
	case MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED:
	case MTASTS_FINDING_VALIDATION_FAILURE:
		break;
	}
	return MARK_BAD;
}

static void
add_host(
    struct tree *tree, const struct mtasts_host *host, int width, bool policy)
{
	const char *named = "";

	if (policy)
		named = host->matched ? "in the policy      "
				      : "not in the policy  ";
	tree_part(tree, host_mark(host, policy), "%-5u %-*s  %s%s: %s%s%s%s",
	    (unsigned)host->preference, width, host->name, named,
	    mtasts_finding_name(host->finding), finding_sentence(host),
	    host->detail[0] != '\0' ? " (" : "", host->detail,
	    host->detail[0] != '\0' ? ")" : "");
}

static void
add_hosts(struct tree *tree, const struct mtasts_result *result)
{
	bool policy = mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY;
	int width = longest_name(result);
	size_t count = mtasts_result_host_count(result);

	if (count > 0)
		tree_step(tree, verdict_mark(mtasts_result_verdict(result)),
		    "MX hosts", "%s", "");
	for (size_t i = 0; i < count; i++)
		add_host(tree, mtasts_result_host(result, i), width, policy);
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
				 "over TLS with its certificate verified"
			       : "deliver";
	case MTASTS_VERDICT_FAIL:
	case MTASTS_VERDICT_TEMPERROR:
		return enforce ? "hold the mail and try again"
			       : "deliver all the same, as the policy's mode "
				 "says";
	}
	return "";
}

static void
add_verdict(struct tree *tree, const struct mtasts_result *result)
{
	enum mtasts_verdict verdict = mtasts_result_verdict(result);
	const char *sentence = mtasts_result_sentence(result);
	const char *code = mtasts_result_enhanced_code(result);

	tree_step(tree, verdict_mark(verdict), "Verdict", "%s",
	    verdict_sentence(verdict));
	if (sentence[0] != '\0')
		tree_more(tree, "%s", sentence);
	tree_step(tree, MARK_NONE, "A sender should", "%s%s%s%s",
	    advice(result), code[0] != '\0' ? " (enhanced status code " : "",
	    code, code[0] != '\0' ? ")" : "");
}

/* ---- The commands ----------------------------------------------------- */

/* The tree, below the steps if they were told. */
static void
put_answer(const struct cachectl *ctl, struct tree *tree)
{
	if (ctl->args.verbose)
		putchar('\n');
	tree_put(tree);
}

bool
is_undetermined(const struct mtasts_result *result)
{
	enum mtasts_reason reason = mtasts_result_reason(result);

	return mtasts_result_outcome(result) != MTASTS_OUTCOME_POLICY &&
	       (reason == MTASTS_REASON_DNS_TEMPERROR ||
		   reason == MTASTS_REASON_DEADLINE);
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
	struct tree tree = { .count = 0 };
	int code = cachectl_open_session(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_lookup(ctl->session, ctl->args.operands[0], 0, -1, &result,
		&ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (ctl->args.json) {
		json_print(json_result(result));
	} else {
		add_lookup(&tree, result);
		put_answer(ctl, &tree);
	}
	return query_code(result);
}

int
cmd_check(struct cachectl *ctl)
{
	const struct mtasts_result *result;
	struct tree tree = { .count = 0 };
	int code = cachectl_open_session(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_evaluate(ctl->session, ctl->args.operands[0], 0, -1, &result,
		&ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (ctl->args.json) {
		json_print(json_evaluation(result));
	} else {
		add_lookup(&tree, result);
		add_hosts(&tree, result);
		add_verdict(&tree, result);
		put_answer(ctl, &tree);
	}
	return check_code(result);
}
