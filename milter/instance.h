/*
 * One reading of the configuration and the context made of it. A reload makes a
 * new instance; the old one lives until the last who uses it lets go.
 */
#ifndef MILTER_INSTANCE_H
#define MILTER_INSTANCE_H

#include "conf.h"

struct instance {
	struct conf *conf;
	struct mtasts *ctx;
	int users; /* under the lock of instance.c */
};

/*
 * Make an instance of conf, which it takes, start its background thread, and let
 * it be the current one.
 */
enum mtasts_status instance_start(struct conf **conf, struct mtasts_error *err);

/* The current instance, to be given back by instance_release. */
struct instance *instance_current(void);

/* Is it still the current one? */
bool instance_is_current(const struct instance *instance);

void instance_release(struct instance **instance);

/* No current instance any more. */
void instance_stop(void);

#endif
