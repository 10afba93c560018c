/*
 * Log lines: filtered here by level, formatted here, sent to the callback that
 * the user of the library gave. One event, one line, key=value.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "mtasts.h"

struct log {
	mtasts_log_fn *fn; /* NULL is silent */
	void *arg;
	enum mtasts_log_level level;
};

/* log may be NULL. Hostile strings must have been through text_escape. */
void log_line(const struct log *log, enum mtasts_log_level level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
