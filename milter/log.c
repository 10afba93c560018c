/*
 * log: lines to syslog or standard error. Controls and octets beyond ASCII that
 * the writer let through are escaped here, for every line.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "log.h"
#include "reply.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define LINE_SIZE 4096

/* Set while threads run, once there is no going back. */
static atomic_bool to_stderr = true;
static atomic_bool with_levels; /* the journal reads <N> at the front */
static atomic_int worst = MTASTS_LOG_NOTICE;

void
log_open(bool foreground)
{
	if (!foreground)
		openlog("mtasts-milter", LOG_PID | LOG_NDELAY, LOG_MAIL);
	with_levels = foreground && getenv("JOURNAL_STREAM") != NULL;
	to_stderr = foreground;
}

void
log_set_level(enum mtasts_log_level level)
{
	atomic_store(&worst, (int)level);
}

bool
log_wants(enum mtasts_log_level level)
{
	return (int)level <= atomic_load(&worst);
}

static void
put(int level, const char *line)
{
	char clean[LINE_SIZE];

	reply_escape(clean, sizeof(clean), line, false);
	if (!to_stderr)
		syslog(level, "%s", clean);
	else if (with_levels)
		fprintf(stderr, "<%d>%s\n", level, clean);
	else
		fprintf(stderr, "mtasts-milter: %s\n", clean);
}

void
log_write(enum mtasts_log_level level, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put((int)level, line);
}

void
log_core(void *arg, enum mtasts_log_level level, const char *line)
{
	(void)arg;
	if (log_wants(level))
		put((int)level, line);
}
