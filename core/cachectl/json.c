/*
 * json: what the library knows, as JSON objects. Members and their order are a
 * promise to scripts.
 *
 * Knows jansson and base64 (RFC 4648), which holds raw bodies that are no text.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"

#include "cachectl/output.h"

#include <stdlib.h>
#include <string.h>

void
json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		die_memory();
}

json_t *
json_make(void)
{
	json_t *object = json_object();

	if (object == NULL)
		die_memory();
	return object;
}

static json_t *
array_make(void)
{
	json_t *array = json_array();

	if (array == NULL)
		die_memory();
	return array;
}

static void
append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		die_memory();
}

static json_t *
string_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
json_time(int64_t when)
{
	char buf[TIME_SIZE];

	time_text(when, buf);
	return strcmp(buf, "-") == 0 ? json_null() : json_string(buf);
}

static json_t *
json_mode(enum mtasts_mode mode)
{
	return mode == MTASTS_NO_POLICY ? json_null() :
					  json_string(mtasts_mode_name(mode));
}

static json_t *
result_patterns(const struct mtasts_result *result)
{
	json_t *array = array_make();
	size_t count = mtasts_result_mx_count(result);

	for (size_t i = 0; i < count; i++)
		append(array, json_string(mtasts_result_mx(result, i)));
	return array;
}

static json_t *
policy_patterns(const struct mtasts_policy_view *policy)
{
	json_t *array = array_make();
	const char *mx = policy->mx;

	for (size_t i = 0; i < policy->mx_count; i++) {
		append(array, json_string(mx));
		mx += strlen(mx) + 1;
	}
	return array;
}

/* An override has neither an age nor an end. */
static json_t *
result_max_age(const struct mtasts_result *result)
{
	if (mtasts_result_mode(result) == MTASTS_NO_POLICY ||
	    mtasts_result_source(result) == MTASTS_SOURCE_OVERRIDE)
		return json_null();
	return json_integer(mtasts_result_max_age(result));
}

static json_t *
result_source(const struct mtasts_result *result)
{
	enum mtasts_source source = mtasts_result_source(result);

	return source == MTASTS_SOURCE_NONE ?
	    json_null() :
	    json_string(mtasts_source_name(source));
}

json_t *
json_result(const struct mtasts_result *result)
{
	json_t *o = json_make();

	json_put(o, "domain", json_string(mtasts_result_domain(result)));
	json_put(o, "mode", json_mode(mtasts_result_mode(result)));
	json_put(o, "id", string_or_null(mtasts_result_id(result)));
	json_put(o, "max_age", result_max_age(result));
	json_put(o, "mx_patterns", result_patterns(result));
	json_put(o, "source", result_source(result));
	json_put(o, "fetched_at", json_time(mtasts_result_fetched_at(result)));
	json_put(o, "expires_at", json_time(mtasts_result_expires_at(result)));
	json_put(o, "outcome",
	    json_string(mtasts_outcome_name(mtasts_result_outcome(result))));
	json_put(o, "reason",
	    json_string(mtasts_reason_name(mtasts_result_reason(result))));
	json_put(o, "detail", json_string(mtasts_result_detail(result)));
	return o;
}

static json_t *
json_host(const struct mtasts_host *host)
{
	json_t *o = json_make();

	json_put(o, "host", json_string(host->name));
	json_put(o, "preference", json_integer(host->preference));
	json_put(o, "matched", json_boolean(host->matched));
	json_put(o, "result", json_string(mtasts_finding_name(host->finding)));
	json_put(o, "detail", json_string(host->detail));
	return o;
}

json_t *
json_evaluation(const struct mtasts_result *result)
{
	json_t *o = json_result(result);
	json_t *hosts = array_make();
	size_t count = mtasts_result_host_count(result);

	for (size_t i = 0; i < count; i++)
		append(hosts, json_host(mtasts_result_host(result, i)));
	json_put(o, "verdict",
	    json_string(mtasts_verdict_name(mtasts_result_verdict(result))));
	json_put(o, "enhanced_code",
	    string_or_null(mtasts_result_enhanced_code(result)));
	json_put(o, "sentence", json_string(mtasts_result_sentence(result)));
	json_put(o, "mx", hosts);
	return o;
}

