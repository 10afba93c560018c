/*
 * library: from a copy of Exim to a session of libmtasts.
 *
 * Never as root: hostile text is parsed here, and others can write to the cache.
 * Root becomes the owner of the cache directory. Where there is no such owner,
 * or it is root, it becomes nobody, who has no cache and still can ask.
 *
 * Test: tests/unit/test_exim.c
 */
#include "library.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define NOBODY 65534

static bool
fail(struct library *library, enum mtasts_status status, const char *text)
{
	library->err.status = status;
	snprintf(library->err.text, sizeof(library->err.text), "%s", text);
	return false;
}

/* ---- Who we are ---------------------------------------------------------- */

static bool
has_root(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) != 0 || real == 0 ||
	    effective == 0 || saved == 0;
}

/* For good. Whether it worked, has_root() tells. */
static bool
become(uid_t uid, gid_t gid)
{
	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static bool
become_nobody(void)
{
	const struct passwd *pw = getpwnam("nobody");

	return setgroups(0, NULL) == 0 &&
	    become(pw != NULL ? pw->pw_uid : NOBODY,
		pw != NULL ? pw->pw_gid : NOBODY);
}

static bool
leave_root(struct library *library)
{
	bool still_root = false;
	char line[320];

	/* A set-user-ID program on its way: the effective user. */
	if (geteuid() != 0 && has_root())
		become(geteuid(), getegid());
	if (!has_root())
		return true;
	if (mtasts_become_owner(library->options, &still_root,
		&library->err) == MTASTS_OK && still_root)
		fail(library, MTASTS_SYSTEM,
		    "the cache directory belongs to root");
	if (!has_root())
		return true;
	snprintf(line, sizeof(line), "event=no-cache reason=\"%s\"",
	    library->err.text);
	child_log(library->child, line);
	become_nobody();
	return !has_root() || fail(library, MTASTS_SYSTEM, "cannot leave root");
}

/* ---- Opening ------------------------------------------------------------- */

static void
log_line(void *arg, enum mtasts_log_level level, const char *line)
{
	struct library *library = arg;

	(void)level;
	child_log(library->child, line);
}

static bool
read_options(struct library *library)
{
	if (mtasts_options_new(&library->options) != MTASTS_OK)
		return fail(library, MTASTS_NOMEM, "no memory");
	if (mtasts_options_load(library->options, NULL, &library->err) !=
	    MTASTS_OK)
		return false;
	child_limit(library->child, (int)mtasts_options_number(
	    library->options, "exim.lookup_timeout"));
	return true;
}

static bool
make_session(struct library *library)
{
	struct mtasts_options *options = library->options;

	if (mtasts_new(options, &library->ctx, &library->err) != MTASTS_OK)
		return false;
	mtasts_set_log(library->ctx, log_line, library,
	    (enum mtasts_log_level)mtasts_options_number(options, "log.level"));
	return mtasts_session_new(library->ctx, &library->session,
	    &library->err) == MTASTS_OK;
}

bool
library_open(struct library *library, const struct child *child,
    unsigned flags)
{
	*library = (struct library){ .child = child };
	umask(077);
	if (!read_options(library) || !leave_root(library))
		return false;
	if ((flags & LIBRARY_NO_PROBE) != 0 &&
	    mtasts_options_set(library->options, "probe.enabled", "false",
		&library->err) != MTASTS_OK)
		return false;
	return make_session(library);
}

/* The tenth that is left lets a lookup end in good order, and remember that it
 * was cut short, before the parent ends it in the other way. */
int
library_deadline(const struct library *library)
{
	int limit = (int)mtasts_options_number(library->options,
	    "exim.lookup_timeout");
	int left = limit - limit / 10 - child_elapsed(library->child);

	return left > 0 ? left : 0;
}
