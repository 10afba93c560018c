/*
 * conf: from the options of libmtasts to the daemon's settings, by a table.
 *
 * Knows no syntax of files: that is libmtasts' own.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- The table ----------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_NUMBER, KIND_FLAG, KIND_WORD };

struct setting {
	const char *name;
	enum kind kind;
	size_t field;
	bool at_start; /* a reload cannot change it */
	const char *words[4]; /* of KIND_WORD, in the order of its enum */
};

#define FIELD(f) offsetof(struct conf, f)

static const struct setting settings[] = {
	{ "milter.socket_mode", KIND_NUMBER, FIELD(milter.socket_mode), true,
	    { NULL } },
	{ "milter.socket_owner", KIND_TEXT, FIELD(milter.socket_owner), true,
	    { NULL } },
	{ "milter.socket_group", KIND_TEXT, FIELD(milter.socket_group), true,
	    { NULL } },
	{ "milter.on_fail", KIND_WORD, FIELD(milter.on_fail), false,
	    { "defer", "tag", "reject", NULL } },
	{ "milter.on_error", KIND_WORD, FIELD(milter.on_error), false,
	    { "accept", "defer", NULL } },
	{ "milter.rcpt_timeout", KIND_NUMBER, FIELD(milter.rcpt_timeout),
	    false, { NULL } },
	{ "milter.tag", KIND_WORD, FIELD(milter.tag), false,
	    { "off", "fail", "all", NULL } },
	{ "milter.header", KIND_TEXT, FIELD(milter.header), false, { NULL } },
	{ "milter.overridden_routes", KIND_WORD,
	    FIELD(milter.overridden_routes), false,
	    { "skip", "next-hop", NULL } },
	{ "socketmap.socket_mode", KIND_NUMBER, FIELD(socketmap.socket_mode),
	    true, { NULL } },
	{ "socketmap.socket_owner", KIND_TEXT, FIELD(socketmap.socket_owner),
	    true, { NULL } },
	{ "socketmap.socket_group", KIND_TEXT, FIELD(socketmap.socket_group),
	    true, { NULL } },
	{ "socketmap.timeout", KIND_NUMBER, FIELD(socketmap.timeout), false,
	    { NULL } },
	{ "daemon.user", KIND_TEXT, FIELD(daemon.user), true, { NULL } },
	{ "daemon.group", KIND_TEXT, FIELD(daemon.group), true, { NULL } },
	{ "daemon.pid_file", KIND_TEXT, FIELD(daemon.pid_file), true,
	    { NULL } },
	{ "daemon.refresh", KIND_FLAG, FIELD(daemon.refresh), false,
	    { NULL } },
	{ "log.level", KIND_NUMBER, FIELD(log_level), false, { NULL } },
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static int
word_index(const struct setting *setting, const char *word)
{
	int i = 0;

	while (setting->words[i] != NULL && strcmp(setting->words[i], word) != 0)
		i++;
	return i;
}

static void
take_setting(struct conf *conf, const struct setting *setting)
{
	void *field = (char *)conf + setting->field;
	int64_t number = mtasts_options_number(conf->options, setting->name);
	const char *text = mtasts_options_text(conf->options, setting->name);

	switch (setting->kind) {
	case KIND_TEXT:
		*(const char **)field = text;
		break;
	case KIND_NUMBER:
		*(int *)field = (int)number;
		break;
	case KIND_FLAG:
		*(bool *)field = number != 0;
		break;
	case KIND_WORD:
		*(int *)field = word_index(setting, text);
		break;
	}
}

/* ---- Reading ------------------------------------------------------------- */

static enum mtasts_status
bad(struct mtasts_error *err, const char *name, const char *text)
{
	memset(err, 0, sizeof(*err));
	err->status = MTASTS_CONFIG;
	err->stage = MTASTS_STAGE_OPTIONS;
	snprintf(err->text, sizeof(err->text),
	    "%s: \"%.100s\" is not an address to listen at", name, text);
	return MTASTS_CONFIG;
}

static enum mtasts_status
take_listen(struct conf *conf, struct mtasts_error *err)
{
	const char *text;

	for (size_t i = 0; (text = mtasts_options_item(conf->options,
				"socketmap.listen", i)) != NULL;
	     i++) {
		struct endpoint *address =
		    &conf->socketmap.listen[conf->socketmap.listen_count];

		if (i >= CONF_LISTEN_MAX || !endpoint_parse(text, address))
			return bad(err, "socketmap.listen", text);
		if (address->kind != ENDPOINT_NONE)
			conf->socketmap.listen_count++;
	}
	return MTASTS_OK;
}

static enum mtasts_status
take_all(struct conf *conf, struct mtasts_error *err)
{
	const char *socket = mtasts_options_text(conf->options,
	    "milter.socket");

	for (size_t i = 0; i < SETTING_COUNT; i++)
		take_setting(conf, &settings[i]);
	if (conf->daemon.user[0] == '\0')
		conf->daemon.user = mtasts_options_text(conf->options,
		    "cache.user");
	if (conf->milter.on_fail == ON_FAIL_TAG && conf->milter.tag == TAG_OFF)
		conf->milter.tag = TAG_FAIL;
	if (!endpoint_parse(socket, &conf->milter.socket))
		return bad(err, "milter.socket", socket);
	return take_listen(conf, err);
}

static enum mtasts_status
set(struct conf *conf, const char *name, const char *value,
    struct mtasts_error *err)
{
	if (value == NULL)
		return MTASTS_OK;
	return mtasts_options_set(conf->options, name, value, err);
}

static enum mtasts_status
take_command(struct conf *conf, const struct conf_command *command,
    struct mtasts_error *err)
{
	enum mtasts_status status;

	status = set(conf, "milter.socket", command->socket, err);
	if (status == MTASTS_OK)
		status = set(conf, "daemon.pid_file", command->pid_file, err);
	if (status == MTASTS_OK)
		status = set(conf, "daemon.user", command->user, err);
	if (status == MTASTS_OK)
		status = set(conf, "daemon.group", command->group, err);
	return status;
}

enum mtasts_status
conf_read(const struct conf_command *command, struct conf **out,
    struct mtasts_error *err)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	enum mtasts_status status = MTASTS_NOMEM;

	*out = NULL;
	memset(err, 0, sizeof(*err));
	if (conf != NULL)
		status = mtasts_options_new(&conf->options);
	if (status == MTASTS_OK)
		status = mtasts_options_load(conf->options, command->file,
		    err);
	if (status == MTASTS_OK)
		status = take_command(conf, command, err);
	if (status == MTASTS_OK)
		status = take_all(conf, err);
	if (status == MTASTS_OK)
		*out = conf;
	else
		conf_free(&conf);
	return status;
}

