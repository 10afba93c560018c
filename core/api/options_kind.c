/*
 * options_kind: the kinds of values that options have: how they are read from
 * text, checked, copied and freed.
 *
 * Test: tests/unit/test_options.c
 */
#include <config.h>

#include "api/options_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Values ----------------------------------------------------------- */

void *
option_field(const struct mtasts_options *options, size_t offset)
{
	/* The caller knows whether the structure may be written. */
	return (void *)((uintptr_t)options + offset);
}

static bool
is_printable(const char *value)
{
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return false;
	}
	return true;
}

bool
option_is_path(const char *value)
{
	return value[0] == '/';
}

bool
option_is_optional_path(const char *value)
{
	return value[0] == '\0' || option_is_path(value);
}

bool
option_is_account(const char *value)
{
	return strpbrk(value, " :/,") == NULL && value[0] != '-';
}

bool
option_is_proxy(const char *value)
{
	static const char *const schemes[] = { "http://", "https://" };

	if (value[0] == '\0')
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(value, schemes[i], len) == 0)
			return value[len] != '\0' && !strchr(value, ' ');
	}
	return false;
}

/* A host name, or an address literal as EHLO wants it. */
bool
option_is_helo(const char *value)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-.:[]";

	return strlen(value) <= 255 && value[strspn(value, valid)] == '\0';
}

bool
option_is_address(const char *value)
{
	struct address address;

	return address_parse(value, &address);
}

/* Where a daemon listens: none, unix:PATH, inet:PORT@HOST, inet:HOST:PORT. */
bool
option_is_socket(const char *value)
{
	static const char *const kinds[] = { "unix:/", "local:/", "inet:",
		"inet6:" };

	if (strcmp(value, "none") == 0)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(value, kinds[i], len) == 0)
			return value[len] != '\0';
	}
	return false;
}

/* A header field's name (RFC 5322, 2.2). */
bool
option_is_header(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		if (value[i] <= ' ' || value[i] >= 0x7f || value[i] == ':')
			return false;
	}
	return len > 0 && len <= 76;
}

bool
option_is_mailer(const char *value)
{
	return value[0] != '\0' && strpbrk(value, " \t,") == NULL;
}

bool
option_is_on_fail(const char *value)
{
	return strcmp(value, "defer") == 0 || strcmp(value, "tag") == 0 ||
	    strcmp(value, "reject") == 0;
}

bool
option_is_on_error(const char *value)
{
	return strcmp(value, "accept") == 0 || strcmp(value, "defer") == 0;
}

bool
option_is_tag(const char *value)
{
	return strcmp(value, "off") == 0 || strcmp(value, "fail") == 0 ||
	    strcmp(value, "all") == 0;
}

bool
option_is_route(const char *value)
{
	return strcmp(value, "skip") == 0 || strcmp(value, "next-hop") == 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "K", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "T", 1ULL << 40 },
	{ NULL, 0 },
};

static const struct unit no_units[] = {
	{ "", 1 },
	{ NULL, 0 },
};

/* Digits with one of the units behind them. */
static bool
parse_number(const char *value, const struct unit *units, uint64_t *out)
{
	unsigned long long number;
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno != 0)
		return false;
	while (units->name != NULL && strcmp(units->name, end) != 0)
		units++;
	if (units->name == NULL || number > UINT64_MAX / units->factor)
		return false;
	*out = number * units->factor;
	return true;
}

static enum mtasts_status
parse_in_range(const struct option *option, const char *value,
    const struct unit *units, uint64_t divisor, uint64_t *out)
{
	uint64_t number;

	if (!parse_number(value, units, &number) || number % divisor != 0)
		return MTASTS_CONFIG;
	number /= divisor;
	if (number < option->min || number > option->max)
		return MTASTS_CONFIG;
	*out = number;
	return MTASTS_OK;
}

/* ---- Kinds ------------------------------------------------------------ */

static enum mtasts_status
text_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	char **field = option_field(options, option->field);
	char *copy = NULL;

	if (!is_printable(value) || !option->check(value))
		return MTASTS_CONFIG;
	if (value[0] != '\0' && (copy = strdup(value)) == NULL)
		return MTASTS_NOMEM;
	free(*field);
	*field = copy;
	return MTASTS_OK;
}

static enum mtasts_status
text_copy(const struct option *option, const struct mtasts_options *from,
    struct mtasts_options *to)
{
	char *const *source = option_field(from, option->field);
	char **field = option_field(to, option->field);

	if (*source == NULL)
		return MTASTS_OK;
	*field = strdup(*source);
	return *field == NULL ? MTASTS_NOMEM : MTASTS_OK;
}

static void
text_clear(const struct option *option, struct mtasts_options *options)
{
	char **field = option_field(options, option->field);

	free(*field);
	*field = NULL;
}

static enum mtasts_status
flag_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	static const struct {
		const char *name;
		bool flag;
	} words[] = {
		{ "true", true },
		{ "yes", true },
		{ "on", true },
		{ "false", false },
		{ "no", false },
		{ "off", false },
	};
	bool *field = option_field(options, option->field);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i].name, value) == 0) {
			*field = words[i].flag;
			return MTASTS_OK;
		}
	}
	return MTASTS_CONFIG;
}

static enum mtasts_status
size_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	uint64_t *field = option_field(options, option->field);

	return parse_in_range(option, value, size_units, 1, field);
}

