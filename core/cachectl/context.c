/*
 * context: what every command needs before it begins: configuration, the owner
 * of the cache, and the library's context.
 *
 * Test: tests/cachectl/usage.py, tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/cachectl.h"
#include "cachectl/output.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

int
cachectl_fail(const struct cachectl *ctl)
{
	complain("%s", ctl->err.text);
	switch (ctl->err.status) {
	case MTASTS_OK:
		return EXIT_YES;
	case MTASTS_NOTFOUND:
		return EXIT_NO;
	case MTASTS_INVALID:
	case MTASTS_CONFIG:
		return EXIT_USAGE;
	case MTASTS_NOMEM:
	case MTASTS_SYSTEM:
	case MTASTS_CACHE:
		break;
	}
	return EXIT_UNKNOWN;
}

static enum mtasts_status
set_joined(struct cachectl *ctl, const char *name, const char *directory,
    const char *below)
{
	size_t size = strlen(directory) + strlen(below) + 1;
	enum mtasts_status status;
	char *path = malloc(size);

	if (path == NULL)
		die_memory();
	snprintf(path, size, "%s%s", directory, below);
	status = mtasts_options_set(ctl->options, name, path, &ctl->err);
	free(path);
	return status;
}

/* --cache DIR: everything below it, and whoever owns it is its user. */
static enum mtasts_status
set_cache(struct cachectl *ctl)
{
	char here[4096] = "";
	char base[8192];
	enum mtasts_status status;

	if (ctl->args.cache[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		die_memory();
	snprintf(base, sizeof(base), "%s%s%s", here, here[0] ? "/" : "",
	    ctl->args.cache);
	status = set_joined(ctl, "cache.directory", base, "");
	if (status == MTASTS_OK)
		status = set_joined(ctl, "cache.run_directory", base, "/run");
	if (status == MTASTS_OK)
		status = mtasts_options_set(
		    ctl->options, "cache.user", "", &ctl->err);
	if (status == MTASTS_OK)
		status = mtasts_options_set(
		    ctl->options, "cache.group", "", &ctl->err);
	return status;
}

static enum mtasts_status
load_options(struct cachectl *ctl)
{
	enum mtasts_status status;

	if (mtasts_options_new(&ctl->options) != MTASTS_OK)
		die_memory();
	status = mtasts_options_load(ctl->options, ctl->args.config, &ctl->err);
	if (status == MTASTS_OK && ctl->args.cache != NULL)
		status = set_cache(ctl);
	return status;
}

/* ---- The group of the directories ---------------------------------------- */

/* What of a directory of the cache was made for another group; NULL if nothing
 * was. Whoever sets cache.group later has it changed nowhere: a root process
 * changes no files that others may have moved. */
static const char *
other_group(
    const char *directory, const char *below, gid_t gid, char path[PATH_SIZE])
{
	static const char *const names[] = { "", "/data.mdb", "/lock.mdb" };
	struct stat sb;

	snprintf(path, PATH_SIZE, "%s", directory);
	if (lstat(path, &sb) == 0 && sb.st_gid != gid)
		return path;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(
		    path, PATH_SIZE, "%s/%s%s", directory, below, names[i]);
		if (lstat(path, &sb) == 0 && sb.st_gid != gid)
			return path;
	}
	return NULL;
}

static void
warn_of_group(const struct cachectl *ctl)
{
	const char *name = mtasts_options_text(ctl->options, "cache.group");
	const char *policies =
	    mtasts_options_text(ctl->options, "cache.directory");
	const char *answers =
	    mtasts_options_text(ctl->options, "cache.run_directory");
	const struct group *group = name[0] != '\0' ? getgrnam(name) : NULL;
	char path[PATH_SIZE];
	const char *wrong;

	if (group == NULL)
		return;
	wrong = other_group(policies, "policies", group->gr_gid, path);
	if (wrong == NULL)
		wrong = other_group(answers, "answers", group->gr_gid, path);
	if (wrong != NULL)
		complain("warning: %s is not of the group %s, as cache.group "
			 "says, which keeps that group out; as root: chgrp -R "
			 "%s %s %s",
		    wrong, name, name, policies, answers);
}

/* ---- Open and close ----------------------------------------------------- */

int
cachectl_open(struct cachectl *ctl)
{
	bool still_root = false;

	if (load_options(ctl) != MTASTS_OK ||
	    mtasts_become_owner(ctl->options, &still_root, &ctl->err) !=
		MTASTS_OK)
		return cachectl_fail(ctl);
	/* Who names a directory as root has chosen. */
	if (still_root && ctl->args.cache == NULL)
		complain("warning: the cache belongs to root and is used as "
			 "root; better give it to another user");
	if (mtasts_new(ctl->options, &ctl->ctx, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	warn_of_group(ctl);
	mtasts_set_log(ctl->ctx, put_log, NULL,
	    ctl->args.verbose ? MTASTS_LOG_INFO : MTASTS_LOG_WARNING);
	return EXIT_YES;
}

int
cachectl_open_session(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_session_new(ctl->ctx, &ctl->session, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	/* Steps are told beside JSON, not within it. */
	if (ctl->args.verbose)
		mtasts_admin_set_trace(
		    ctl->ctx, put_step, ctl->args.json ? stderr : stdout);
	return EXIT_YES;
}

void
cachectl_close(struct cachectl *ctl)
{
	mtasts_session_free(&ctl->session);
	mtasts_free(&ctl->ctx);
	mtasts_options_free(&ctl->options);
	free(ctl->args.records);
}
