/* eval/verdict: what the hosts of a domain come to (DESIGN 7; M-1, M-2). */
#include <config.h>

#include "eval/verdict.h"
#include "support/table.h"

/* ---- One host, every word of the probe --------------------------------------- */

static const struct {
	const char *row;
	enum probe_status probe;
	enum mtasts_finding finding;
	enum mtasts_verdict verdict;
	const char *code;
	const char *sentence;
} words[] = {
	{ "ok", PROBE_OK, MTASTS_FINDING_OK, MTASTS_VERDICT_PASS, "",
	    "MX host mx.a.example satisfies the policy" },
	{ "connect-failed", PROBE_CONNECT_FAILED, MTASTS_FINDING_CONNECT_FAILED,
	    MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "MX host mx.a.example could not be reached" },
	{ "not-smtp", PROBE_NOT_SMTP, MTASTS_FINDING_VALIDATION_FAILURE,
	    MTASTS_VERDICT_FAIL, "4.7.0",
	    "MX host mx.a.example does not speak SMTP" },
	{ "no-starttls", PROBE_NO_STARTTLS,
	    MTASTS_FINDING_STARTTLS_NOT_SUPPORTED, MTASTS_VERDICT_FAIL,
	    "4.7.10", "MX host mx.a.example does not offer STARTTLS" },
	{ "starttls-refused", PROBE_STARTTLS_REFUSED,
	    MTASTS_FINDING_VALIDATION_FAILURE, MTASTS_VERDICT_FAIL, "4.7.10",
	    "MX host mx.a.example refuses STARTTLS" },
	{ "tls-failed", PROBE_TLS_FAILED, MTASTS_FINDING_VALIDATION_FAILURE,
	    MTASTS_VERDICT_FAIL, "4.7.5",
	    "MX host mx.a.example breaks the TLS handshake" },
	{ "tls-version", PROBE_TLS_VERSION, MTASTS_FINDING_VALIDATION_FAILURE,
	    MTASTS_VERDICT_FAIL, "4.7.6",
	    "MX host mx.a.example has no acceptable TLS version or cipher" },
	{ "cert-mismatch", PROBE_CERT_MISMATCH,
	    MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH, MTASTS_VERDICT_FAIL,
	    "4.7.5",
	    "MX host mx.a.example shows a certificate for another name" },
	{ "cert-expired", PROBE_CERT_EXPIRED,
	    MTASTS_FINDING_CERTIFICATE_EXPIRED, MTASTS_VERDICT_FAIL, "4.7.5",
	    "MX host mx.a.example shows an expired certificate" },
	{ "cert-not-trusted", PROBE_CERT_NOT_TRUSTED,
	    MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED, MTASTS_VERDICT_FAIL,
	    "4.7.5",
	    "MX host mx.a.example shows a certificate that is not trusted" },
	{ "nomem", PROBE_NOMEM, MTASTS_FINDING_CONNECT_FAILED,
	    MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "MX host mx.a.example could not be reached" },
	{ "a word of another version", (enum probe_status)200,
	    MTASTS_FINDING_CONNECT_FAILED, MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "MX host mx.a.example could not be reached" },
};

static void
every_finding_has_its_verdict_code_and_sentence(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(words); i++) {
		struct evaluation e = { .host_count = 1,
			.hosts = { { "mx.a.example", 10, true, true,
			    words[i].probe, "" } } };

		verdict_decide(&e, "a.example", true);
		ROW_INT(words[i].row, verdict_finding(&e.hosts[0]),
		    words[i].finding);
		ROW_INT(words[i].row, e.verdict, words[i].verdict);
		ROW_STR(words[i].row, e.code, words[i].code);
		ROW_STR(words[i].row, e.sentence, words[i].sentence);
	}
}

/* ---- Several hosts -------------------------------------------------------------- */

static struct eval_host
host(const char *name, bool matched, enum probe_status probe)
{
	struct eval_host h = { .matched = matched, .probed = probe != 0,
		.probe = probe };

	snprintf(h.name, sizeof(h.name), "%s", name);
	return h;
}