void
conf_free(struct conf **conf)
{
	if (conf == NULL || *conf == NULL)
		return;
	mtasts_options_free(&(*conf)->options);
	free(*conf);
	*conf = NULL;
}

bool
conf_has_mailer(const struct conf *conf, const char *mailer)
{
	const char *name;

	for (size_t i = 0; (name = mtasts_options_item(conf->options,
				"milter.mailers", i)) != NULL;
	     i++) {
		if (strcasecmp(name, mailer) == 0)
			return true;
	}
	return false;
}

/* ---- Comparing ----------------------------------------------------------- */

static bool
is_same(const struct conf *a, const struct conf *b,
    const struct setting *setting)
{
	const void *one = (const char *)a + setting->field;
	const void *two = (const char *)b + setting->field;

	if (setting->kind == KIND_TEXT)
		return strcmp(*(const char *const *)one,
			   *(const char *const *)two) == 0;
	return *(const int *)one == *(const int *)two;
}

static bool
listens_alike(const struct conf *a, const struct conf *b)
{
	return a->socketmap.listen_count == b->socketmap.listen_count &&
	    memcmp(a->socketmap.listen, b->socketmap.listen,
		sizeof(a->socketmap.listen)) == 0;
}

void
conf_compare(const struct conf *old, const struct conf *fresh,
    conf_differ_fn *fn)
{
	if (memcmp(&old->milter.socket, &fresh->milter.socket,
		sizeof(old->milter.socket)) != 0)
		fn("milter.socket");
	if (!listens_alike(old, fresh))
		fn("socketmap.listen");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (settings[i].at_start && !is_same(old, fresh, &settings[i]))
			fn(settings[i].name);
	}
}
