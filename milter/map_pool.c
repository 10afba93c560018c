/*
 * map_pool: threads that wait for lookups, so that the loop need not.
 *
 * A thread only waits: the work is done by the context's background thread. A
 * request's time counts from its arrival. Where the same domain is asked for
 * many times, each asker has a thread, up to a bound; beyond it they queue.
 *
 * Test: tests/milter/map.py
 */
#include <config.h>

#include "map_pool.h"

#include "log.h"
#include "stats.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 128
#define STACK_SIZE (256 * 1024)

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t work;
	struct map_request *first, **last; /* waiting */
	struct map_request *done;
	unsigned threads, idle, waiting;
	void (*wake)(void);
} pool = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER };

int64_t
map_pool_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- Lookups ------------------------------------------------------------- */

void
map_lookups_close(struct map_lookups *lookups)
{
	mtasts_session_free(&lookups->session);
	instance_release(&lookups->instance);
}

bool
map_lookups_open(struct map_lookups *lookups)
{
	struct mtasts_error err;

	if (lookups->instance != NULL &&
	    !instance_is_current(lookups->instance))
		map_lookups_close(lookups);
	if (lookups->instance == NULL)
		lookups->instance = instance_current();
	if (lookups->session != NULL)
		return true;
	if (lookups->instance == NULL)
		return false;
	if (mtasts_session_new(lookups->instance->ctx, &lookups->session,
		&err) == MTASTS_OK)
		return true;
	log_write(MTASTS_LOG_ERROR, "event=no-session reason=\"%s\"", err.text);
	return false;
}

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
	char line[2048];

	stats_add(kinds[kind].counter);
	if (result == NULL)
		return;
	mtasts_result_format(result, line, sizeof(line));
	log_write(kinds[kind].level, "%s action=%s%s%.300s door=map", line,
	    kinds[kind].name, has_server ? " server=" : "", question->server);
}

void
map_lookups_answer(struct map_lookups *lookups,
    const struct map_question *question, int deadline, char *answer,
    size_t size)
{
	const struct mtasts_result *result = NULL;

	if (!map_lookups_open(lookups) ||
	    mtasts_lookup(lookups->session, question->domain,
		MTASTS_PREFER_CACHED, deadline, &result, NULL) != MTASTS_OK)
		result = NULL;
	write_answer(question, result, answer, size);
}

bool
map_lookups_answer_cached(struct map_lookups *lookups,
    const struct map_question *question, char *answer, size_t size)
{
	const struct mtasts_result *result = NULL;

	if (!map_lookups_open(lookups) ||
	    mtasts_lookup(lookups->session, question->domain, 0, 0, &result,
		NULL) != MTASTS_OK ||
	    mtasts_result_reason(result) == MTASTS_REASON_NOT_CACHED)
		return false;
	write_answer(question, result, answer, size);
	return true;
}

/* ---- Threads ------------------------------------------------------------- */

/* With the mutex held. */
static struct map_request *
take_request(struct map_lookups *lookups)
{
	struct map_request *request;

	pool.idle++;
	while (pool.first == NULL) {
		pthread_cond_wait(&pool.work, &pool.mutex);
		if (pool.first == NULL && lookups->instance != NULL &&
		    !instance_is_current(lookups->instance)) {
			pthread_mutex_unlock(&pool.mutex);
			map_lookups_close(lookups);
			pthread_mutex_lock(&pool.mutex);
		}
	}
	pool.idle--;
	pool.waiting--;
	request = pool.first;
	pool.first = request->pool_next;
	if (pool.first == NULL)
		pool.last = &pool.first;
	return request;
}

static void
handle(struct map_request *request, struct map_lookups *lookups)
{
	char *answer = malloc(MAP_ANSWER_MAX);
	int64_t waited = map_pool_now() - request->arrived;
	int timeout = 0;

	if (answer == NULL)
		return;
	if (map_lookups_open(lookups))
		timeout = lookups->instance->conf->socketmap.timeout;
	timeout = waited < timeout ? timeout - (int)waited : 0;
	map_lookups_answer(lookups, &request->question, timeout, answer,
	    MAP_ANSWER_MAX);
	request->found = strdup(answer);
	free(answer);
}

static void *
thread_main(void *arg)
{
	struct map_lookups lookups = { NULL, NULL };

	(void)arg;
	pthread_mutex_lock(&pool.mutex);
	for (;;) {
		struct map_request *request = take_request(&lookups);

		pthread_mutex_unlock(&pool.mutex);
		handle(request, &lookups);
		pthread_mutex_lock(&pool.mutex);
		request->pool_next = pool.done;
		pool.done = request;
		pool.wake();
	}
	return NULL;
}

static bool
add_thread(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&id, &attr, thread_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (error == 0)
		pool.threads++;
	return error == 0;
}

void
map_pool_init(void (*wake)(void))
{
	pool.wake = wake;
	pool.last = &pool.first;
}

bool
map_pool_submit(struct map_request *request)
{
	bool taken;

	pthread_mutex_lock(&pool.mutex);
	if (pool.waiting >= pool.idle && pool.threads < THREADS_MAX)
		add_thread();
	taken = pool.threads > 0;
	if (taken) {
		request->pool_next = NULL;
		*pool.last = request;
		pool.last = &request->pool_next;
		pool.waiting++;
		pthread_cond_signal(&pool.work);
	}
	pthread_mutex_unlock(&pool.mutex);
	return taken;
}

struct map_request *
map_pool_done(void)
{
	struct map_request *done;

	pthread_mutex_lock(&pool.mutex);
	done = pool.done;
	pool.done = NULL;
	pthread_mutex_unlock(&pool.mutex);
	return done;
}

void
map_pool_renew(void)
{
	pthread_mutex_lock(&pool.mutex);
	pthread_cond_broadcast(&pool.work);
	pthread_mutex_unlock(&pool.mutex);
}