static json_t *
json_cached(const struct mtasts_cached *cached)
{
	json_t *o = json_make();

	json_put(o, "domain", json_string(cached->domain));
	json_put(o, "mode", json_mode(cached->policy.mode));
	json_put(o, "id", string_or_null(cached->id));
	json_put(o, "max_age", json_integer(cached->policy.max_age));
	json_put(o, "mx_patterns", policy_patterns(&cached->policy));
	json_put(o, "source",
	    json_string(mtasts_source_name(MTASTS_SOURCE_CACHE)));
	json_put(o, "fetched_at", json_time(cached->fetched_at));
	json_put(o, "expires_at", json_time(cached->expires_at));
	json_put(o, "reason",
	    json_string(mtasts_reason_name(MTASTS_REASON_POLICY)));
	return o;
}

/* What changes without the policy being touched. */
static void
put_standing(json_t *o, const struct mtasts_cached *cached)
{
	json_put(o, "live", json_boolean(cached->live));
	json_put(o, "checked_at", json_time(cached->checked_at));
}

json_t *
json_listed(const struct mtasts_cached *cached)
{
	json_t *o = json_cached(cached);

	put_standing(o, cached);
	return o;
}

static char *
base64_encode(const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	char *out = malloc((len + 2) / 3 * 4 + 1);
	char *at = out;

	if (out == NULL)
		die_memory();
	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = 0;

		for (size_t j = i; j < i + 3; j++)
			group = group << 8 |
			    (j < len ? (unsigned char)data[j] : 0u);
		*at++ = digits[group >> 18 & 63];
		*at++ = digits[group >> 12 & 63];
		*at++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
		*at++ = i + 2 < len ? digits[group & 63] : '=';
	}
	*at = '\0';
	return out;
}

/* "raw" where it is text, else "raw_base64"; neither if it was not kept. */
static void
put_raw(json_t *o, const struct mtasts_cached *cached)
{
	json_t *text = NULL;
	char *encoded;

	if (cached->raw == NULL)
		return;
	if (memchr(cached->raw, '\0', cached->raw_len) == NULL)
		text = json_stringn(cached->raw, cached->raw_len);
	if (text != NULL) {
		json_put(o, "raw", text);
		return;
	}
	encoded = base64_encode(cached->raw, cached->raw_len);
	json_put(o, "raw_base64", json_string(encoded));
	free(encoded);
}

static void
put_rest(json_t *o, const struct mtasts_cached *cached)
{
	json_put(o, "refresh_at", json_time(cached->refresh_at));
	json_put(o, "used_at", json_time(cached->used_at));
	json_put(o, "refresh_failures", json_integer(cached->refresh_failures));
	put_raw(o, cached);
}

json_t *
json_stored(const struct mtasts_cached *cached)
{
	json_t *o = json_cached(cached);

	put_rest(o, cached);
	return o;
}

json_t *
json_shown(const struct mtasts_cached *cached)
{
	json_t *o = json_listed(cached);

	put_rest(o, cached);
	return o;
}

static json_t *
json_note(const struct mtasts_lint_note *note)
{
	json_t *o = json_make();

	json_put(o, "line", json_integer(note->line));
	json_put(o, "column", json_integer(note->column));
	json_put(o, "code", json_string(note->code));
	json_put(o, "message", json_string(note->message));
	return o;
}

void
json_put_lint(json_t *object, const struct mtasts_lint *lint)
{
	json_t *warnings = array_make();

	for (size_t i = 0;
	     i < lint->warning_count && i < MTASTS_LINT_WARNINGS; i++)
		append(warnings, json_note(&lint->warnings[i]));
	json_put(object, "warnings", warnings);
	json_put(object, "error",
	    lint->has_error ? json_note(&lint->error) : json_null());
}

json_t *
json_policy(const struct mtasts_policy_view *policy)
{
	json_t *o;

	if (policy == NULL)
		return json_null();
	o = json_make();
	json_put(o, "version", json_string("STSv1"));
	json_put(o, "mode", json_mode(policy->mode));
	json_put(o, "max_age", json_integer(policy->max_age));
	json_put(o, "mx", policy_patterns(policy));
	return o;
}

void
json_print(json_t *object)
{
	/* ASCII alone: a terminal may read the line. */
	if (json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 &&
	    !ferror(stdout))
		die_memory();
	putchar('\n');
	json_decref(object);
}
