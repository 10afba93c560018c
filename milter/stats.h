/*
 * What the daemon counts, for SIGUSR2. Any thread may count.
 */
#ifndef MILTER_STATS_H
#define MILTER_STATS_H

enum stats_counter {
	STATS_MILTER_CONNECTIONS,
	STATS_MILTER_RECIPIENTS,
	STATS_MILTER_EVALUATED,
	STATS_MILTER_DEFERRED,
	STATS_MILTER_REJECTED,
	STATS_MILTER_TAGGED,
	STATS_MAP_CONNECTIONS,
	STATS_MAP_REQUESTS,
	STATS_MAP_ENFORCED,
	STATS_MAP_NOTFOUND,
	STATS_MAP_TEMP,
	STATS_MAP_REFUSED,
	STATS_MAP_WAITED,
	STATS_COUNT,
};

void stats_add(enum stats_counter counter);
/* One line to the log. */
void stats_log(void);

#endif
