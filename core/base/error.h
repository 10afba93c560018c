/*
 * Filling in a struct mtasts_error. The layer that knows the detail writes it;
 * layers above only pass it on.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "mtasts.h"

/*
 * Fills *err (which may be NULL) and returns status, so that a function can
 * end in: return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_CACHE, errno, ...).
 * The sentence is bounded and escaped.
 */
enum mtasts_status error_set(struct mtasts_error *err,
    enum mtasts_status status, enum mtasts_stage stage, int code,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* MTASTS_NOMEM with the name of what could not be had. */
enum mtasts_status error_nomem(struct mtasts_error *err, const char *what);

#endif
