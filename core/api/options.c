/*
 * options: the settings. One table describes every option; loading, setting by
 * name, defaults, copying and freeing all walk it.
 *
 * Test: tests/unit/test_options.c
 */
#include <config.h>

#include "api/options.h"

#include "api/options_kind.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- The table -------------------------------------------------------- */

#define NAMED(s, k, f, kind_of, start, wanted)                                \
	.section = #s, .key = #k, .name = #s "." #k,                          \
	.field = offsetof(struct mtasts_options, s.f),                        \
	.kind = &kind_##kind_of, .initial = start, .expected = wanted
#define OPTION(s, k, kind_of, start, wanted)                                  \
	NAMED(s, k, k, kind_of, start, wanted)
#define LENGTH(section, field) offsetof(struct mtasts_options, section.field)

#define MILLISECONDS(s) ((s)*1000)
#define DAY (24 * 60 * 60)
#define WANTED_SOCKET                                                         \
	"none, unix:PATH, inet:PORT@HOST or inet:HOST:PORT"
#define WANTED_MODE "an octal mode such as 0660"

/* Documented in mtasts.conf(5). */
const struct option option_table[OPTION_COUNT] = {
	{ OPTION(cache, directory, text, LOCALSTATEDIR "/lib/mtasts",
	      "an absolute path"),
	    .check = option_is_path },
	{ OPTION(cache, run_directory, text, RUNSTATEDIR "/mtasts",
	      "an absolute path"),
	    .check = option_is_path },
	{ OPTION(cache, user, text, "mtasts", "the name of a user"),
	    .check = option_is_account },
	{ OPTION(cache, group, text, NULL, "the name of a group"),
	    .check = option_is_account },
	{ OPTION(cache, size, size, "1G",
	      "a size from 1M to 1T, such as 512M or 1G"),
	    .min = 1ULL << 20, .max = 1ULL << 40 },

	{ OPTION(dns, servers, strings, NULL, "an IP address"),
	    .check = option_is_address, .count = LENGTH(dns, server_count) },
	{ OPTION(dns, timeout, timeout, "2s",
	      "a duration from 100ms to 30s, such as 2s"),
	    .min = 100, .max = MILLISECONDS(30) },

	{ OPTION(https, ca_file, text, NULL, "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(https, ca_path, text, NULL, "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(https, proxy, text, NULL,
	      "a URL such as http://proxy.example:3128"),
	    .check = option_is_proxy },
	{ NAMED(https, allow_addresses, allowed, networks, NULL,
	      "an IP address or network such as 192.0.2.0/24"),
	    .count = LENGTH(https, allowed_count) },
	{ OPTION(https, timeout, timeout, "60s",
	      "a duration from 100ms to 5m, such as 60s"),
	    .min = 100, .max = MILLISECONDS(300) },

	{ OPTION(probe, enabled, flag, "true", "true or false") },
	{ OPTION(probe, ca_file, text, NULL, "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(probe, ca_path, text, NULL, "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(probe, helo, text, NULL, "a host name"),
	    .check = option_is_helo },
	{ OPTION(probe, timeout, timeout, "10s",
	      "a duration from 100ms to 5m, such as 10s"),
	    .min = 100, .max = MILLISECONDS(300) },
	{ OPTION(probe, ttl, seconds, "10m",
	      "a duration of whole seconds up to 1d, such as 10m"),
	    .max = DAY },
	{ OPTION(probe, failure_ttl, seconds, "2m",
	      "a duration of whole seconds up to 1d, such as 2m"),
	    .max = DAY },

	{ OPTION(policy, overrides, text, NULL, "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(policy, strict_first_use, flag, "false", "true or false") },
	{ OPTION(policy, forget_after, seconds, "180d",
	      "a duration from 1d to 3650d, such as 180d"),
	    .min = DAY, .max = 3650LL * DAY },
	{ OPTION(policy, refresh_warnings, count, "3",
	      "a number from 1 to 1000"),
	    .min = 1, .max = 1000 },

	{ OPTION(log, level, level, "notice",
	      "error, warning, notice, info or debug") },

	{ OPTION(exim, lookup_timeout, timeout, "10s",
	      "a duration from 1s to 60s, such as 10s"),
	    .min = MILLISECONDS(1), .max = MILLISECONDS(60) },

	{ OPTION(milter, socket, text, "unix:" RUNSTATEDIR "/mtasts/milter.sock",
	      WANTED_SOCKET),
	    .check = option_is_socket },
	{ OPTION(milter, socket_mode, mode, "0660", WANTED_MODE) },
	{ OPTION(milter, socket_owner, text, NULL, "the name of a user"),
	    .check = option_is_account },
	{ OPTION(milter, socket_group, text, NULL, "the name of a group"),
	    .check = option_is_account },
	{ OPTION(milter, on_fail, text, "defer", "defer, tag or reject"),
	    .check = option_is_on_fail },
	{ OPTION(milter, on_error, text, "accept", "accept or defer"),
	    .check = option_is_on_error },
	{ OPTION(milter, rcpt_timeout, timeout, "4s",
	      "a duration from 100ms to 30s, such as 4s"),
	    .min = 100, .max = MILLISECONDS(30) },
	{ OPTION(milter, tag, text, "off", "off, fail or all"),
	    .check = option_is_tag },
	{ OPTION(milter, header, text, "MTA-STS-Status",
	      "the name of a header field"),
	    .check = option_is_header },
	{ OPTION(milter, mailers, strings, "smtp,esmtp,smtp8,dsmtp,relay",
	      "the name of a mailer"),
	    .check = option_is_mailer, .count = LENGTH(milter, mailer_count) },
	{ OPTION(milter, overridden_routes, text, "skip", "skip or next-hop"),
	    .check = option_is_route },

	{ OPTION(socketmap, listen, strings,
	      "unix:" RUNSTATEDIR "/mtasts/map.sock", WANTED_SOCKET),
	    .check = option_is_socket,
	    .count = LENGTH(socketmap, listen_count) },
	{ OPTION(socketmap, socket_mode, mode, "0660", WANTED_MODE) },
	{ OPTION(socketmap, socket_owner, text, NULL, "the name of a user"),
	    .check = option_is_account },
	{ OPTION(socketmap, socket_group, text, NULL, "the name of a group"),
	    .check = option_is_account },
	{ OPTION(socketmap, timeout, timeout, "4s",
	      "a duration from 100ms to 60s, such as 4s"),
	    .min = 100, .max = MILLISECONDS(60) },

	{ OPTION(daemon, user, text, NULL, "the name of a user"),
	    .check = option_is_account },
	{ OPTION(daemon, group, text, NULL, "the name of a group"),
	    .check = option_is_account },
	{ OPTION(daemon, pid_file, text,
	      RUNSTATEDIR "/mtasts/mtasts-milter.pid", "an absolute path"),
	    .check = option_is_optional_path },
	{ OPTION(daemon, refresh, flag, "true", "true or false") },
};

const struct option *
option_find(const char *name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	}
	return NULL;
}

int64_t
mtasts_options_number(const struct mtasts_options *options, const char *name)
{
	const struct option *option = option_find(name);
	const void *field;

	if (option == NULL)
		return -1;
	field = option_field(options, option->field);
	if (option->kind == &kind_timeout || option->kind == &kind_count ||
	    option->kind == &kind_mode)
		return *(const int *)field;
	if (option->kind == &kind_seconds)
		return *(const int64_t *)field;
	if (option->kind == &kind_flag)
		return *(const bool *)field;
	if (option->kind == &kind_level)
		return *(const enum mtasts_log_level *)field;
	return -1;
}

const char *
mtasts_options_text(const struct mtasts_options *options, const char *name)
{
	const struct option *option = option_find(name);
	char *const *field;

	if (option == NULL || option->kind != &kind_text)
		return NULL;
	field = option_field(options, option->field);
	return *field == NULL ? "" : *field;
}

const char *
mtasts_options_item(const struct mtasts_options *options, const char *name,
    size_t i)
{
	const struct option *option = option_find(name);
	char **const *field;
	const size_t *count;

	if (option == NULL || option->kind != &kind_strings)
		return NULL;
	field = option_field(options, option->field);
	count = option_field(options, option->count);
	return i < *count ? (*field)[i] : NULL;
}

/* ---- Setting one from text -------------------------------------------- */

static enum mtasts_status
set_items(const struct option *option, struct mtasts_options *options,
    char *list, const char **bad)
{
	enum mtasts_status status = MTASTS_OK;
	char *rest = NULL;

	option->kind->clear(option, options);
	for (char *item = strtok_r(list, ", ", &rest);
	     item != NULL && status == MTASTS_OK;
	     item = strtok_r(NULL, ", ", &rest)) {
		*bad = item;
		status = option->kind->set(option, options, item);
	}
	return status;
}

/* What is wrong with it, if anything is, is at *bad. */
static enum mtasts_status
set_text(const struct option *option, struct mtasts_options *options,
    const char *value, char **copy, const char **bad)
{
	*copy = NULL;
	*bad = value;
	if (!option->kind->list)
		return option->kind->set(option, options, value);
	*copy = strdup(value);
	if (*copy == NULL)
		return MTASTS_NOMEM;
	return set_items(option, options, *copy, bad);
}

static enum mtasts_status
set_initial(const struct option *option, struct mtasts_options *options)
{
	enum mtasts_status status;
	const char *bad;
	char *copy;

	if (option->initial == NULL)
		return MTASTS_OK;
	status = set_text(option, options, option->initial, &copy, &bad);
	free(copy);
	return status;
}

/* ---- Making, copying, freeing ----------------------------------------- */

enum mtasts_status
mtasts_options_new(struct mtasts_options **out)
{
	struct mtasts_options *options;
	enum mtasts_status status = MTASTS_OK;

	*out = NULL;
	options = calloc(1, sizeof(*options));
	if (options == NULL)
		return MTASTS_NOMEM;
	for (size_t i = 0; i < OPTION_COUNT && status == MTASTS_OK; i++)
		status = set_initial(&option_table[i], options);
	if (status != MTASTS_OK)
		mtasts_options_free(&options);
	*out = options;
	return status;
}

static void
clear_all(struct mtasts_options *options)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].kind->clear != NULL)
			option_table[i].kind->clear(&option_table[i], options);
	}
}

