/*
 * What a parser has to say beside its result: one error with line and column,
 * and warnings. The structures are those of mtasts_admin.h. A parser takes NULL
 * when nobody listens; a listener starts with a structure of zeroes. Hostile
 * words in a message must have been through text_escape.
 */
#ifndef RULES_LINT_H
#define RULES_LINT_H

#include "mtasts_admin.h"

/* Sets the error; the first one stays. */
void lint_error(struct mtasts_lint *lint, unsigned line, unsigned column,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds a warning; those beyond the array are counted only. */
void lint_warning(struct mtasts_lint *lint, unsigned line, unsigned column,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
