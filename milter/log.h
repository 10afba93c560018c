/*
 * The daemon's log: syslog, or standard error in the foreground. One event, one
 * line.
 */
#ifndef MILTER_LOG_H
#define MILTER_LOG_H

#include <mtasts.h>

#include <stdbool.h>

/* Where to, from now on. */
void log_open(bool foreground);
/* Lines less severe than this are dropped. Any thread may change it. */
void log_set_level(enum mtasts_log_level level);

/* Are lines of this level written? Who has much to format asks before. */
bool log_wants(enum mtasts_log_level level);

void log_write(enum mtasts_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* For mtasts_set_log: a line that is filtered and escaped already. */
void log_core(void *arg, enum mtasts_log_level level, const char *line);

#endif
