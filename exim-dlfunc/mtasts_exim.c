/*
 * mtasts.so: what ${dlfunc} calls. See mtasts-exim(7).
 *
 * Each function is a question asked in a child (child.h), so that nothing of
 * ours, and no octet from the network, is handled by Exim's own process, which is
 * root while it routes. Each returns OK and words of our own: where Exim gets
 * anything else it fails open in most options, and in some it loses the message.
 *
 * Test: tests/unit/test_exim.c
 */
#include <config.h>

#include "answer.h"
#include "child.h"
#include "event.h"
#include "mtasts.h"
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exim_abi.h"

/* ---- Exim's ABI ---------------------------------------------------------- */

/* log_write() escapes nothing; the child's lines are escaped, but by a child. */
static void
log_line(const char *line)
{
	char clean[ANSWER_WORDS_SIZE];
	size_t i;

	snprintf(clean, sizeof(clean), "%s", line);
	for (i = 0; clean[i] != '\0'; i++) {
		if ((clean[i] > 0 && clean[i] < ' ') || clean[i] == 0x7f)
			clean[i] = '?';
	}
	log_write(0, LOG_MAIN, "mtasts: %s", clean);
}

/* Exim copies the string, and what is copied from our memory is not tainted. */
static int
give(uschar **yield, const char *text)
{
	*yield = string_copyn((const uschar *)text, (int)strlen(text));
	if (debug_selector & D_local_scan)
		debug_printf("mtasts: %s\n", text);
	return OK;
}

/* The argument with this number, or NULL. Above seven, Exim's count is
 * garbage, and so may be what it counts. */
static const char *
argument(int argc, uschar *argv[], int i)
{
	if (argc < 0 || argc > EXIM_ARGUMENTS_MAX || i >= argc)
		return NULL;
	return (const char *)argv[i];
}

/* ---- Asking -------------------------------------------------------------- */

/* Ask in a child. Where it has no answer, Exim is given what is to be said
 * then, with the reason, if there is room for one in such an answer. */
static int
ask(uschar **yield, child_work_fn *work, struct query *query,
    const char *otherwise)
{
	char text[ANSWER_WORDS_SIZE];
	struct child_result result;
	struct answer answer;
	int rc;

	child_run(work, query, log_line, &result);
	if (result.answer == NULL) {
		answer_init(&answer, text, sizeof(text));
		answer_text(&answer, otherwise);
		answer_reason(&answer, "mtasts cannot answer", result.failure);
		log_line(text);
		result.answer = strchr(otherwise, '=') ? text : otherwise;
	}
	rc = give(yield, result.answer);
	free(result.output);
	return rc;
}

/* Called with what makes no question: a mistake in the configuration. */
static int
refuse(uschar **yield, const char *text)
{
	log_line(text);
	return give(yield, text);
}

int
mtasts_query(uschar **yield, int argc, uschar *argv[])
{
	struct query query = { .domain = argument(argc, argv, 0) };
	const char *how = argument(argc, argv, 1);

	if (query.domain == NULL)
		return refuse(yield, "mode=defer "
				     "reason=\"mtasts_query takes a domain\"");
	query.recheck = how != NULL && strcmp(how, "recheck") == 0;
	return ask(yield, query_policy, &query, "mode=defer");
}

int
mtasts_check(uschar **yield, int argc, uschar *argv[])
{
	struct query query = { .domain = argument(argc, argv, 0) };

	if (query.domain == NULL)
		return refuse(yield, "verdict=temperror mode=none "
				     "reason=\"mtasts_check takes a domain\"");
	return ask(yield, query_check, &query,
	    "verdict=temperror mode=none");
}

int
mtasts_match(uschar **yield, int argc, uschar *argv[])
{
	struct query query = { .domain = argument(argc, argv, 0),
		.host = argument(argc, argv, 1) };

	if (query.domain == NULL || query.host == NULL)
		return refuse(yield, "no");
	return ask(yield, query_match, &query, "no");
}

/* The names of a connection's events, in the order of the arguments. */
static struct event
event_of(int argc, uschar *argv[])
{
	const char *given[EXIM_ARGUMENTS_MAX];
	int i;

	for (i = 0; i < EXIM_ARGUMENTS_MAX; i++) {
		given[i] = argument(argc, argv, i);
		if (given[i] == NULL)
			given[i] = "";
	}
	return (struct event){ given[0], given[1], given[2], given[3],
		given[4], given[5], given[6] };
}

/* Always empty: anything else would end the connection. */
int
mtasts_event(uschar **yield, int argc, uschar *argv[])
{
	static struct event_state state; /* a process has one connection */
	struct event event = event_of(argc, argv);
	struct mtasts_connection connection;
	struct child_result result;

	if (event_take(&state, &event, (int64_t)time(NULL), &connection)) {
		child_run(query_note, &connection, log_line, &result);
		log_line(result.answer != NULL ? result.answer :
						 result.failure);
		free(result.output);
	}
	return give(yield, "");
}

int
mtasts_version(uschar **yield, int argc, uschar *argv[])
{
	(void)argc;
	(void)argv;
	return give(yield, MTASTS_VERSION);
}
