/*
 * instance: configuration and context, counted, swapped by a reload.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "instance.h"
#include "log.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct instance *current;

static void
instance_free(struct instance *instance)
{
	mtasts_free(&instance->ctx);
	conf_free(&instance->conf);
	free(instance);
}

void
instance_release(struct instance **instance_p)
{
	struct instance *instance = *instance_p;
	bool last;

	*instance_p = NULL;
	if (instance == NULL)
		return;
	pthread_mutex_lock(&lock);
	last = --instance->users == 0;
	pthread_mutex_unlock(&lock);
	if (last)
		instance_free(instance);
}

static void
instance_swap(struct instance *fresh)
{
	struct instance *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = fresh;
	pthread_mutex_unlock(&lock);
	instance_release(&old);
}

enum mtasts_status
instance_start(struct conf **conf, struct mtasts_error *err)
{
	struct instance *instance = calloc(1, sizeof(*instance));
	enum mtasts_status status = MTASTS_NOMEM;
	unsigned flags = (*conf)->daemon.refresh ? MTASTS_THREAD_REFRESH : 0;

	if (instance == NULL)
		return status;
	instance->users = 1;
	instance->conf = *conf;
	*conf = NULL;
	status = mtasts_new(instance->conf->options, &instance->ctx, err);
	if (status == MTASTS_OK) {
		mtasts_set_log(instance->ctx, log_core, NULL,
		    instance->conf->log_level);
		status = mtasts_start_thread(instance->ctx, flags, err);
	}
	if (status != MTASTS_OK) {
		instance_free(instance);
		return status;
	}
	log_set_level(instance->conf->log_level);
	instance_swap(instance);
	return MTASTS_OK;
}

struct instance *
instance_current(void)
{
	struct instance *instance;

	pthread_mutex_lock(&lock);
	instance = current;
	if (instance != NULL)
		instance->users++;
	pthread_mutex_unlock(&lock);
	return instance;
}

bool
instance_is_current(const struct instance *instance)
{
	bool same;

	pthread_mutex_lock(&lock);
	same = instance == current;
	pthread_mutex_unlock(&lock);
	return same;
}

void
instance_stop(void)
{
	instance_swap(NULL);
}