void
mtasts_options_free(struct mtasts_options **options)
{
	if (options == NULL || *options == NULL)
		return;
	clear_all(*options);
	free(*options);
	*options = NULL;
}

static enum mtasts_status
copy_option(const struct option *option, const struct mtasts_options *from,
    struct mtasts_options *to)
{
	if (option->kind->copy != NULL)
		return option->kind->copy(option, from, to);
	memcpy(option_field(to, option->field),
	    option_field(from, option->field), option->kind->size);
	return MTASTS_OK;
}

enum mtasts_status
options_copy(const struct mtasts_options *options, struct mtasts_options **out)
{
	struct mtasts_options *copy;
	enum mtasts_status status = MTASTS_OK;

	*out = NULL;
	copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		return MTASTS_NOMEM;
	for (size_t i = 0; i < OPTION_COUNT && status == MTASTS_OK; i++)
		status = copy_option(&option_table[i], options, copy);
	if (status != MTASTS_OK)
		mtasts_options_free(&copy);
	*out = copy;
	return status;
}

void
options_adopt(struct mtasts_options *options, struct mtasts_options **copy)
{
	struct mtasts_options old = *options;

	*options = **copy;
	**copy = old;
	mtasts_options_free(copy);
}

/* ---- Setting one ------------------------------------------------------ */

static enum mtasts_status
set_value(const struct option *option, struct mtasts_options *options,
    const char *value, struct mtasts_error *err)
{
	enum mtasts_status status;
	const char *bad;
	char *copy;

	status = set_text(option, options, value, &copy, &bad);
	if (status == MTASTS_NOMEM)
		error_nomem(err, option->name);
	else if (status != MTASTS_OK)
		error_set(err, status, MTASTS_STAGE_OPTIONS, 0,
		    "%s: expected %s, not \"%.60s\"", option->name,
		    option->expected, bad);
	free(copy);
	return status;
}

enum mtasts_status
mtasts_options_set(struct mtasts_options *options, const char *name,
    const char *value, struct mtasts_error *err)
{
	const struct option *option = option_find(name);
	struct mtasts_options *copy;
	enum mtasts_status status;

	if (option == NULL)
		return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_OPTIONS, 0,
		    "no such option \"%.60s\"", name);
	status = options_copy(options, &copy);
	if (status != MTASTS_OK)
		return error_nomem(err, "options");
	status = set_value(option, copy, value, err);
	if (status == MTASTS_OK)
		options_adopt(options, &copy);
	mtasts_options_free(&copy);
	return status;
}
