/*
 * options: the settings, read from mtasts.conf(5) or set one by one.
 *
 * One table describes every option; loading, setting by name, defaults, copying
 * and freeing all walk it. libconfuse reads the file's syntax. What it would do
 * beyond that is kept away from it (see prepare): it expands ${NAME} from the
 * environment, accepts a section that never ends, and loses count of lines in
 * block comments.
 *
 * Adapters keep sections of their own in the same file: those names are known
 * here, and nothing below them is looked at.
 *
 * Knows no cache, no network, and does not open the files that options name.
 *
 * Test: tests/unit/test_options.c
 */
#include <config.h>

#include "api/options.h"

#include "base/error.h"

#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX (1024 * 1024) /* octets of a configuration file */

struct option;

/* What options of one C type have in common. */
struct kind {
	size_t size; /* of the field */
	bool list;   /* set() appends one item */
	enum mtasts_status (*set)(const struct option *option, void *options,
	    const char *value);
	/* NULL where the octets are all there is to copy or to free. */
	enum mtasts_status (*copy)(const struct option *option,
	    const void *from, void *to);
	void (*clear)(const struct option *option, void *options);
};

struct option {
	const char *section;
	const char *key;
	const char *name;  /* section.key */
	size_t field;	   /* offset in struct mtasts_options */
	const struct kind *kind;
	const char *initial;  /* NULL: all zero */
	const char *expected; /* completes "expected ..." */
	bool (*check)(const char *value);
	uint64_t min; /* of numbers, in the unit of the field */
	uint64_t max;
	size_t count; /* of lists: offset of the field with their length */
};

/* ---- Values ----------------------------------------------------------- */

static void *
at(const void *options, size_t offset)
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

static bool
is_path(const char *value)
{
	return value[0] == '/';
}

static bool
is_optional_path(const char *value)
{
	return value[0] == '\0' || is_path(value);
}

static bool
is_account(const char *value)
{
	return strpbrk(value, " :/,") == NULL && value[0] != '-';
}

static bool
is_proxy(const char *value)
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
static bool
is_helo(const char *value)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-.:[]";

	return strlen(value) <= 255 && value[strspn(value, valid)] == '\0';
}

static bool
is_server(const char *value)
{
	struct address address;

	return address_parse(value, &address);
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
text_set(const struct option *option, void *options, const char *value)
{
	char **field = at(options, option->field);
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
text_copy(const struct option *option, const void *from, void *to)
{
	char *const *source = at(from, option->field);
	char **field = at(to, option->field);

	if (*source == NULL)
		return MTASTS_OK;
	*field = strdup(*source);
	return *field == NULL ? MTASTS_NOMEM : MTASTS_OK;
}

static void
text_clear(const struct option *option, void *options)
{
	char **field = at(options, option->field);

	free(*field);
	*field = NULL;
}

static enum mtasts_status
flag_set(const struct option *option, void *options, const char *value)
{
	bool *field = at(options, option->field);
	int flag = cfg_parse_boolean(value);

	if (flag < 0)
		return MTASTS_CONFIG;
	*field = flag != 0;
	return MTASTS_OK;
}

static enum mtasts_status
size_set(const struct option *option, void *options, const char *value)
{
	uint64_t *field = at(options, option->field);

	return parse_in_range(option, value, size_units, 1, field);
}

/* An int of milliseconds. */
static enum mtasts_status
timeout_set(const struct option *option, void *options, const char *value)
{
	int *field = at(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, duration_units, 1, &number) !=
	    MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int)number;
	return MTASTS_OK;
}

/* An int64_t of seconds. */
static enum mtasts_status
seconds_set(const struct option *option, void *options, const char *value)
{
	int64_t *field = at(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, duration_units, 1000, &number) !=
	    MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int64_t)number;
	return MTASTS_OK;
}

static enum mtasts_status
count_set(const struct option *option, void *options, const char *value)
{
	int *field = at(options, option->field);
	uint64_t number;

	if (parse_in_range(option, value, no_units, 1, &number) != MTASTS_OK)
		return MTASTS_CONFIG;
	*field = (int)number;
	return MTASTS_OK;
}

