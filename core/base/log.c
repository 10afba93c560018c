/*
 * log: one event, one line, to the callback of the library's user.
 *
 * Filters by level before formatting. Knows no syslog and no file.
 *
 * Test: tests/unit/test_log.c
 */
#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* Longer lines are cut: syslog daemons cut them too, and less gently. */
#define LOG_LINE_SIZE 2048

void
log_line(const struct log *log, enum mtasts_log_level level, const char *fmt,
    ...)
{
	char raw[LOG_LINE_SIZE], line[LOG_LINE_SIZE];
	struct text text;
	va_list ap;

	if (log == NULL || log->fn == NULL || level > log->level)
		return;
	text_init(&text, raw, sizeof(raw));
	va_start(ap, fmt);
	text_vprintf(&text, fmt, ap);
	va_end(ap);

	/* Whoever forgot text_escape must still not begin a line of his own. */
	text_init(&text, line, sizeof(line));
	text_clean(&text, raw, strlen(raw));
	log->fn(log->arg, level, line);
}
