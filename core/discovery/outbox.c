/*
 * What has ended and is to be stored: see outbox.h.
 *
 * Test: tests/scenario/cache.scn.
 */
#include <string.h>

#include "discovery/outbox.h"
#include "discovery/store.h"

/* Milliseconds at most from the end to the store, and where there is no hurry. */
#define STORE_DELAY 20
#define STORE_DELAY_PATIENT 250

static void
on_timer(void *arg)
{
	outbox_flush(arg);
}

void
outbox_put(struct lookup_env *env, struct outbox_item *item)
{
	struct outbox_item **at = &env->outbox;
	int delay = env->patient ? STORE_DELAY_PATIENT : STORE_DELAY;

	while (*at != NULL)
		at = &(*at)->next;
	item->next = NULL;
	*at = item;
	if (env->outbox_count++ == 0)
		timer_start(&env->timers, &env->outbox_timer,
		    clock_monotonic(env->clock) + delay, on_timer, env);
	if (env->outbox_count == STORE_MAX)
		outbox_flush(env);
}

void
outbox_flush(struct lookup_env *env)
{
	const struct discovery *discoveries[STORE_MAX];
	struct outbox_item *item, *next;
	size_t n = 0;

	timer_stop(&env->timers, &env->outbox_timer);
	for (item = env->outbox; item != NULL; item = item->next)
		discoveries[n++] = item->discovery;
	if (n > 0)
		store_discoveries(&env->cache, discoveries, n,
		    clock_wall(env->clock), env->log);
	for (item = env->outbox; item != NULL; item = next) {
		next = item->next;
		item->stored(item->owner);
	}
	env->outbox = NULL;
	env->outbox_count = 0;
}

void
outbox_flush_domain(struct lookup_env *env, const char *domain)
{
	const struct outbox_item *item;

	for (item = env->outbox; item != NULL; item = item->next) {
		if (strcmp(item->discovery->domain, domain) == 0) {
			outbox_flush(env);
			return;
		}
	}
}