static enum mtasts_status
level_set(const struct option *option, void *options, const char *value)
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
	enum mtasts_log_level *field = at(options, option->field);

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
strings_set(const struct option *option, void *options, const char *value)
{
	char ***field = at(options, option->field);
	size_t *count = at(options, option->count);
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
strings_copy(const struct option *option, const void *from, void *to)
{
	char *const *const *source = at(from, option->field);
	const size_t *count = at(from, option->count);
	enum mtasts_status status = MTASTS_OK;

	for (size_t i = 0; i < *count && status == MTASTS_OK; i++)
		status = strings_set(option, to, (*source)[i]);
	return status;
}

static void
strings_clear(const struct option *option, void *options)
{
	char ***field = at(options, option->field);
	size_t *count = at(options, option->count);

	for (size_t i = 0; i < *count; i++)
		free((*field)[i]);
	free(*field);
	*field = NULL;
	*count = 0;
}

static enum mtasts_status
networks_add(const struct option *option, void *options,
    const struct network *network)
{
	struct network **field = at(options, option->field);
	size_t *count = at(options, option->count);
	struct network *grown;

	grown = realloc(*field, (*count + 1) * sizeof(*grown));
	if (grown == NULL)
		return MTASTS_NOMEM;
	*field = grown;
	grown[(*count)++] = *network;
	return MTASTS_OK;
}

static enum mtasts_status
networks_set(const struct option *option, void *options, const char *value)
{
	struct network network;

	if (!network_parse(value, &network))
		return MTASTS_CONFIG;
	return networks_add(option, options, &network);
}

static enum mtasts_status
networks_copy(const struct option *option, const void *from, void *to)
{
	struct network *const *source = at(from, option->field);
	const size_t *count = at(from, option->count);
	enum mtasts_status status = MTASTS_OK;

	for (size_t i = 0; i < *count && status == MTASTS_OK; i++)
		status = networks_add(option, to, &(*source)[i]);
	return status;
}

static void
networks_clear(const struct option *option, void *options)
{
	struct network **field = at(options, option->field);
	size_t *count = at(options, option->count);

	free(*field);
	*field = NULL;
	*count = 0;
}

static const struct kind kind_text = { sizeof(char *), false, text_set,
	text_copy, text_clear };
static const struct kind kind_flag = { sizeof(bool), false, flag_set, NULL,
	NULL };
static const struct kind kind_size = { sizeof(uint64_t), false, size_set, NULL,
	NULL };
static const struct kind kind_timeout = { sizeof(int), false, timeout_set,
	NULL, NULL };
static const struct kind kind_seconds = { sizeof(int64_t), false, seconds_set,
	NULL, NULL };
static const struct kind kind_count = { sizeof(int), false, count_set, NULL,
	NULL };
static const struct kind kind_level = { sizeof(enum mtasts_log_level), false,
	level_set, NULL, NULL };
static const struct kind kind_strings = { sizeof(char **), true, strings_set,
	strings_copy, strings_clear };
static const struct kind kind_networks = { sizeof(struct network *), true,
	networks_set, networks_copy, networks_clear };

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

/* Options of a section stand together. Documented in mtasts.conf(5). */
static const struct option table[] = {
	{ OPTION(cache, directory, text, LOCALSTATEDIR "/lib/mtasts",
	      "an absolute path"),
	    .check = is_path },
	{ OPTION(cache, run_directory, text, RUNSTATEDIR "/mtasts",
	      "an absolute path"),
	    .check = is_path },
	{ OPTION(cache, user, text, "mtasts", "the name of a user"),
	    .check = is_account },
	{ OPTION(cache, group, text, NULL, "the name of a group"),
	    .check = is_account },
	{ OPTION(cache, size, size, "1G",
	      "a size from 1M to 1T, such as 512M or 1G"),
	    .min = 1ULL << 20, .max = 1ULL << 40 },

	{ OPTION(dns, servers, strings, NULL, "an IP address"),
	    .check = is_server, .count = LENGTH(dns, server_count) },
	{ OPTION(dns, timeout, timeout, "2s",
	      "a duration from 100ms to 30s, such as 2s"),
	    .min = 100, .max = MILLISECONDS(30) },

	{ OPTION(https, ca_file, text, NULL, "an absolute path"),
	    .check = is_optional_path },
	{ OPTION(https, ca_path, text, NULL, "an absolute path"),
	    .check = is_optional_path },
	{ OPTION(https, proxy, text, NULL,
	      "a URL such as http://proxy.example:3128"),
	    .check = is_proxy },
	{ NAMED(https, allow_addresses, allowed, networks, NULL,
	      "an IP address or network such as 192.0.2.0/24"),
	    .count = LENGTH(https, allowed_count) },
	{ OPTION(https, timeout, timeout, "60s",
	      "a duration from 100ms to 5m, such as 60s"),
	    .min = 100, .max = MILLISECONDS(300) },

	{ OPTION(probe, enabled, flag, "true", "true or false") },
	{ OPTION(probe, ca_file, text, NULL, "an absolute path"),
	    .check = is_optional_path },
	{ OPTION(probe, ca_path, text, NULL, "an absolute path"),
	    .check = is_optional_path },
	{ OPTION(probe, helo, text, NULL, "a host name"), .check = is_helo },
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
	    .check = is_optional_path },
	{ OPTION(policy, strict_first_use, flag, "false", "true or false") },
	{ OPTION(policy, forget_after, seconds, "180d",
	      "a duration from 1d to 3650d, such as 180d"),
	    .min = DAY, .max = 3650LL * DAY },
	{ OPTION(policy, refresh_warnings, count, "3",
	      "a number from 1 to 1000"),
	    .min = 1, .max = 1000 },

	{ OPTION(log, level, level, "notice",
	      "error, warning, notice, info or debug") },
};

