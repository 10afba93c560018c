/* milter: what of the daemon needs no socket. */
#include <config.h>

#include "milter/endpoint.h"
#include "milter/conf.h"
#include "milter/decision.h"
#include "milter/header.h"
#include "milter/map_dialect.h"
#include "milter/map_protocol.h"
#include "milter/reply.h"
#include "milter/route.h"

#include "api/result.h"
#include "support/table.h"

#include <unistd.h>

/* ---- A result to answer from -------------------------------------------------- */

static struct mtasts_result *
result_new(enum mtasts_outcome outcome, enum mtasts_mode mode, const char *mx,
    size_t mx_size, size_t mx_count)
{
	struct mtasts_result *result = calloc(1, sizeof(*result));

	result_name(result, "good.test");
	result->answer.outcome = outcome;
	result->answer.policy = (struct policy) { .mode = mode,
		.max_age = 86400, .mx_count = mx_count, .mx = mx,
		.mx_size = mx_size };
	return result;
}

static struct mtasts_result *
policy_result(enum mtasts_mode mode)
{
	static const char mx[] = "mx1.good.test\0*.wild.test";

	return result_new(MTASTS_OUTCOME_POLICY, mode, mx, sizeof(mx), 2);
}

/* One with so many patterns that no dialect of Sendmail takes the list. */
static struct mtasts_result *
long_result(void)
{
	static char mx[200 * 16];

	for (size_t i = 0; i < 200; i++)
		snprintf(mx + i * 16, 16, "mx%03u.a.example",
		    (unsigned)(i % 1000));
	return result_new(MTASTS_OUTCOME_POLICY, MTASTS_MODE_ENFORCE, mx,
	    sizeof(mx), 200);
}

static void
result_free(struct mtasts_result *result)
{
	result_clear(result);
	free(result);
}

/* ---- Netstrings --------------------------------------------------------------- */