static const struct {
	const char *row;
	struct {
		bool matched;
		enum probe_status probe; /* 0: not probed */
	} hosts[3];
	size_t count;
	bool probing, settled;
	enum mtasts_verdict verdict;
	const char *code;
	const char *sentence;
} table[] = {
	{ "no MX host at all", { { 0 } }, 0, true, false, MTASTS_VERDICT_FAIL,
	    "4.7.0", "no MX host of a.example is named by its policy" },
	{ "one that is not named", { { false, 0 } }, 1, true, false,
	    MTASTS_VERDICT_FAIL, "4.7.0",
	    "no MX host of a.example is named by its policy (mx0 is not)" },
	{ "two that are not named", { { false, 0 }, { false, 0 } }, 2, true,
	    false, MTASTS_VERDICT_FAIL, "4.7.0",
	    "no MX host of a.example is named by its policy (mx0 is not, nor are the others)" },
	{ "any host passes: pass",
	    { { true, PROBE_CERT_EXPIRED }, { true, PROBE_CONNECT_FAILED },
		{ true, PROBE_OK } }, 3, true, true, MTASTS_VERDICT_PASS, "",
	    "MX host mx2 satisfies the policy" },
	{ "else any unreachable: temperror",
	    { { true, PROBE_CERT_EXPIRED }, { true, PROBE_CONNECT_FAILED } }, 2,
	    true, false, MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "MX host mx1 could not be reached" },
	{ "else fail, by the first that was probed",
	    { { true, PROBE_NO_STARTTLS }, { true, PROBE_CERT_EXPIRED } }, 2,
	    true, false, MTASTS_VERDICT_FAIL, "4.7.10",
	    "MX host mx0 does not offer STARTTLS" },
	{ "a host that is not named cannot pass",
	    { { false, PROBE_OK }, { true, PROBE_CERT_EXPIRED } }, 2, true,
	    false, MTASTS_VERDICT_FAIL, "4.7.5",
	    "MX host mx1 shows an expired certificate" },
	{ "nor can one make a temperror",
	    { { false, PROBE_CONNECT_FAILED }, { true, PROBE_CERT_EXPIRED } },
	    2, true, false, MTASTS_VERDICT_FAIL, "4.7.5",
	    "MX host mx1 shows an expired certificate" },
	{ "without probing the match decides", { { false, 0 }, { true, 0 } },
	    2, false, false, MTASTS_VERDICT_PASS, "",
	    "MX host mx1 is named by the policy" },
	{ "without probing and without a match: fail", { { false, 0 } }, 1,
	    false, false, MTASTS_VERDICT_FAIL, "4.7.0",
	    "no MX host of a.example is named by its policy (mx0 is not)" },
};

static void
the_best_host_decides(void **state)
{
	static const char *const names[] = { "mx0", "mx1", "mx2" };
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(table); i++) {
		struct evaluation e = { .host_count = table[i].count };

		for (j = 0; j < table[i].count; j++)
			e.hosts[j] = host(names[j], table[i].hosts[j].matched,
			    table[i].hosts[j].probe);
		ROW_INT(table[i].row, verdict_is_settled(&e),
		    table[i].settled);
		verdict_decide(&e, "a.example", table[i].probing);
		ROW_INT(table[i].row, e.verdict, table[i].verdict);
		ROW_STR(table[i].row, e.code, table[i].code);
		ROW_STR(table[i].row, e.sentence, table[i].sentence);
	}
}

static void
a_host_that_was_not_probed_says_so(void **state)
{
	struct eval_host h = host("mx0", true, 0);

	(void)state;
	h.probe = PROBE_OK; /* means nothing yet */
	assert_int_equal(verdict_finding(&h), MTASTS_FINDING_NOT_PROBED);
}