#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

/* Sections that adapters read; the core does not look inside. */
static const char *const foreign_sections[] = { "daemon", "exim", "milter",
	"socketmap" };

static const struct option *
find_option(const char *name)
{
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	}
	return NULL;
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
	for (size_t i = 0; i < TABLE_SIZE && status == MTASTS_OK; i++) {
		if (table[i].initial != NULL)
			status = table[i].kind->set(&table[i], options,
			    table[i].initial);
	}
	if (status != MTASTS_OK)
		mtasts_options_free(&options);
	*out = options;
	return status;
}

static void
clear_all(struct mtasts_options *options)
{
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		if (table[i].kind->clear != NULL)
			table[i].kind->clear(&table[i], options);
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
	memcpy(at(to, option->field), at(from, option->field),
	    option->kind->size);
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
	for (size_t i = 0; i < TABLE_SIZE && status == MTASTS_OK; i++)
		status = copy_option(&table[i], options, copy);
	if (status != MTASTS_OK)
		mtasts_options_free(&copy);
	*out = copy;
	return status;
}

/* What was tried on a copy becomes the options: all of it or nothing. */
static void
adopt(struct mtasts_options *options, struct mtasts_options **copy)
{
	struct mtasts_options old = *options;

	*options = **copy;
	**copy = old;
	mtasts_options_free(copy);
}

/* ---- Setting one ------------------------------------------------------ */

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

static enum mtasts_status
set_value(const struct option *option, struct mtasts_options *options,
    const char *value, struct mtasts_error *err)
{
	const char *bad = value;
	enum mtasts_status status;
	char *list = NULL;

	if (option->kind->list) {
		list = strdup(value);
		if (list == NULL)
			return error_nomem(err, option->name);
		status = set_items(option, options, list, &bad);
	} else {
		status = option->kind->set(option, options, value);
	}
	if (status == MTASTS_NOMEM)
		error_nomem(err, option->name);
	else if (status != MTASTS_OK)
		error_set(err, status, MTASTS_STAGE_OPTIONS, 0,
		    "%s: expected %s, not \"%.60s\"", option->name,
		    option->expected, bad);
	free(list);
	return status;
}

enum mtasts_status
mtasts_options_set(struct mtasts_options *options, const char *name,
    const char *value, struct mtasts_error *err)
{
	const struct option *option = find_option(name);
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
		adopt(options, &copy);
	mtasts_options_free(&copy);
	return status;
}

/* ---- Preparing the text of a file ------------------------------------- */

/* A file on its way through the parser. */
struct load {
	const char *file;
	struct mtasts_options *options;
	unsigned lines[TABLE_SIZE]; /* where each option was set */
	struct mtasts_error *err;
	enum mtasts_status status;
};

