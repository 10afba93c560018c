/*
 * What the calls of mtasts_admin.h have in common.
 */
#ifndef API_ADMIN_H
#define API_ADMIN_H

#include "api/context.h"
#include "rules/domain.h"

/* The cache's status as a caller sees it, with its sentence. */
enum mtasts_status admin_cache_error(struct mtasts_error *err,
    enum cache_status status);

/* A name from the command line or an import file, normalised. */
enum mtasts_status admin_take_domain(const char *name,
    char domain[DOMAIN_SIZE], struct mtasts_error *err);

#endif
