/*
 * JSON objects of what the library knows: the members that mtasts-cachectl(8)
 * documents, always in the same order. Building one never fails: without memory
 * the process ends.
 */
#ifndef CACHECTL_JSON_H
#define CACHECTL_JSON_H

#include "cachectl/cachectl.h"

#include <jansson.h>

/* Set a member; takes the value over. */
void json_put(json_t *object, const char *key, json_t *value);
json_t *json_make(void);

/* A lookup's result; of an evaluation with what that adds. */
json_t *json_result(const struct mtasts_result *result);
json_t *json_evaluation(const struct mtasts_result *result);

/* A cached policy: for list, with how it stands now; for export, all that is
 * stored; for show, both. */
json_t *json_listed(const struct mtasts_cached *cached);
json_t *json_stored(const struct mtasts_cached *cached);
json_t *json_shown(const struct mtasts_cached *cached);

/* "warnings" and "error" of lint. */
void json_put_lint(json_t *object, const struct mtasts_lint *lint);
/* {"version", "mode", "max_age", "mx"}; null if NULL. */
json_t *json_policy(const struct mtasts_policy_view *policy);

/* One line on standard output, pure ASCII; frees the object. */
void json_print(json_t *object);

/*
 * The reverse of json_stored, for import.
 *
 * storage  gets the memory that *out leads into, for json_cached_free.
 * Returns NULL, or what was expected, a static sentence.
 */
struct json_storage {
	json_t *object;
	char *mx;
	char *raw; /* decoded raw_base64 */
};
const char *json_read_cached(const char *line, size_t len,
    struct mtasts_cached *out, struct json_storage *storage);
void json_storage_free(struct json_storage *storage);

#endif
