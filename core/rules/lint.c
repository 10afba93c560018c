/*
 * lint: keeps what a parser has to say, for whoever asked.
 *
 * Knows no grammar: codes and sentences are the parsers'.
 *
 * Test: tests/unit/test_lint.c
 */
#include "rules/lint.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

static void note_set(struct mtasts_lint_note *note, unsigned line,
    unsigned column, const char *code, const char *fmt, va_list ap)
    __attribute__((format(printf, 5, 0)));

static void
note_set(struct mtasts_lint_note *note, unsigned line, unsigned column,
    const char *code, const char *fmt, va_list ap)
{
	char sentence[sizeof(note->message)];
	struct text text;

	text_init(&text, sentence, sizeof(sentence));
	text_vprintf(&text, fmt, ap);

	note->line = line;
	note->column = column;
	note->code = code;
	text_init(&text, note->message, sizeof(note->message));
	text_clean(&text, sentence, strlen(sentence));
}

void
lint_error(struct mtasts_lint *lint, unsigned line, unsigned column,
    const char *code, const char *fmt, ...)
{
	va_list ap;

	if (lint == NULL || lint->has_error)
		return;
	lint->has_error = true;
	va_start(ap, fmt);
	note_set(&lint->error, line, column, code, fmt, ap);
	va_end(ap);
}

void
lint_warning(struct mtasts_lint *lint, unsigned line, unsigned column,
    const char *code, const char *fmt, ...)
{
	va_list ap;

	if (lint == NULL || lint->warning_count++ >= MTASTS_LINT_WARNINGS)
		return;
	va_start(ap, fmt);
	note_set(&lint->warnings[lint->warning_count - 1], line, column, code,
	    fmt, ap);
	va_end(ap);
}
