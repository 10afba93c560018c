/*
 * How far a long command has come: a bar at the foot of standard error, with
 * the rate and the time that is left. Nothing where that is no terminal.
 */
#ifndef CACHECTL_PROGRESS_H
#define CACHECTL_PROGRESS_H

#include "cachectl/terminal.h"

#include <stdint.h>

struct progress {
	struct terminal terminal; /* width 0: nothing is shown */
	size_t total;		  /* 0 if nobody knows */
	size_t done;
	int64_t began; /* monotonic, in ms, as is */
	int64_t shown;
};

/* Would it be shown? Counting what there is to do is not for nothing then. */
bool progress_is_wanted(void);

void progress_begin(struct progress *progress, size_t total);
void progress_step(struct progress *progress);
void progress_end(struct progress *progress);

#endif
