/*
 * json_read: a cached policy back from the JSON that export wrote. Says what it
 * expected; whether the policy is one, the library judges.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"

#include "cachectl/output.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whole groups of four, as json_stored writes them. NULL if it is not. */
static char *
base64_decode(const char *text, size_t len, size_t *out_len)
{
	char *out = malloc(len / 4 * 3 + 1);
	bool whole = len % 4 == 0;
	uint32_t bits = 0;
	size_t n = 0, i = 0;

	if (out == NULL)
		die_memory();
	for (int pad = 0; pad < 2 && len > 0 && text[len - 1] == '='; pad++)
		len--;
	for (; whole && i < len && base64_digit(text[i]) >= 0; i++) {
		bits = bits << 6 | (uint32_t)base64_digit(text[i]);
		if (i % 4 != 0)
			out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	if (!whole || i < len) {
		free(out);
		return NULL;
	}
	*out_len = n;
	return out;
}

static bool
read_string(const json_t *object, const char *key, const char **out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_string_value(value);
	return *out != NULL;
}

/* A string, or null for "". */
static bool
read_id(const json_t *object, const char **out)
{
	if (json_is_null(json_object_get(object, "id"))) {
		*out = "";
		return true;
	}
	return read_string(object, "id", out);
}

static bool
read_mode(const json_t *object, enum mtasts_mode *out)
{
	const char *name;

	if (!read_string(object, "mode", &name))
		return false;
	for (int mode = MTASTS_MODE_NONE; mode <= MTASTS_MODE_ENFORCE; mode++) {
		*out = (enum mtasts_mode)mode;
		if (strcmp(name, mtasts_mode_name(*out)) == 0)
			return true;
	}
	return false;
}

static bool
read_uint32(const json_t *object, const char *key, uint32_t *out)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* A time as time_text writes it and nothing else; null is 0. */
static bool
read_time(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	char again[TIME_SIZE];
	struct tm tm = { .tm_year = 0 };
	const char *end;

	*out = 0;
	if (value == NULL || json_is_null(value))
		return true;
	if (text == NULL)
		return false;
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0')
		return false;
	*out = timegm(&tm);
	return strcmp(time_text(*out, again), text) == 0;
}

/* The patterns in a row, each with its NUL. */
static bool
read_patterns(const json_t *object, struct mtasts_policy_view *policy,
    char **storage)
{
	const json_t *array = json_object_get(object, "mx_patterns");
	size_t count = json_array_size(array), size = 1;
	char *at;

	if (!json_is_array(array))
		return false;
	for (size_t i = 0; i < count; i++)
		size += json_string_length(json_array_get(array, i)) + 1;
	*storage = at = malloc(size);
	if (at == NULL)
		die_memory();
	for (size_t i = 0; i < count; i++) {
		const json_t *pattern = json_array_get(array, i);

		if (!json_is_string(pattern))
			return false;
		at = stpcpy(at, json_string_value(pattern)) + 1;
	}
	policy->mx = *storage;
	policy->mx_count = count;
	return true;
}

static bool
read_raw(const json_t *object, struct mtasts_cached *out, char **storage)
{
	const json_t *raw = json_object_get(object, "raw");
	const json_t *encoded = json_object_get(object, "raw_base64");

	out->raw = NULL;
	out->raw_len = 0;
	if (raw != NULL && encoded != NULL)
		return false;
	if (raw != NULL) {
		out->raw = json_string_value(raw);
		out->raw_len = json_string_length(raw);
		return out->raw != NULL;
	}
	if (encoded == NULL)
		return true;
	if (!json_is_string(encoded))
		return false;
	*storage = base64_decode(json_string_value(encoded),
	    json_string_length(encoded), &out->raw_len);
	out->raw = *storage;
	return out->raw != NULL;
}

static const char *
read_times(const json_t *o, struct mtasts_cached *out)
{
	if (!read_time(o, "fetched_at", &out->fetched_at) ||
	    out->fetched_at == 0)
		return "expected \"fetched_at\" as in 2026-01-31T23:59:59Z";
	if (!read_time(o, "expires_at", &out->expires_at) ||
	    !read_time(o, "refresh_at", &out->refresh_at) ||
	    !read_time(o, "used_at", &out->used_at))
		return "expected times as in 2026-01-31T23:59:59Z";
	return NULL;
}

static const char *
read_members(const json_t *o, struct mtasts_cached *out,
    struct json_storage *storage)
{
	if (!read_string(o, "domain", &out->domain))
		return "expected \"domain\" as a string";
	if (!read_id(o, &out->id))
		return "expected \"id\" as a string or null";
	if (!read_mode(o, &out->policy.mode))
		return "expected \"mode\" as enforce, testing or none";
	if (!read_uint32(o, "max_age", &out->policy.max_age))
		return "expected \"max_age\" in seconds";
	if (!read_patterns(o, &out->policy, &storage->mx))
		return "expected \"mx_patterns\" as an array of strings";
	if (json_object_get(o, "refresh_failures") != NULL &&
	    !read_uint32(o, "refresh_failures", &out->refresh_failures))
		return "expected \"refresh_failures\" as a number";
	if (!read_raw(o, out, &storage->raw))
		return "expected the body as a string, in \"raw\" or "
		       "\"raw_base64\"";
	return read_times(o, out);
}

const char *
json_read_cached(const char *line, size_t len, struct mtasts_cached *out,
    struct json_storage *storage)
{
	json_error_t error;

	*out = (struct mtasts_cached){ .domain = NULL };
	*storage = (struct json_storage){ .object = NULL };
	storage->object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (storage->object == NULL || !json_is_object(storage->object))
		return "expected a JSON object";
	return read_members(storage->object, out, storage);
}

void
json_storage_free(struct json_storage *storage)
{
	json_decref(storage->object);
	free(storage->mx);
	free(storage->raw);
	*storage = (struct json_storage){ .object = NULL };
}
