/*
 * error: fills in struct mtasts_error for whoever asked for it.
 *
 * Knows no backend: the number is the caller's, the sentence too.
 *
 * Test: tests/unit/test_error.c
 */
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

enum mtasts_status
error_set(struct mtasts_error *err, enum mtasts_status status,
    enum mtasts_stage stage, int code, const char *fmt, ...)
{
	char sentence[sizeof(err->text)];
	struct text text;
	va_list ap;

	if (err == NULL)
		return status;
	text_init(&text, sentence, sizeof(sentence));
	va_start(ap, fmt);
	text_vprintf(&text, fmt, ap);
	va_end(ap);

	*err = (struct mtasts_error){
		.status = status,
		.stage = stage,
		.code = code,
	};
	text_init(&text, err->text, sizeof(err->text));
	text_clean(&text, sentence, strlen(sentence));
	return status;
}

enum mtasts_status
error_nomem(struct mtasts_error *err, const char *what)
{
	return error_set(err, MTASTS_NOMEM, MTASTS_STAGE_NONE, 0,
	    "out of memory for %s", what);
}