static void
netstrings_good_bad_and_unfinished(void **state)
{
	static const struct {
		const char *text;
		enum netstring_status status;
		const char *payload;
		size_t used;
	} rows[] = {
		{ "0:,", NETSTRING_OK, "", 3 },
		{ "3:abc,", NETSTRING_OK, "abc", 6 },
		{ "3:abc,3:def,", NETSTRING_OK, "abc", 6 },
		{ "3:a,b,", NETSTRING_OK, "a,b", 6 },
		{ "", NETSTRING_MORE, NULL, 0 },
		{ "1", NETSTRING_MORE, NULL, 0 },
		{ "10000:", NETSTRING_MORE, NULL, 0 },
		{ "10001:", NETSTRING_BAD, NULL, 0 },
		{ "10001", NETSTRING_BAD, NULL, 0 },
		{ "99999999999999999999999", NETSTRING_BAD, NULL, 0 },
		{ "03:abc,", NETSTRING_BAD, NULL, 0 },
		{ "00:,", NETSTRING_BAD, NULL, 0 },
		{ ":,", NETSTRING_BAD, NULL, 0 },
		{ "-1:,", NETSTRING_BAD, NULL, 0 },
		{ " 3:abc,", NETSTRING_BAD, NULL, 0 },
		{ "3 :abc,", NETSTRING_BAD, NULL, 0 },
		{ "3:abcd", NETSTRING_BAD, NULL, 0 },
		{ "GET / HTTP/1.1\r\n", NETSTRING_BAD, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *payload;
		size_t len, used;
		enum netstring_status status = netstring_parse(rows[i].text,
		    strlen(rows[i].text), &payload, &len, &used);

		if (status != rows[i].status)
			fail_msg("%s: %d", rows[i].text, status);
		if (status != NETSTRING_OK)
			continue;
		assert_int_equal(len, strlen(rows[i].payload));
		assert_memory_equal(payload, rows[i].payload, len);
		assert_int_equal(used, rows[i].used);
	}
}

static void
a_netstring_may_come_in_any_pieces(void **state)
{
	static const char text[] = "12:sts good.tes,";
	const char *payload;
	size_t len, used;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(netstring_parse(text, i, &payload, &len,
				     &used),
		    NETSTRING_MORE);
	assert_int_equal(netstring_parse(text, sizeof(text) - 1, &payload,
			     &len, &used),
	    NETSTRING_OK);
	assert_int_equal(netstring_parse("3:a\0c,", 6, &payload, &len, &used),
	    NETSTRING_BAD);
}

/* ---- Dialects ----------------------------------------------------------------- */

#define SECURE "OK secure match=mx1.good.test:.wild.test servername=hostname"

static void
each_dialect_answers_in_its_words(void **state)
{
	static const struct {
		const char *name, *key;
		enum mtasts_mode mode;
		const char *answer;
	} rows[] = {
		{ "sts", "good.test", MTASTS_MODE_ENFORCE, SECURE },
		{ "STS", "GOOD.test", MTASTS_MODE_ENFORCE, SECURE },
		{ "sts", "good.test", MTASTS_MODE_TESTING, "NOTFOUND " },
		{ "sts", "good.test", MTASTS_MODE_NONE, "NOTFOUND " },
		{ "postfix", "good.test", MTASTS_MODE_ENFORCE, SECURE },
		{ "postfix", "good.test", MTASTS_MODE_TESTING, "NOTFOUND " },
		{ "postfix", "[good.test]", MTASTS_MODE_ENFORCE, "NOTFOUND " },
		{ "postfix", "[192.0.2.1]:25", MTASTS_MODE_ENFORCE,
		    "NOTFOUND " },
		{ "postfix", ".test", MTASTS_MODE_ENFORCE, "NOTFOUND " },
		{ "postfix", "", MTASTS_MODE_ENFORCE, "NOTFOUND " },
		{ "postfix-tlsrpt", "good.test", MTASTS_MODE_TESTING,
		    "NOTFOUND " },
		{ "postfix-tlsrpt", "good.test", MTASTS_MODE_ENFORCE,
		    SECURE " policy_type=sts policy_domain=good.test "
			   "mx_host_pattern=mx1.good.test "
			   "mx_host_pattern=*.wild.test "
			   "{ policy_string = version: STSv1 } "
			   "{ policy_string = mode: enforce } "
			   "{ policy_string = mx: mx1.good.test } "
			   "{ policy_string = mx: *.wild.test } "
			   "{ policy_string = max_age: 86400 }" },
		{ "mtasts", "good.test | mx1.good.test", MTASTS_MODE_ENFORCE,
		    "OK secure" },
		{ "mtasts", "good.test|MX1.good.test.", MTASTS_MODE_ENFORCE,
		    "OK secure" },
		{ "mtasts", "good.test | a.wild.test", MTASTS_MODE_ENFORCE,
		    "OK secure" },
		{ "mtasts", "good.test | a.b.wild.test", MTASTS_MODE_ENFORCE,
		    "OK refuse policy of good.test does not list MX host "
		    "a.b.wild.test" },
		{ "mtasts", "good.test | a\nb\xff", MTASTS_MODE_ENFORCE,
		    "OK refuse policy of good.test does not list MX host "
		    "a?b?" },
		{ "mtasts", "good.test | x\"(<\\>;,$%.test",
		    MTASTS_MODE_ENFORCE,
		    "OK refuse policy of good.test does not list MX host "
		    "x?????????.test" },
		{ "mtasts", "good.test | [192.0.2.1]", MTASTS_MODE_ENFORCE,
		    "OK refuse policy of good.test does not list MX host "
		    "[192.0.2.1]" },
		{ "mtasts", "good.test", MTASTS_MODE_ENFORCE,
		    "OK refuse policy of good.test does not list MX host " },
		{ "mtasts", "good.test | evil.test", MTASTS_MODE_TESTING,
		    "OK none" },
		{ "mtasts", "[192.0.2.1] | [192.0.2.1]", MTASTS_MODE_ENFORCE,
		    "OK none" },
		{ "mtasts", "|", MTASTS_MODE_ENFORCE, "OK none" },
		{ "nosuch", "good.test", MTASTS_MODE_ENFORCE, "NOTFOUND " },
		{ "", "", MTASTS_MODE_ENFORCE, "NOTFOUND " },
	};
	static char answer[MAP_ANSWER_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mtasts_result *r = policy_result(rows[i].mode);
		struct map_question question;

		if (map_dialect_ask(rows[i].name, rows[i].key, &question,
			answer, sizeof(answer)))
			map_dialect_answer(&question, r, answer,
			    sizeof(answer));
		if (strcmp(answer, rows[i].answer) != 0)
			fail_msg("%s %s: %s", rows[i].name, rows[i].key,
			    answer);
		result_free(r);
	}
}

static enum map_answer_kind
answer_of(const char *name, const char *key, const struct mtasts_result *r,
    char *answer)
{
	struct map_question question;

	assert_true(map_dialect_ask(name, key, &question, answer,
	    MAP_ANSWER_MAX));
	return map_dialect_answer(&question, r, answer, MAP_ANSWER_MAX);
}

static void
a_list_too_long_for_sendmail_is_temp_and_never_cut(void **state)
{
	static char answer[MAP_ANSWER_MAX];
	struct mtasts_result *r = long_result();

	(void)state;
	assert_int_equal(answer_of("sts", "good.test", r, answer),
	    MAP_ANSWER_TEMP);
	assert_string_equal(answer,
	    "TEMP MTA-STS policy of good.test has too many mx patterns");
	assert_int_equal(answer_of("postfix", "good.test", r, answer),
	    MAP_ANSWER_ENFORCED);
	assert_non_null(strstr(answer, ":mx199.a.example "));
	assert_int_equal(answer_of("mtasts", "good.test|evil.test", r, answer),
	    MAP_ANSWER_REFUSED);
	result_free(r);
}

/* Postfix 3.10's smtp_tls_policy_maps: braces count, and what it cannot read
 * defers the mail. */
static void
a_report_is_whole_or_left_out(void **state)
{
	static char answer[MAP_ANSWER_MAX];
	static char mx[9000 * 8];
	struct mtasts_result *r;

	(void)state;
	for (size_t i = 0; i < 9000; i++)
		snprintf(mx + i * 8, 8, "m%04zu.b", i);
	r = result_new(MTASTS_OUTCOME_POLICY, MTASTS_MODE_ENFORCE, mx,
	    sizeof(mx) / 3, 3000);
	answer_of("postfix-tlsrpt", "good.test", r, answer);
	assert_non_null(strstr(answer, " mx_host_pattern=m2999.b"));
	assert_null(strchr(answer, '{'));
	assert_string_equal(answer + strlen(answer) - 7, "m2999.b");
	r->answer.policy.mx_count = 9000;
	r->answer.policy.mx_size = sizeof(mx);
	answer_of("postfix-tlsrpt", "good.test", r, answer);
	assert_null(strstr(answer, "policy_type"));
	assert_string_equal(answer + strlen(answer) - 20,
	    " servername=hostname");
	r->answer.policy.mx = "a{}.test";
	r->answer.policy.mx_count = 1;
	r->answer.policy.mx_size = 9;
	answer_of("postfix-tlsrpt", "good.test", r, answer);
	assert_null(strstr(answer, "policy_string = mx"));
	result_free(r);
}

static void
what_is_not_known_is_no_policy_unless_strict(void **state)
{
	static char answer[MAP_ANSWER_MAX];
	struct mtasts_result *r = result_new(MTASTS_OUTCOME_UNAVAILABLE, 0,
	    NULL, 0, 0);

	(void)state;
	answer_of("sts", "good.test", r, answer);
	assert_string_equal(answer, "NOTFOUND ");
	answer_of("mtasts", "good.test|mx.test", r, answer);
	assert_string_equal(answer, "OK none");
	answer_of("postfix", "good.test", NULL, answer);
	assert_string_equal(answer, "NOTFOUND ");
	r->answer.outcome = MTASTS_OUTCOME_DEFER;
	assert_int_equal(answer_of("mtasts", "good.test|mx.test", r, answer),
	    MAP_ANSWER_TEMP);
	result_free(r);
}

static void
a_key_of_any_length_is_survived(void **state)
{
	static char key[MAP_REQUEST_MAX], answer[MAP_ANSWER_MAX];
	struct map_question question;

	(void)state;
	memset(key, 'a', sizeof(key) - 1);
	assert_false(map_dialect_ask("sts", key, &question, answer,
	    sizeof(answer)));
	assert_string_equal(answer, "NOTFOUND ");
	key[9000] = '|';
	assert_false(map_dialect_ask("mtasts", key, &question, answer,
	    sizeof(answer)));
	assert_string_equal(answer, "OK none");
}

/* ---- Replies ------------------------------------------------------------------ */

static void
a_reply_holds_only_printable_ascii_and_doubled_percents(void **state)
{
	static const struct {
		const char *text, *reply, *header;
	} rows[] = {
		{ "plain", "plain", "plain" },
		{ "100%", "100%%", "100%" },
		{ "%s%n", "%%s%%n", "%s%n" },
		{ "a\r\nb", "a\\x0d\\x0ab", "a\\x0d\\x0ab" },
		{ "b\xc3\xbc", "b\\xc3\\xbc", "b\\xc3\\xbc" },
		{ "\x7f\t", "\\x7f\\x09", "\\x7f\\x09" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reply_escape(buf, sizeof(buf), rows[i].text, true);
		assert_string_equal(buf, rows[i].reply);
		reply_escape(buf, sizeof(buf), rows[i].text, false);
		assert_string_equal(buf, rows[i].header);
	}
}

static void
a_reply_is_cut_between_escapes(void **state)
{
	char buf[6];

	(void)state;
	assert_int_equal(reply_escape(buf, sizeof(buf), "abcd%", true), 4);
	assert_string_equal(buf, "abcd");
	assert_int_equal(reply_escape(buf, sizeof(buf), "ab\xff", true), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(reply_escape(buf, sizeof(buf), "abcdefgh", true), 5);
}

/* ---- Routes ------------------------------------------------------------------- */

static struct conf *
conf_of(const char *text)
{
	char path[] = "/tmp/mtasts-test-XXXXXX";
	struct conf_command command = { .file = path };
	struct mtasts_error err;
	struct conf *conf;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	if (conf_read(&command, &conf, &err) != MTASTS_OK)
		fail_msg("%s", err.text);
	unlink(path);
	return conf;
}

static void
outbound_is_by_mailer_and_next_hop(void **state)
{
	static const struct {
		const char *mailer, *host, *addr;
		enum route_kind kind;
		const char *domain;
		const char *next_hop; /* under overridden_routes = next-hop */
	} rows[] = {
		{ "esmtp", "good.test.", "r@good.test", ROUTE_OUTBOUND,
		    "good.test", "good.test" },
		{ "ESMTP", "good.test.", "r@GOOD.test", ROUTE_OUTBOUND,
		    "GOOD.test", "GOOD.test" },
		{ "smtp", "GOOD.test", "r@good.test", ROUTE_OUTBOUND,
		    "good.test", "good.test" },
		{ "smtp", "xn--bcher-kva.test", "r@b\xc3\xbc" "cher.test",
		    ROUTE_OUTBOUND, "b\xc3\xbc" "cher.test",
		    "b\xc3\xbc" "cher.test" },
		{ "esmtp", "good.test", "@relay.test:r@good.test",
		    ROUTE_OUTBOUND, "good.test", "good.test" },
		{ "esmtp", "good.test", "u%other.test@good.test",
		    ROUTE_OUTBOUND, "good.test", "good.test" },
		{ "esmtp", "good.test", "\"a@b\"@good.test", ROUTE_OUTBOUND,
		    "good.test", "good.test" },
		{ "local", "", "user", ROUTE_LOCAL, "", "" },
		{ "local", "host.test", "user@host.test", ROUTE_LOCAL, "", "" },
		{ "error", "5.1.1", "x@good.test", ROUTE_UNKNOWN, "", "" },
		{ NULL, NULL, NULL, ROUTE_UNKNOWN, "", "" },
		{ "smtp", NULL, "r@good.test", ROUTE_UNKNOWN, "", "" },
		{ "smtp", "good.test", NULL, ROUTE_UNKNOWN, "", "" },
		{ "relay", "[smart.test]", "r@good.test", ROUTE_FIXED, "", "" },
		{ "smtp", "[smart.test]:25", "r@good.test", ROUTE_FIXED, "",
		    "" },
		{ "esmtp", "[192.0.2.11]", "r@[192.0.2.11]", ROUTE_FIXED, "",
		    "" },
		{ "esmtp", "smart.test.", "r@good.test", ROUTE_OVERRIDDEN, "",
		    "smart.test." },
		{ "smtp", "smart.test:26", "r@good.test", ROUTE_OVERRIDDEN, "",
		    "smart.test" },
	};
	struct conf *skip = conf_of("");
	struct conf *hop = conf_of(
	    "milter { overridden_routes = next-hop }\n");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct route_recipient recipient = { rows[i].mailer,
			rows[i].host, rows[i].addr };
		char domain[ROUTE_DOMAIN_SIZE];
		enum route_kind kind = route_find(skip, &recipient, domain,
		    sizeof(domain));

		if (kind != rows[i].kind ||
		    (kind == ROUTE_OUTBOUND &&
			strcmp(domain, rows[i].domain) != 0))
			fail_msg("row %zu: %d %s", i, kind, domain);
		kind = route_find(hop, &recipient, domain, sizeof(domain));
		if ((kind == ROUTE_OUTBOUND) != (rows[i].next_hop[0] != '\0') ||
		    (kind == ROUTE_OUTBOUND &&
			strcmp(domain, rows[i].next_hop) != 0))
			fail_msg("next-hop, row %zu: %d %s", i, kind, domain);
	}
	conf_free(&hop);
	conf_free(&skip);
}

/* ---- Configuration ------------------------------------------------------------ */

static void
settings_are_read_and_mistakes_have_a_line(void **state)
{
	struct conf *conf = conf_of(
	    "milter { socket = none on_fail = reject on_error = defer\n"
	    " rcpt_timeout = 2s header = X-Y mailers = {a, b} }\n"
	    "socketmap { listen = {\"unix:/a\", \"inet:5461@127.0.0.1\"}\n"
	    " socket_mode = 0600 timeout = 3s }\n"
	    "daemon { user = u refresh = no }\n");
	struct conf_command command = { .file = "/nonexistent" };
	struct mtasts_error err;

	(void)state;
	assert_int_equal(conf->milter.socket.kind, ENDPOINT_NONE);
	assert_int_equal(conf->milter.on_fail, ON_FAIL_REJECT);
	assert_int_equal(conf->milter.on_error, ON_ERROR_DEFER);
	assert_int_equal(conf->milter.rcpt_timeout, 2000);
	assert_string_equal(conf->milter.header, "X-Y");
	assert_true(conf_has_mailer(conf, "B"));
	assert_false(conf_has_mailer(conf, "smtp"));
	assert_int_equal(conf->socketmap.listen_count, 2);
	assert_string_equal(conf->socketmap.listen[1].port, "5461");
	assert_int_equal(conf->socketmap.socket_mode, 0600);
	assert_string_equal(conf->daemon.user, "u");
	assert_false(conf->daemon.refresh);
	conf_free(&conf);

	conf = conf_of("cache { user = c }\nmilter { on_fail = tag }\n");
	assert_string_equal(conf->daemon.user, "c");
	assert_int_equal(conf->milter.tag, TAG_FAIL);
	conf_free(&conf);
	assert_int_equal(conf_read(&command, &conf, &err), MTASTS_CONFIG);
	assert_null(conf);
}

static const char *differences[8];
static size_t difference_count;

static void
note_difference(const char *name)
{
	differences[difference_count++] = name;
}

static void
what_a_reload_cannot_change_is_named(void **state)
{
	struct conf *old = conf_of("");
	struct conf *fresh = conf_of("milter { socket = none on_fail = tag }\n"
				     "socketmap { listen = none }\n"
				     "daemon { user = u refresh = false }\n");

	(void)state;
	difference_count = 0;
	conf_compare(old, old, note_difference);
	assert_int_equal(difference_count, 0);
	conf_compare(old, fresh, note_difference);
	assert_int_equal(difference_count, 3);
	assert_string_equal(differences[0], "milter.socket");
	assert_string_equal(differences[1], "socketmap.listen");
	assert_string_equal(differences[2], "daemon.user");
	conf_free(&fresh);
	conf_free(&old);
}

static void
addresses_in_every_form(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		const char *shown;
	} rows[] = {
		{ "none", true, "none" },
		{ "unix:/run/x", true, "unix:/run/x" },
		{ "local:/run/x", true, "unix:/run/x" },
		{ "inet:25", true, "inet:25" },
		{ "inet:25@127.0.0.1", true, "inet:25@127.0.0.1" },
		{ "inet:127.0.0.1:25", true, "inet:25@127.0.0.1" },
		{ "inet6:25@[::1]", true, "inet6:25@::1" },
		{ "inet6:[::1]:25", true, "inet6:25@::1" },
		{ "unix:run/x", false, "" },
		{ "inet:", false, "" },
		{ "inet:0", false, "" },
		{ "inet:65536", false, "" },
		{ "inet:x@y", false, "" },
		{ "inet:1234567890@h", false, "" },
		{ "tcp:25", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct endpoint address;
		char shown[2 * ENDPOINT_SIZE];

		if (endpoint_parse(rows[i].text, &address) != rows[i].valid)
			fail_msg("%s", rows[i].text);
		if (!rows[i].valid)
			continue;
		endpoint_format(&address, shown, sizeof(shown));
		assert_string_equal(shown, rows[i].shown);
	}
}

/* ---- Decisions and the header ------------------------------------------------- */

static struct mtasts_result *
evaluated(enum mtasts_mode mode, enum mtasts_verdict verdict)
{
	struct mtasts_result *r = policy_result(mode);

	strcpy(r->answer.id, "i1");
	r->evaluation = &r->room;
	r->evaluation->verdict = verdict;
	r->evaluation->code = verdict == MTASTS_VERDICT_FAIL ? "4.7.10" : "";
	strcpy(r->evaluation->sentence, "MX host 100%.test has no STARTTLS");
	return r;
}

static void
a_decision_follows_advice_and_configuration(void **state)
{
	static const struct {
		const char *conf;
		enum mtasts_mode mode;
		enum mtasts_verdict verdict;
		enum action action;
		const char *codes;
	} rows[] = {
		{ "", MTASTS_MODE_ENFORCE, MTASTS_VERDICT_FAIL, ACTION_DEFER,
		    "451 4.7.10" },
		{ "milter { on_fail = reject }", MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_FAIL, ACTION_REJECT, "550 5.7.10" },
		{ "milter { on_fail = tag }", MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_FAIL, ACTION_TAG, NULL },
		{ "milter { on_fail = reject }", MTASTS_MODE_TESTING,
		    MTASTS_VERDICT_FAIL, ACTION_ACCEPT, NULL },
		{ "milter { on_fail = reject tag = fail }",
		    MTASTS_MODE_TESTING, MTASTS_VERDICT_FAIL, ACTION_TAG,
		    NULL },
		{ "", MTASTS_MODE_ENFORCE, MTASTS_VERDICT_TEMPERROR,
		    ACTION_ACCEPT, NULL },
		{ "milter { on_error = defer }", MTASTS_MODE_ENFORCE,
		    MTASTS_VERDICT_TEMPERROR, ACTION_DEFER, "451 4.7.0" },
		{ "milter { on_error = defer }", MTASTS_MODE_TESTING,
		    MTASTS_VERDICT_TEMPERROR, ACTION_ACCEPT, NULL },
		{ "", MTASTS_MODE_ENFORCE, MTASTS_VERDICT_PASS, ACTION_ACCEPT,
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf *conf = conf_of(rows[i].conf);
		struct mtasts_result *r = evaluated(rows[i].mode,
		    rows[i].verdict);
		struct decision d;
		char codes[32];

		decision_make(conf, r, &d);
		snprintf(codes, sizeof(codes), "%s %s", d.rcode, d.xcode);
		if (d.action != rows[i].action ||
		    (rows[i].codes != NULL &&
			strcmp(codes, rows[i].codes) != 0))
			fail_msg("row %zu: %d %s", i, d.action, codes);
		assert_string_equal(d.text,
		    "MTA-STS: MX host 100%%.test has no STARTTLS");
		result_free(r);
		conf_free(&conf);
	}
}

/* The certificate would be looked at for a name that no pattern covers. */
static void
the_target_of_an_aliased_mx_host_is_refused(void **state)
{
	static char answer[MAP_ANSWER_MAX];
	struct mtasts_result *r = evaluated(MTASTS_MODE_ENFORCE,
	    MTASTS_VERDICT_PASS);

	(void)state;
	r->evaluation->host_count = 1;
	r->hosts[0] = (struct mtasts_host) { .name = "mx1.good.test",
		.matched = true, .detail = "" };
	assert_true(mtasts_result_match_target(r, "target.example"));
	assert_int_equal(answer_of("mtasts", "good.test | target.example", r,
			     answer),
	    MAP_ANSWER_REFUSED);
	assert_int_equal(answer_of("mtasts", "good.test | mx1.good.test", r,
			     answer),
	    MAP_ANSWER_ENFORCED);
	result_free(r);
}

static void
a_refusal_is_bounded(void **state)
{
	static char key[400], answer[MAP_ANSWER_MAX];
	struct mtasts_result *r = policy_result(MTASTS_MODE_ENFORCE);

	(void)state;
	memset(key, 'a', sizeof(key) - 1);
	memcpy(key, "good.test|", 10);
	assert_int_equal(answer_of("mtasts", key, r, answer),
	    MAP_ANSWER_REFUSED);
	assert_in_range(strlen(answer), 300, 400);
	result_free(r);
}

static void
a_header_names_no_domain_unless_all_share_it(void **state)
{
	struct conf *conf = conf_of("");
	struct mtasts_result *r = evaluated(MTASTS_MODE_ENFORCE,
	    MTASTS_VERDICT_FAIL);
	struct header_summary summary;
	struct decision d;
	char value[HEADER_SIZE];

	(void)state;
	decision_make(conf, r, &d);
	header_begin(&summary);
	assert_false(header_is_due(&summary, TAG_ALL));
	header_add(&summary, "good.test", &d);
	header_add(&summary, "GOOD.test", &d);
	assert_false(header_is_due(&summary, TAG_OFF));
	assert_true(header_is_due(&summary, TAG_FAIL));
	header_format(&summary, value, sizeof(value));
	assert_string_equal(value,
	    "mode=enforce; result=fail; domain=good.test; id=i1;\n"
	    "\treason=\"MX host 100%.test has no STARTTLS\"");
	header_add(&summary, "bcc.test", NULL);
	header_format(&summary, value, sizeof(value));
	assert_string_equal(value,
	    "recipients=3; pass=0; fail=2; temperror=0; none=1");
	result_free(r);
	conf_free(&conf);
}

/* A next hop may have any name, and a sentence an answer's words. */
static void
a_header_holds_no_field_of_others(void **state)
{
	struct decision d = { .mode = MTASTS_MODE_ENFORCE,
		.verdict = MTASTS_VERDICT_FAIL,
		.domain = "a; result=pass",
		.sentence = "said \"go\"; mode=none \\" };
	struct header_summary summary;
	char value[HEADER_SIZE];

	(void)state;
	header_begin(&summary);
	header_add(&summary, "a", &d);
	header_format(&summary, value, sizeof(value));
	assert_string_equal(value,
	    "mode=enforce; result=fail; domain=\"a; result=pass\";\n"
	    "\treason=\"said \\\"go\\\"; mode=none \\\\\"");
	memset(d.sentence, '"', sizeof(d.sentence) - 1);
	memcpy(d.domain, "", 1);
	header_begin(&summary);
	header_add(&summary, "a", &d);
	header_format(&summary, value, sizeof(value));
	assert_non_null(strstr(value, "domain=\"\";\n\treason=\"\\\""));
	assert_in_range(strlen(strchr(value, '\n')), 890, 998);
	assert_string_equal(value + strlen(value) - 3, "\\\"\"");
}

static void
a_name_that_is_no_domain_is_escaped(void **state)
{
	struct mtasts_result *r = policy_result(MTASTS_MODE_ENFORCE);
	struct conf *conf = conf_of("");
	struct decision d;

	(void)state;
	result_name(r, "b\xc3\xbc" "cher.test");
	decision_make(conf, r, &d);
	assert_string_equal(d.domain, "b\\xc3\\xbc" "cher.test");
	result_free(r);
	conf_free(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netstrings_good_bad_and_unfinished),
		cmocka_unit_test(a_netstring_may_come_in_any_pieces),
		cmocka_unit_test(each_dialect_answers_in_its_words),
		cmocka_unit_test(
		    a_list_too_long_for_sendmail_is_temp_and_never_cut),
		cmocka_unit_test(a_report_is_whole_or_left_out),
		cmocka_unit_test(what_is_not_known_is_no_policy_unless_strict),
		cmocka_unit_test(a_key_of_any_length_is_survived),
		cmocka_unit_test(
		    a_reply_holds_only_printable_ascii_and_doubled_percents),
		cmocka_unit_test(a_reply_is_cut_between_escapes),
		cmocka_unit_test(outbound_is_by_mailer_and_next_hop),
		cmocka_unit_test(settings_are_read_and_mistakes_have_a_line),
		cmocka_unit_test(what_a_reload_cannot_change_is_named),
		cmocka_unit_test(addresses_in_every_form),
		cmocka_unit_test(a_decision_follows_advice_and_configuration),
		cmocka_unit_test(the_target_of_an_aliased_mx_host_is_refused),
		cmocka_unit_test(a_refusal_is_bounded),
		cmocka_unit_test(a_header_names_no_domain_unless_all_share_it),
		cmocka_unit_test(a_header_holds_no_field_of_others),
		cmocka_unit_test(a_name_that_is_no_domain_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