static void
the_detail_follows_in_brackets(void **state)
{
	struct evaluation e = { .host_count = 1 };

	(void)state;
	e.hosts[0] = host("mx0", true, PROBE_CERT_NOT_TRUSTED);
	strcpy(e.hosts[0].detail, "X509_V_ERR_SELF_SIGNED");
	verdict_decide(&e, "a.example", true);
	assert_string_equal(e.sentence,
	    "MX host mx0 shows a certificate that is not trusted (X509_V_ERR_SELF_SIGNED)");
}

static void
the_longest_names_fit(void **state)
{
	struct evaluation e = { .host_count = 2 };
	char domain[DOMAIN_SIZE];

	(void)state;
	memset(domain, 'a', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	e.hosts[0] = host(domain, false, 0);
	e.hosts[1] = host(domain, false, 0);
	verdict_decide(&e, domain, true);
	assert_true(strlen(e.sentence) < sizeof(e.sentence));
	assert_int_equal(e.verdict, MTASTS_VERDICT_FAIL);
}

/* ---- Without MX hosts ------------------------------------------------------------- */

static const struct {
	const char *row;
	enum mtasts_outcome outcome;
	enum mtasts_mode mode;
	enum mtasts_reason reason;
	enum mtasts_verdict verdict;
	const char *code;
	const char *sentence;
} without[] = {
	{ "none", MTASTS_OUTCOME_NONE, MTASTS_NO_POLICY,
	    MTASTS_REASON_NO_RECORD, MTASTS_VERDICT_NONE, "",
	    "no MTA-STS policy applies to a.example (no-record)" },
	{ "unavailable", MTASTS_OUTCOME_UNAVAILABLE, MTASTS_NO_POLICY,
	    MTASTS_REASON_FETCH_ERROR, MTASTS_VERDICT_NONE, "",
	    "the MTA-STS policy that a.example promises cannot be had (sts-policy-fetch-error)" },
	{ "unknown", MTASTS_OUTCOME_UNAVAILABLE, MTASTS_NO_POLICY,
	    MTASTS_REASON_DNS_TEMPERROR, MTASTS_VERDICT_NONE, "",
	    "whether a.example has an MTA-STS policy could not be determined (dns-temperror)" },
	{ "defer", MTASTS_OUTCOME_DEFER, MTASTS_NO_POLICY,
	    MTASTS_REASON_WEBPKI_INVALID, MTASTS_VERDICT_TEMPERROR, "4.7.0",
	    "a.example promises a policy that cannot be had (sts-webpki-invalid)" },
	{ "mode none", MTASTS_OUTCOME_POLICY, MTASTS_MODE_NONE,
	    MTASTS_REASON_POLICY, MTASTS_VERDICT_NONE, "",
	    "the policy of a.example has mode none" },
	{ "testing, not looked at", MTASTS_OUTCOME_POLICY,
	    MTASTS_MODE_TESTING, MTASTS_REASON_DEADLINE,
	    MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "the MX hosts of a.example were not looked at (deadline)" },
	{ "enforce, not looked at", MTASTS_OUTCOME_POLICY,
	    MTASTS_MODE_ENFORCE, MTASTS_REASON_NOT_CACHED,
	    MTASTS_VERDICT_TEMPERROR, "4.4.1",
	    "the MX hosts of a.example were not looked at (not-cached)" },
};

static void
what_binds_nobody_is_no_fail(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(without); i++) {
		struct answer answer = { .outcome = without[i].outcome,
			.reason = without[i].reason,
			.policy = { .mode = without[i].mode } };
		struct evaluation e = { .host_count = 7 };

		verdict_without_walk(&e, "a.example", &answer);
		ROW_INT(without[i].row, e.verdict, without[i].verdict);
		ROW_STR(without[i].row, e.code, without[i].code);
		ROW_STR(without[i].row, e.sentence, without[i].sentence);
		ROW_INT(without[i].row, e.host_count, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_finding_has_its_verdict_code_and_sentence),
		cmocka_unit_test(the_best_host_decides),
		cmocka_unit_test(a_host_that_was_not_probed_says_so),
		cmocka_unit_test(the_detail_follows_in_brackets),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(what_binds_nobody_is_no_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
