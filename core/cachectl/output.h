/*
 * Writing for people: labelled fields, times, and the escaping of everything
 * that came from elsewhere.
 */
#ifndef CACHECTL_OUTPUT_H
#define CACHECTL_OUTPUT_H

#include "cachectl/cachectl.h"

#include <stdio.h>

/* "mtasts-cachectl: ..." and a newline on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_memory(void);

/* A labelled line; an empty label continues the one above. */
void put_field(const char *label, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Printable ASCII as it is, the rest as \xHH. */
void put_escaped(FILE *out, const char *data, size_t len);
/* The same for a text of lines, each behind a prefix. */
void put_lines(FILE *out, const char *prefix, const char *data, size_t len);

#define TIME_SIZE 32
/* RFC 3339, UTC; "-" for 0 and what no calendar knows. */
const char *time_text(int64_t time, char buf[TIME_SIZE]);
/* "45s", "12h", "6d": the nearest unit, as short as it goes. */
const char *duration_text(int64_t seconds, char buf[TIME_SIZE]);

/* What a reason means, as a sentence; "" for MTASTS_REASON_POLICY. */
const char *reason_sentence(enum mtasts_reason reason);

/* Write what is buffered; false, with a complaint, if that failed. */
bool output_finish(void);

/* Callbacks of the library. */
mtasts_log_fn put_log;
mtasts_trace_fn put_step; /* arg: the FILE to write to */

#endif
