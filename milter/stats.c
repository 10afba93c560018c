/*
 * stats: counters and the line that tells them.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "stats.h"

#include "log.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_ullong counters[STATS_COUNT];

static const char *const names[STATS_COUNT] = {
	[STATS_MILTER_CONNECTIONS] = "milter_connections",
	[STATS_MILTER_RECIPIENTS] = "recipients",
	[STATS_MILTER_EVALUATED] = "evaluated",
	[STATS_MILTER_DEFERRED] = "deferred",
	[STATS_MILTER_REJECTED] = "rejected",
	[STATS_MILTER_TAGGED] = "tagged",
	[STATS_MAP_CONNECTIONS] = "map_connections",
	[STATS_MAP_REQUESTS] = "requests",
	[STATS_MAP_ENFORCED] = "enforced",
	[STATS_MAP_NOTFOUND] = "notfound",
	[STATS_MAP_TEMP] = "temp",
	[STATS_MAP_REFUSED] = "refused",
	[STATS_MAP_WAITED] = "waited",
};

void
stats_add(enum stats_counter counter)
{
	atomic_fetch_add_explicit(&counters[counter], 1, memory_order_relaxed);
}

void
stats_log(void)
{
	char line[1024];
	size_t len = 0;

	for (size_t i = 0; i < STATS_COUNT && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    " %s=%llu", names[i], atomic_load(&counters[i]));
	log_write(MTASTS_LOG_NOTICE, "event=statistics%s", line);
}
