/*
 * What has ended and is to be stored, so that some of it is stored together: a
 * store waits for the disk, and the loop with it.
 */
#ifndef DISCOVERY_OUTBOX_H
#define DISCOVERY_OUTBOX_H

#include "discovery/discovery.h"
#include "discovery/lookup.h"

/* Part of its owner, to whom it goes back when it has been stored. */
struct outbox_item {
	struct outbox_item *next;
	const struct discovery *discovery;
	void (*stored)(void *owner);
	void *owner;
};

/* Store it within a moment, with what else ends until then. */
void outbox_put(struct lookup_env *env, struct outbox_item *item);

/* Store now all that waits. */
void outbox_flush(struct lookup_env *env);

/* Likewise if it concerns this domain: what is known of it and not stored yet
 * is not to be asked for again. */
void outbox_flush_domain(struct lookup_env *env, const char *domain);

#endif
