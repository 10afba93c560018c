/*
 * map_dialect: the answers of the socket map.
 *
 *	sts              Sendmail's FEATURE(sts); the key is a domain
 *	mtasts           our rules for Sendmail; the key is domain|server
 *	postfix          Postfix before 3.10; the key is a next hop
 *	postfix-tlsrpt   Postfix 3.10, with the policy for its TLS reports
 *
 * Whoever has no policy of mode enforce is told so. TEMP stands where a policy is
 * known and cannot be told, and where strict_first_use asks for it; PERM, which
 * fails open in Sendmail, nowhere.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "map_dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Sendmail fails a rule, and the mail for good, with a longer one. */
#define STS_MATCH_MAX 800

/* Room for the octets that are kept of a policy, each of them escaped. */
#define PUBLISHED_SIZE (4 * 8192 + 2)

#define NOTFOUND "NOTFOUND "

struct map_dialect {
	const char *name;
	const char *none; /* the answer where nothing is enforced */
	bool has_server;
	size_t match_max;
	enum map_answer_kind (*enforce)(const struct map_question *question,
	    const struct mtasts_result *result, char *answer, size_t size);
};

/* ---- Answers ------------------------------------------------------------- */

static enum map_answer_kind
answer_temp(const struct mtasts_result *result, const char *why, char *answer,
    size_t size)
{
	snprintf(answer, size, "TEMP MTA-STS policy of %s %s",
	    mtasts_result_domain(result), why);
	return MAP_ANSWER_TEMP;
}

static enum map_answer_kind
answer_match(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size)
{
	static const char begin[] = "OK secure match=";
	static const char end[] = " servername=hostname";
	size_t room = question->dialect->match_max;
	char *list = answer + sizeof(begin) - 1;

	if (size < sizeof(begin) + sizeof(end) + room ||
	    !mtasts_result_match_list(result, list, room) || list[0] == '\0')
		return answer_temp(result, "has too many mx patterns", answer,
		    size);
	memcpy(answer, begin, sizeof(begin) - 1);
	memcpy(list + strlen(list), end, sizeof(end));
	return MAP_ANSWER_ENFORCED;
}

/* Sendmail takes an answer apart as it does an address: a quotation mark or a
 * parenthesis in it would make it none, and that reads as no policy. */
void
map_dialect_plain(char *buf, size_t size, const char *server)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._:[]";
	size_t i;

	for (i = 0; server[i] != '\0' && i + 1 < size; i++)
		buf[i] = strchr(plain, server[i]) != NULL ? server[i] : '?';
	buf[i] = '\0';
}

/*
 * The server's name has to be a policy's, as it stands (RFC 8461, 4.1). Sendmail
 * may know a server whose MX record names an alias by the alias's target, and it
 * looks for that name in the certificate: to accept it (mtasts_result_match_target)
 * would let whoever forges the alias show a certificate of their own.
 */
static enum map_answer_kind
answer_server(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size)
{
	char server[300];

	if (mtasts_result_match(result, question->server)) {
		snprintf(answer, size, "OK secure");
		return MAP_ANSWER_ENFORCED;
	}
	map_dialect_plain(server, sizeof(server), question->server);
	snprintf(answer, size, "OK refuse policy of %s does not list MX host %s",
	    mtasts_result_domain(result), server);
	return MAP_ANSWER_REFUSED;
}

/* ---- Reports ------------------------------------------------------------- */

/* What an answer is made of, piece by piece. */
struct writer {
	char *at;
	size_t left;
	bool cut;
};

static void
put(struct writer *w, const char *before, const char *value, const char *after)
{
	size_t len = (size_t)snprintf(w->at, w->left, "%s%s%s", before, value,
	    after);

	w->cut = w->cut || len >= w->left;
	if (w->cut)
		return;
	w->at += len;
	w->left -= len;
}

/* Postfix counts braces, and defers where they do not match: a line that has any
 * is left out, as none of RFC 8461's fields has. */
static void
put_string(struct writer *w, const char *line)
{
	if (strpbrk(line, "{}") == NULL)
		put(w, " { policy_string = ", line, " }");
}