/* An int of milliseconds. */
static enum mtasts_status
timeout_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	int *field = option_field(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, duration_units, 1, &number) !=
	    MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int)number;
	return MTASTS_OK;
}

/* An int64_t of seconds. */
static enum mtasts_status
seconds_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	int64_t *field = option_field(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, duration_units, 1000, &number) !=
	    MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int64_t)number;
	return MTASTS_OK;
}

static enum mtasts_status
count_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	int *field = option_field(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, no_units, 1, &number) != MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int)number;
	return MTASTS_OK;
}

/* An int of octal digits: permissions. */
static enum mtasts_status
mode_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	int *field = option_field(options, option->field);
	size_t len = strlen(value);

	if (len < 3 || len > 4 || value[strspn(value, "01234567")] != '\0' ||
	    (len == 4 && value[0] != '0'))
		return MTASTS_CONFIG;
	*field = (int)strtol(value, NULL, 8);
	return MTASTS_OK;
}

static enum mtasts_status
level_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	static const struct {
		const char *name;
		enum mtasts_log_level level;
	} levels[] = {
		{ "error", MTASTS_LOG_ERROR },
		{ "warning", MTASTS_LOG_WARNING },
		{ "notice", MTASTS_LOG_NOTICE },
		{ "info", MTASTS_LOG_INFO },
		{ "debug", MTASTS_LOG_DEBUG },
	};
	enum mtasts_log_level *field = option_field(options, option->field);

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].name, value) == 0) {
			*field = levels[i].level;
			return MTASTS_OK;
		}
	}
	return MTASTS_CONFIG;
}

/* A NULL-terminated array of strings. */
static enum mtasts_status
strings_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	char ***field = option_field(options, option->field);
	size_t *count = option_field(options, option->count);
	char **grown;

	if (!is_printable(value) || !option->check(value))
		return MTASTS_CONFIG;
	grown = realloc(*field, (*count + 2) * sizeof(*grown));
	if (grown == NULL)
		return MTASTS_NOMEM;
	*field = grown;
	grown[*count + 1] = NULL;
	grown[*count] = strdup(value);
	if (grown[*count] == NULL)
		return MTASTS_NOMEM;
	(*count)++;
	return MTASTS_OK;
}

static enum mtasts_status
strings_copy(const struct option *option, const struct mtasts_options *from,
    struct mtasts_options *to)
{
	char *const *const *source = option_field(from, option->field);
	const size_t *count = option_field(from, option->count);
	enum mtasts_status status = MTASTS_OK;

	for (size_t i = 0; i < *count && status == MTASTS_OK; i++)
		status = strings_set(option, to, (*source)[i]);
	return status;
}

static void
strings_clear(const struct option *option, struct mtasts_options *options)
{
	char ***field = option_field(options, option->field);
	size_t *count = option_field(options, option->count);

	for (size_t i = 0; i < *count; i++)
		free((*field)[i]);
	free(*field);
	*field = NULL;
	*count = 0;
}

static enum mtasts_status
networks_add(const struct option *option, struct mtasts_options *options,
    const struct network *network)
{
	struct network **field = option_field(options, option->field);
	size_t *count = option_field(options, option->count);
	struct network *grown;

	grown = realloc(*field, (*count + 1) * sizeof(*grown));
	if (grown == NULL)
		return MTASTS_NOMEM;
	*field = grown;
	grown[(*count)++] = *network;
	return MTASTS_OK;
}

static enum mtasts_status
networks_set(const struct option *option, struct mtasts_options *options,
    const char *value)
{
	struct network network;

	if (!network_parse(value, &network))
		return MTASTS_CONFIG;
	return networks_add(option, options, &network);
}

static enum mtasts_status
networks_copy(const struct option *option, const struct mtasts_options *from,
    struct mtasts_options *to)
{
	struct network *const *source = option_field(from, option->field);
	const size_t *count = option_field(from, option->count);
	enum mtasts_status status = MTASTS_OK;

	for (size_t i = 0; i < *count && status == MTASTS_OK; i++)
		status = networks_add(option, to, &(*source)[i]);
	return status;
}

static void
networks_clear(const struct option *option, struct mtasts_options *options)
{
	struct network **field = option_field(options, option->field);
	size_t *count = option_field(options, option->count);

	free(*field);
	*field = NULL;
	*count = 0;
}

const struct option_kind kind_text = { sizeof(char *), false, text_set,
	text_copy, text_clear };
const struct option_kind kind_flag = { sizeof(bool), false, flag_set, NULL,
	NULL };
const struct option_kind kind_size = { sizeof(uint64_t), false, size_set, NULL,
	NULL };
const struct option_kind kind_timeout = { sizeof(int), false, timeout_set,
	NULL, NULL };
const struct option_kind kind_seconds = { sizeof(int64_t), false, seconds_set,
	NULL, NULL };
const struct option_kind kind_count = { sizeof(int), false, count_set, NULL,
	NULL };
const struct option_kind kind_level = { sizeof(enum mtasts_log_level), false,
	level_set, NULL, NULL };
const struct option_kind kind_mode = { sizeof(int), false, mode_set, NULL,
	NULL };
const struct option_kind kind_strings = { sizeof(char **), true, strings_set,
	strings_copy, strings_clear };
const struct option_kind kind_networks = { sizeof(struct network *), true,
	networks_set, networks_copy, networks_clear };
