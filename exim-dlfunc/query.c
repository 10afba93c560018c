/*
 * query: one question of Exim's, one answer in words of ours. Runs in the child.
 *
 * What a policy says is libmtasts' to know; here is only how Exim is told.
 *
 * Test: tests/unit/test_exim.c
 */
#include "query.h"

#include "answer.h"
#include "library.h"

#include <stdlib.h>
#include <string.h>

/* Milliseconds: mail has gone already, but its next copy may wait behind it. */
#define NOTE_DEADLINE 2000

#define ANSWER_SIZE (MTASTS_IGNORE_LIST_SIZE + ANSWER_WORDS_SIZE)

/* Exim's mail waits; nobody could say whether a policy binds it. */
static void
put_defer(struct answer *answer, const char *why, const char *detail)
{
	answer->len = 0;
	answer->cut = false;
	answer_word(answer, "mode", "defer");
	answer_reason(answer, why, detail);
}

/* Why there is no policy, or a cached one stays in force; that there simply is
 * one needs no reason. */
static void
put_reason(struct answer *answer, const struct mtasts_result *result)
{
	enum mtasts_reason reason = mtasts_result_reason(result);

	if (reason != MTASTS_REASON_POLICY)
		answer_reason(answer, mtasts_reason_name(reason),
		    mtasts_result_detail(result));
}

static void
put_id(struct answer *answer, const struct mtasts_result *result)
{
	if (mtasts_result_id(result)[0] != '\0')
		answer_word(answer, "id", mtasts_result_id(result));
}

/* ---- mtasts_query -------------------------------------------------------- */

static void
put_enforce(struct answer *answer, const struct mtasts_result *result)
{
	static char list[MTASTS_IGNORE_LIST_SIZE];

	if (!mtasts_result_ignore_list(result, list, sizeof(list))) {
		put_defer(answer, "the policy has too many mx patterns", "");
		return;
	}
	answer_word(answer, "mode", "enforce");
	put_id(answer, result);
	answer_quoted(answer, "ignore", list);
	put_reason(answer, result);
}

static void
put_policy(struct answer *answer, const struct mtasts_result *result)
{
	if (mtasts_result_outcome(result) == MTASTS_OUTCOME_DEFER) {
		put_defer(answer,
		    mtasts_reason_name(mtasts_result_reason(result)),
		    mtasts_result_detail(result));
		return;
	}
	switch (mtasts_result_mode(result)) {
	case MTASTS_MODE_ENFORCE:
		put_enforce(answer, result);
		return;
	case MTASTS_MODE_TESTING:
		answer_word(answer, "mode", "testing");
		put_id(answer, result);
		break;
	case MTASTS_MODE_NONE:
		answer_word(answer, "mode", "none");
		put_id(answer, result);
		break;
	case MTASTS_NO_POLICY:
		answer_word(answer, "mode", "none");
		break;
	}
	put_reason(answer, result);
}

void
query_policy(const struct child *child, void *arg)
{
	static char buf[ANSWER_SIZE];
	const struct query *query = arg;
	const struct mtasts_result *result;
	struct library library;
	struct answer answer;
	unsigned flags = MTASTS_PREFER_CACHED;

	answer_init(&answer, buf, sizeof(buf));
	if (query->recheck)
		flags |= MTASTS_RECHECK;
	if (library_open(&library, child, 0) &&
	    mtasts_lookup(library.session, query->domain, flags,
		library_deadline(&library), &result, &library.err) ==
		MTASTS_OK)
		put_policy(&answer, result);
	else
		put_defer(&answer, library.err.text, "");
	child_answer(child, buf);
}

/* ---- mtasts_check -------------------------------------------------------- */

static void
put_verdict(struct answer *answer, const struct mtasts_result *result)
{
	enum mtasts_mode mode = mtasts_result_mode(result);
	const char *code = mtasts_result_enhanced_code(result);

	answer_word(answer, "verdict",
	    mtasts_verdict_name(mtasts_result_verdict(result)));
	answer_word(answer, "mode",
	    mode == MTASTS_NO_POLICY ? "none" : mtasts_mode_name(mode));
	put_id(answer, result);
	if (code[0] != '\0')
		answer_word(answer, "code", code);
	answer_reason(answer, mtasts_result_sentence(result), "");
}

void
query_check(const struct child *child, void *arg)
{
	const struct query *query = arg;
	const struct mtasts_result *result;
	char buf[ANSWER_WORDS_SIZE];
	struct library library;
	struct answer answer;

	answer_init(&answer, buf, sizeof(buf));
	if (library_open(&library, child, 0) &&
	    mtasts_evaluate(library.session, query->domain,
		MTASTS_PREFER_CACHED, library_deadline(&library), &result,
		&library.err) == MTASTS_OK) {
		put_verdict(&answer, result);
	} else {
		answer_word(&answer, "verdict", "temperror");
		answer_word(&answer, "mode", "none");
		answer_reason(&answer, library.err.text, "");
	}
	child_answer(child, buf);
}

/* ---- mtasts_match -------------------------------------------------------- */

void
query_match(const struct child *child, void *arg)
{
	const struct query *query = arg;
	const struct mtasts_result *result;
	struct library library;

	if (!library_open(&library, child, 0) ||
	    mtasts_lookup(library.session, query->domain,
		MTASTS_PREFER_CACHED, library_deadline(&library), &result,
		&library.err) != MTASTS_OK) {
		child_log(child, library.err.text);
		child_answer(child, "no");
		return;
	}
	child_answer(child, mtasts_result_match(result, query->host) ? "yes" : "no");
}

/* ---- mtasts_event -------------------------------------------------------- */

/* With enforce the router has left out what the policy does not name. With
 * testing it must be told. */
static void
judge_name(struct library *library, struct mtasts_connection *connection)
{
	const struct mtasts_result *result;
	int deadline = library_deadline(library);

	if (connection->mode == MTASTS_MODE_TESTING &&
	    mtasts_evaluate(library->session, connection->domain, 0,
		deadline < NOTE_DEADLINE ? deadline : NOTE_DEADLINE, &result,
		&library->err) == MTASTS_OK)
		mtasts_judge_connection(result, connection);
}

void
query_note(const struct child *child, void *arg)
{
	struct mtasts_connection connection =
	    *(const struct mtasts_connection *)arg;
	struct library library;
	char line[ANSWER_WORDS_SIZE];

	if (!library_open(&library, child, LIBRARY_NO_PROBE)) {
		child_log(child, library.err.text);
		return;
	}
	judge_name(&library, &connection);
	mtasts_note_connection(library.ctx, &connection, line, sizeof(line));
	child_answer(child, line);
}