/* Of a policy that nobody published: the administrator's own. */
static void
put_fields(struct writer *w, const struct mtasts_result *result)
{
	char line[300];
	const char *mx;

	put_string(w, "version: STSv1");
	snprintf(line, sizeof(line), "mode: %s",
	    mtasts_mode_name(mtasts_result_mode(result)));
	put_string(w, line);
	for (size_t i = 0; (mx = mtasts_result_mx(result, i)) != NULL; i++) {
		snprintf(line, sizeof(line), "mx: %s", mx);
		put_string(w, line);
	}
	snprintf(line, sizeof(line), "max_age: %u",
	    (unsigned)mtasts_result_max_age(result));
	put_string(w, line);
}

static void
put_strings(struct writer *w, const struct mtasts_result *result)
{
	char text[PUBLISHED_SIZE], *line = text, *end;

	if (!mtasts_result_published(result, text, sizeof(text))) {
		put_fields(w, result);
		return;
	}
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		put_string(w, line);
	}
}

/* Postfix 3.10.5 and later hold the MX host itself to the patterns. */
static void
put_patterns(struct writer *w, const struct mtasts_result *result)
{
	const char *mx;

	put(w, " policy_type=sts policy_domain=", mtasts_result_domain(result),
	    "");
	for (size_t i = 0; (mx = mtasts_result_mx(result, i)) != NULL; i++)
		put(w, " mx_host_pattern=", mx, "");
}

/* What does not fit is left out as a whole: an answer without the policy's text,
 * or without its patterns, is better than mail that does not go. */
static enum map_answer_kind
answer_report(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size)
{
	enum map_answer_kind kind = answer_match(question, result, answer,
	    size);
	size_t len = strlen(answer);
	struct writer writer = { answer + len, size - len, false };

	if (kind != MAP_ANSWER_ENFORCED)
		return kind;
	put_patterns(&writer, result);
	if (!writer.cut)
		len = size - writer.left;
	put_strings(&writer, result);
	if (writer.cut)
		answer[len] = '\0';
	return kind;
}

/* ---- Dialects ------------------------------------------------------------ */

static const struct map_dialect dialects[] = {
	{ "sts", NOTFOUND, false, STS_MATCH_MAX, answer_match },
	{ "mtasts", "OK none", true, 0, answer_server },
	{ "postfix", NOTFOUND, false, MAP_ANSWER_MAX - 100, answer_match },
	{ "postfix-tlsrpt", NOTFOUND, false, MAP_ANSWER_MAX - 100,
	    answer_report },
};

static const struct map_dialect *
dialect_find(const char *name)
{
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		if (strcasecmp(dialects[i].name, name) == 0)
			return &dialects[i];
	}
	return NULL;
}

bool
map_dialect_knows(const char *name)
{
	return dialect_find(name) != NULL;
}

/* The word at text, up to a bar or the end, without spaces around it. */
static const char *
take_word(const char *text, char *buf, size_t size)
{
	size_t len;
	const char *end;

	text += strspn(text, " \t");
	end = text + strcspn(text, "|");
	len = (size_t)(end - text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len >= size)
		len = 0; /* no domain is that long */
	memcpy(buf, text, len);
	buf[len] = '\0';
	return end;
}

/* Bracketed hosts, addresses and Postfix's .parent have no policy. */
static bool
may_have_policy(const char *domain)
{
	return domain[0] != '\0' && domain[0] != '[' && domain[0] != '.';
}

bool
map_dialect_ask(const char *name, const char *key, struct map_question *out,
    char *answer, size_t size)
{
	const char *rest;

	out->domain[0] = out->server[0] = '\0';
	out->dialect = dialect_find(name);
	if (out->dialect == NULL) {
		snprintf(answer, size, NOTFOUND);
		return false;
	}
	if (out->dialect->has_server) {
		rest = take_word(key, out->domain, sizeof(out->domain));
		if (*rest == '|')
			take_word(rest + 1, out->server, sizeof(out->server));
	} else {
		take_word(key, out->domain, sizeof(out->domain));
	}
	if (may_have_policy(out->domain))
		return true;
	snprintf(answer, size, "%s", out->dialect->none);
	return false;
}

enum map_answer_kind
map_dialect_answer(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size)
{
	if (result != NULL &&
	    mtasts_result_outcome(result) == MTASTS_OUTCOME_DEFER)
		return answer_temp(result, "cannot be had yet", answer, size);
	if (result != NULL && mtasts_result_enforces(result))
		return question->dialect->enforce(question, result, answer,
		    size);
	snprintf(answer, size, "%s", question->dialect->none);
	return MAP_ANSWER_NONE;
}
