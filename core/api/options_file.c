/*
 * options_file: mtasts.conf(5) read into the options.
 *
 * libconfuse reads the syntax. What it would do beyond that is kept away from
 * it (see prepare): it expands ${NAME} from the environment, accepts a section
 * that never ends, and loses count of lines in block comments.
 *
 * Knows no option but by the table, and does not open the files that options
 * name.
 *
 * Test: tests/unit/test_options.c, tests/fuzz/fuzz_options.c
 */
#include <config.h>

#include "api/options_kind.h"
#include "base/error.h"

#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024) /* octets of a configuration file */

/* ---- Preparing the text of a file ------------------------------------- */

/* A file on its way through the parser. */
struct load {
	const char *file;
	struct mtasts_options *options;
	unsigned lines[OPTION_COUNT]; /* where each option was set */
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
	if (!keep)
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

static void
walk_brace(struct walk *walk)
{
	if (*walk->at == '{' && walk->depth++ == 0)
		walk->opened = walk->line;
	if (*walk->at == '}' && walk->depth > 0)
		walk->depth--;
	step(walk, true);
}

static void
walk_plain(struct walk *walk)
{
	if (is_expansion(walk->at)) {
		expansion_error(walk);
		return;
	}
	walk->word = strchr(" \t\r\n=,()+", *walk->at) == NULL;
	step(walk, true);
}

/*
 * Make the text safe to hand to libconfuse: comments turn to white space;
 * unbalanced text and expansions are errors.
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
		return option_find(opt->name);
	snprintf(name, sizeof(name), "%s.%s", cfg->name, opt->name);
	return option_find(name);
}

/* The first item of an assignment: is it the option's only one? */
static bool
begin_option(const struct option *option, unsigned line)
{
	unsigned *seen = &loading->lines[option - option_table];

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
	cfg_opt_t keys[2 * OPTION_COUNT], root[2 * OPTION_COUNT + 1];
	size_t k = 0, r = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &option_table[i];
		const char *section = option->section;

		if (i == 0 || strcmp(section, option_table[i - 1].section) != 0)
			root[r++] = (cfg_opt_t)CFG_SEC(section, &keys[k],
			    CFGF_NONE);
		root[r++] = confuse_option(option->name, option->kind->list);
		keys[k++] = confuse_option(option->key, option->kind->list);
		if (i + 1 == OPTION_COUNT ||
		    strcmp(section, option_table[i + 1].section) != 0)
			keys[k++] = (cfg_opt_t)CFG_END();
	}
	root[r] = (cfg_opt_t)CFG_END();
	return cfg_init(root, CFGF_NONE); /* copies them */
}

/* libconfuse has no words for every mistake: an option without a name, say. */
static void
parse_failed(struct load *load, const cfg_t *cfg, bool nomem)
{
	if (load->status != MTASTS_OK)
		return;
	if (nomem)
		load->status = error_nomem(load->err, "configuration");
	else
		load_error(load, (unsigned)cfg->line,
		    "expected the name of an option");
}

static void
parse(struct load *load, const char *text)
{
	bool good = false, nomem;
	cfg_t *cfg;

	pthread_mutex_lock(&confuse_lock);
	loading = load;
	errno = 0;
	cfg = confuse_new();
	nomem = cfg == NULL || errno == ENOMEM;
	if (!nomem) {
		cfg_set_error_function(cfg, on_error);
		good = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
		nomem = !good && errno == ENOMEM;
	}
	if (!good)
		parse_failed(load, cfg, nomem);
	/* It would step into what it had no memory for. */
	if (!nomem)
		cfg_free(cfg);
	loading = NULL;
	pthread_mutex_unlock(&confuse_lock);
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

enum mtasts_status
options_parse(struct mtasts_options *options, const char *file, char *text,
    struct mtasts_error *err)
{
	struct load load = { .file = file, .err = err };

	if (options_copy(options, &load.options) != MTASTS_OK)
		return error_nomem(err, file);
	prepare(&load, text);
	if (load.status == MTASTS_OK)
		parse(&load, text);
	if (load.status == MTASTS_OK)
		options_adopt(options, &load.options);
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
	if (fp == NULL && errno == ENOMEM)
		return error_nomem(err, name);
	if (fp == NULL)
		return file_error(name, strerror(errno), errno, err);
	status = read_file(fp, name, &text, err);
	if (status == MTASTS_OK)
		status = options_parse(options, name, text, err);
	fclose(fp);
	free(text);
	return status;
}
