/*
 * map_lookup: a session for the cache, and lookups whose answer the library's
 * background thread brings.
 *
 * That thread writes the dialect's answer, and the loop collects it. An instance
 * is let go on the loop alone: the last to let go waits for the thread's end.
 *
 * Test: tests/milter/map.py
 */
#include <config.h>

#include "map_lookup.h"

#include "log.h"
#include "stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The loop's. */
static struct {
	struct instance *instance;
	struct mtasts_session *session;
} cache;

/* Done, and not collected. */
static struct {
	pthread_mutex_t mutex;
	struct map_lookup *first;
	void (*wake)(void);
} done = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void
map_lookup_init(void (*wake)(void))
{
	done.wake = wake;
}

/* ---- Answers ------------------------------------------------------------- */

static const struct {
	const char *name;
	enum stats_counter counter;
	enum mtasts_log_level level;
} kinds[] = {
	[MAP_ANSWER_NONE] = { "none", STATS_MAP_NOTFOUND, MTASTS_LOG_INFO },
	[MAP_ANSWER_ENFORCED] = { "secure", STATS_MAP_ENFORCED,
	    MTASTS_LOG_INFO },
	[MAP_ANSWER_REFUSED] = { "refuse", STATS_MAP_REFUSED,
	    MTASTS_LOG_NOTICE },
	[MAP_ANSWER_TEMP] = { "temp", STATS_MAP_TEMP, MTASTS_LOG_NOTICE },
};

static void
write_answer(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size)
{
	enum map_answer_kind kind = map_dialect_answer(question, result,
	    answer, size);
	bool has_server = question->server[0] != '\0';
	char line[2048], server[300];

	stats_add(kinds[kind].counter);
	if (!log_wants(kinds[kind].level))
		return;
	mtasts_result_format(result, line, sizeof(line));
	map_dialect_plain(server, sizeof(server), question->server);
	log_write(kinds[kind].level, "%s action=%s%s%s door=map", line,
	    kinds[kind].name, has_server ? " server=" : "", server);
}

/* ---- The cache ----------------------------------------------------------- */

void
map_lookup_renew(void)
{
	mtasts_session_free(&cache.session);
	instance_release(&cache.instance);
}

static bool
open_session(void)
{
	struct mtasts_error err;

	if (cache.session != NULL)
		return true;
	if (cache.instance == NULL)
		cache.instance = instance_current();
	if (cache.instance == NULL)
		return false;
	if (mtasts_session_new(cache.instance->ctx, &cache.session, &err) ==
	    MTASTS_OK)
		return true;
	log_write(MTASTS_LOG_ERROR, "event=no-session reason=\"%s\"", err.text);
	return false;
}

bool
map_lookup_cached(const struct map_question *question, char *answer,
    size_t size)
{
	const struct mtasts_result *result;

	if (!open_session() ||
	    mtasts_lookup(cache.session, question->domain, 0, 0, &result,
		NULL) != MTASTS_OK ||
	    mtasts_result_reason(result) == MTASTS_REASON_NOT_CACHED)
		return false;
	write_answer(question, result, answer, size);
	return true;
}

/* ---- The background thread ----------------------------------------------- */

/* On that thread. */
static void
on_answer(void *arg, const struct mtasts_result *result)
{
	struct map_lookup *lookup = arg;
	char *answer = result == NULL ? NULL : malloc(MAP_ANSWER_MAX);

	if (answer != NULL) {
		write_answer(&lookup->question, result, answer,
		    MAP_ANSWER_MAX);
		lookup->answer = strdup(answer);
		free(answer);
	}
	pthread_mutex_lock(&done.mutex);
	lookup->next = done.first;
	done.first = lookup;
	pthread_mutex_unlock(&done.mutex);
	done.wake();
}

bool
map_lookup_start(struct map_lookup *lookup)
{
	lookup->instance = instance_current();
	if (lookup->instance == NULL)
		return false;
	if (mtasts_lookup_start(lookup->instance->ctx,
		lookup->question.domain, MTASTS_PREFER_CACHED,
		lookup->instance->conf->socketmap.timeout, on_answer, lookup,
		NULL) == MTASTS_OK)
		return true;
	instance_release(&lookup->instance);
	return false;
}

struct map_lookup *
map_lookup_done(void)
{
	struct map_lookup *lookup;

	pthread_mutex_lock(&done.mutex);
	lookup = done.first;
	if (lookup != NULL)
		done.first = lookup->next;
	pthread_mutex_unlock(&done.mutex);
	if (lookup != NULL)
		instance_release(&lookup->instance);
	return lookup;
}