static void load_error(struct load *load, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The first error stays. */
static void
load_error(struct load *load, unsigned line, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	if (load->status != MTASTS_OK)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	load->status = error_set(load->err, MTASTS_CONFIG,
	    MTASTS_STAGE_OPTIONS, 0, "%s:%u: %s", load->file, line, text);
}

/* A walk over the text that knows strings, comments and braces. */
struct walk {
	struct load *load;
	char *at;
	unsigned line;
	unsigned depth;	 /* of braces */
	unsigned opened; /* line of the outermost one */
	bool foreign;	 /* in an adapter's section */
	bool word;	 /* in a word */
};

static void
blank(char *c)
{
	if (*c != '\n')
		*c = ' ';
}

/* Go on by one; what is not for libconfuse becomes white space. */
static void
step(struct walk *walk, bool keep)
{
	if (*walk->at == '\n')
		walk->line++;
	if (!keep || walk->foreign)
		blank(walk->at);
	walk->at++;
}

static void
walk_line_comment(struct walk *walk)
{
	while (*walk->at != '\0' && *walk->at != '\n')
		step(walk, false);
}

static void
walk_block_comment(struct walk *walk)
{
	unsigned line = walk->line;
	const char *end = strstr(walk->at + 2, "*/");

	if (end == NULL) {
		load_error(walk->load, line, "comment without an end");
		return;
	}
	while (walk->at < end + 2)
		step(walk, false);
}

/* libconfuse takes ${NAME} from the environment, but not in single quotes. */
static bool
is_expansion(const char *at)
{
	return at[0] == '$' && at[1] == '{';
}

static void
expansion_error(struct walk *walk)
{
	load_error(walk->load, walk->line,
	    "${...} is not expanded here; write it in single quotes");
}

static void
walk_string(struct walk *walk)
{
	unsigned line = walk->line;
	char quote = *walk->at;

	step(walk, true);
	while (*walk->at != '\0' && *walk->at != quote) {
		if (quote == '"' && is_expansion(walk->at)) {
			expansion_error(walk);
			return;
		}
		if (walk->at[0] == '\\' && walk->at[1] != '\0')
			step(walk, true);
		step(walk, true);
	}
	if (*walk->at == '\0')
		load_error(walk->load, line, "string without an end");
	else
		step(walk, true);
}

static bool
begins_foreign(const char *at)
{
	size_t count = sizeof(foreign_sections) / sizeof(foreign_sections[0]);

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(foreign_sections[i]);

		if (strncmp(at, foreign_sections[i], len) == 0 &&
		    at[len + strspn(at + len, " \t\r\n")] == '{')
			return true;
	}
	return false;
}

static void
walk_brace(struct walk *walk)
{
	if (*walk->at == '{' && walk->depth++ == 0)
		walk->opened = walk->line;
	if (*walk->at == '}' && walk->depth > 0)
		walk->depth--;
	step(walk, true);
	if (walk->depth == 0 && walk->foreign) {
		blank(walk->at - 1);
		walk->foreign = false;
	}
}

static void
walk_plain(struct walk *walk)
{
	if (is_expansion(walk->at)) {
		expansion_error(walk);
		return;
	}
	if (walk->depth == 0 && !walk->word && begins_foreign(walk->at))
		walk->foreign = true;
	walk->word = strchr(" \t\r\n=,()+", *walk->at) == NULL;
	step(walk, true);
}

/*
 * Make the text safe to hand to libconfuse: comments and adapters' sections
 * turn to white space; unbalanced text and expansions are errors.
 */
static void
prepare(struct load *load, char *text)
{
	struct walk walk = { .load = load, .at = text, .line = 1 };

	while (*walk.at != '\0' && load->status == MTASTS_OK) {
		bool slash = !walk.word && *walk.at == '/';

		if (*walk.at == '#' || (slash && walk.at[1] == '/'))
			walk_line_comment(&walk);
		else if (slash && walk.at[1] == '*')
			walk_block_comment(&walk);
		else if (strchr("\"'{}", *walk.at) == NULL)
			walk_plain(&walk);
		else {
			if (*walk.at == '{' || *walk.at == '}')
				walk_brace(&walk);
			else
				walk_string(&walk);
			walk.word = false;
		}
	}
	if (walk.depth > 0)
		load_error(load, walk.opened, "section without an end");
}

/* ---- Parsing ---------------------------------------------------------- */

/*
 * libconfuse has one lexer for the process and passes no argument to its
 * callbacks: one load at a time, which is this one.
 */
static pthread_mutex_t confuse_lock = PTHREAD_MUTEX_INITIALIZER;
static struct load *loading;

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[240];

	vsnprintf(text, sizeof(text), fmt, ap);
	load_error(loading, (unsigned)cfg->line, "%s", text);
}

static const struct option *
option_of(cfg_t *cfg, cfg_opt_t *opt)
{
	char name[64];

	if (strcmp(cfg->name, "root") == 0)
		return find_option(opt->name);
	snprintf(name, sizeof(name), "%s.%s", cfg->name, opt->name);
	return find_option(name);
}

