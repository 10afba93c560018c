/*
 * The statistics of the library, collected, and the ways to write them.
 */
#ifndef CACHECTL_FIGURES_H
#define CACHECTL_FIGURES_H

#include "cachectl/cachectl.h"

struct figure {
	const char *name; /* static */
	uint64_t value;
};

struct figures {
	struct figure *items;
	size_t count;
};

/* A callback of mtasts_admin_stats; arg: the figures. */
mtasts_stat_fn figures_add;
void figures_free(struct figures *figures);

/* Lines of name and value; fitted to a terminal if there is one. */
void figures_put(const struct figures *figures);
/* The text format of Prometheus, version 0.0.4. */
void prometheus_put(const struct figures *figures);

#endif