/* The first item of an assignment: is it the option's only one? */
static bool
begin_option(const struct option *option, unsigned line)
{
	unsigned *seen = &loading->lines[option - table];

	if (*seen != 0) {
		load_error(loading, line, "%s is already set in line %u",
		    option->name, *seen);
		return false;
	}
	*seen = line;
	if (option->kind->list)
		option->kind->clear(option, loading->options);
	return true;
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct option *option = option_of(cfg, opt);
	unsigned line = (unsigned)cfg->line;
	enum mtasts_status status;

	/* libconfuse has counted this value already. */
	if (opt->nvalues == 1 && !begin_option(option, line))
		return -1;
	status = option->kind->set(option, loading->options, value);
	if (status == MTASTS_CONFIG)
		load_error(loading, line, "%s: expected %s, not \"%.60s\"",
		    option->name, option->expected, value);
	else if (status != MTASTS_OK)
		loading->status = error_nomem(loading->err, option->name);
	*(const char **)result = value;
	return status == MTASTS_OK ? 0 : -1;
}

static cfg_opt_t
confuse_option(const char *name, bool list)
{
	return (cfg_opt_t)CFG_STR_CB(name, NULL,
	    CFGF_NODEFAULT | (list ? CFGF_LIST : CFGF_NONE), on_value);
}

/* Every option twice: in its section, and under its full name outside. */
static cfg_t *
confuse_new(void)
{
	cfg_opt_t keys[2 * TABLE_SIZE], root[2 * TABLE_SIZE + 1];
	size_t k = 0, r = 0;

	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const struct option *option = &table[i];
		const char *section = option->section;

		if (i == 0 || strcmp(section, table[i - 1].section) != 0)
			root[r++] = (cfg_opt_t)CFG_SEC(section, &keys[k],
			    CFGF_NONE);
		root[r++] = confuse_option(option->name, option->kind->list);
		keys[k++] = confuse_option(option->key, option->kind->list);
		if (i + 1 == TABLE_SIZE ||
		    strcmp(section, table[i + 1].section) != 0)
			keys[k++] = (cfg_opt_t)CFG_END();
	}
	root[r] = (cfg_opt_t)CFG_END();
	return cfg_init(root, CFGF_NONE); /* copies them */
}

static void
parse(struct load *load, const char *text)
{
	cfg_t *cfg;

	pthread_mutex_lock(&confuse_lock);
	loading = load;
	cfg = confuse_new();
	if (cfg != NULL) {
		cfg_set_error_function(cfg, on_error);
		if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
			text = NULL;
		cfg_free(cfg);
	}
	loading = NULL;
	pthread_mutex_unlock(&confuse_lock);
	if (text != NULL && load->status == MTASTS_OK)
		load->status = error_nomem(load->err, "configuration");
}

/* ---- Loading a file --------------------------------------------------- */

static enum mtasts_status
file_error(const char *file, const char *what, int code,
    struct mtasts_error *err)
{
	return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_OPTIONS, code,
	    "%s: %s", file, what);
}

/* The whole file, with a NUL behind it; *out is the caller's to free. */
static enum mtasts_status
read_file(FILE *fp, const char *file, char **out, struct mtasts_error *err)
{
	enum mtasts_status status = MTASTS_OK;
	char *text = malloc(FILE_MAX + 1);
	size_t len;

	if (text == NULL)
		return error_nomem(err, file);
	len = fread(text, 1, FILE_MAX + 1, fp);
	if (ferror(fp))
		status = file_error(file, strerror(errno), errno, err);
	else if (len > FILE_MAX)
		status = file_error(file, "larger than 1 MiB", 0, err);
	else if (memchr(text, '\0', len) != NULL)
		status = file_error(file, "not a text file", 0, err);
	if (status != MTASTS_OK) {
		free(text);
		return status;
	}
	text[len] = '\0';
	*out = text;
	return MTASTS_OK;
}

static enum mtasts_status
load_text(struct mtasts_options *options, const char *file, char *text,
    struct mtasts_error *err)
{
	struct load load = { .file = file, .err = err };

	if (options_copy(options, &load.options) != MTASTS_OK)
		return error_nomem(err, file);
	prepare(&load, text);
	if (load.status == MTASTS_OK)
		parse(&load, text);
	if (load.status == MTASTS_OK)
		adopt(options, &load.options);
	mtasts_options_free(&load.options);
	return load.status;
}

enum mtasts_status
mtasts_options_load(struct mtasts_options *options, const char *file,
    struct mtasts_error *err)
{
	const char *name = file != NULL ? file : SYSCONFDIR "/mtasts.conf";
	FILE *fp = fopen(name, "re");
	enum mtasts_status status;
	char *text = NULL;

	if (fp == NULL && file == NULL && errno == ENOENT)
		return MTASTS_OK;
	if (fp == NULL)
		return file_error(name, strerror(errno), errno, err);
	status = read_file(fp, name, &text, err);
	if (status == MTASTS_OK)
		status = load_text(options, name, text, err);
	fclose(fp);
	free(text);
	return status;
}
