/*
 * directory: makes and opens the directories and files of the cache, and turns
 * root into their owner.
 *
 * Whoever may write below a parent directory may swap what stands in it, so a
 * last component is opened without following a link and judged by descriptor.
 * Knows nothing of what the files hold.
 *
 * Test: tests/unit/test_directory.c
 */
#include <config.h>

#include "io/directory.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_MODE 02750
#define PARENT_MODE 0755
#define FILE_MODE 0660

#define KEEP_UID ((uid_t)-1)
#define KEEP_GID ((gid_t)-1)

struct owner {
	uid_t uid;
	gid_t gid;
};

static enum mtasts_status
fail(struct mtasts_error *err, int code, const char *doing, const char *path)
{
	if (code == ENOMEM)
		return error_nomem(err, path);
	return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_CACHE, code,
	    "cannot %s %s: %s", doing, path, strerror(code));
}

/* Room for any entry of passwd or group that is not absurd. */
#define NAME_BUFFER 65536

/* Whoever changed the group of one directory of the cache meant the other, too. */
static void
take_group(const char *like, struct owner *owner)
{
	struct stat sb;
	int fd;

	if (geteuid() != 0 || (fd = directory_open(like)) == -1)
		return;
	if (fstat(fd, &sb) == 0 && sb.st_uid == owner->uid)
		owner->gid = sb.st_gid;
	close(fd);
}

/* glibc says the same of a name that is not there, and of too little memory to
 * look for it. */
static enum mtasts_status
unknown(const char *kind, const char *name, struct mtasts_error *err)
{
	if (errno == ENOMEM)
		return error_nomem(err, name);
	return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_CACHE, 0,
	    "there is no %s %s", kind, name);
}

static enum mtasts_status
find_owner(const struct directory_options *options, struct owner *owner,
    struct mtasts_error *err)
{
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	enum mtasts_status st = MTASTS_OK;
	char *buf;

	*owner = (struct owner){ KEEP_UID, KEEP_GID };
	if ((buf = malloc(NAME_BUFFER)) == NULL)
		return error_nomem(err, "a user's entry");
	errno = 0;
	if (options->user != NULL) {
		getpwnam_r(options->user, &pw, buf, NAME_BUFFER, &user);
		if (user != NULL)
			*owner = (struct owner){ pw.pw_uid, pw.pw_gid };
		else
			st = unknown("user", options->user, err);
	}
	if (st == MTASTS_OK && options->group != NULL) {
		getgrnam_r(options->group, &gr, buf, NAME_BUFFER, &group);
		if (group != NULL)
			owner->gid = gr.gr_gid;
		else
			st = unknown("group", options->group, err);
	}
	if (options->group == NULL && options->like != NULL)
		take_group(options->like, owner);
	free(buf);
	return st;
}

/* Make what is missing of the path before its last component. */
static int
make_parents(char *path)
{
	char *slash;

	for (slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdir(path, PARENT_MODE) == 0) {
			if (chmod(path, PARENT_MODE) != 0)
				return -1;
		} else if (errno != EEXIST && errno != EROFS &&
		    errno != EACCES) {
			return -1;
		}
		*slash = '/';
	}
	return 0;
}

/* A directory just made gets its owner first: chown clears set-group-ID. */
static int
settle(const char *path, const struct owner *owner)
{
	struct stat sb;
	int fd, rc = -1;

	if ((fd = directory_open(path)) == -1)
		return -1;
	if (fstat(fd, &sb) != 0)
		goto done;
	if (sb.st_uid != geteuid()) { /* swapped under our hands */
		errno = EPERM;
		goto done;
	}
	if ((owner->uid != KEEP_UID || owner->gid != KEEP_GID) &&
	    fchown(fd, geteuid() == 0 ? owner->uid : KEEP_UID, owner->gid) != 0)
		goto done;
	rc = fchmod(fd, DIRECTORY_MODE);
done:
	close(fd);
	return rc;
}

static enum mtasts_status
check_existing(const char *path, struct mtasts_error *err)
{
	int fd;

	if ((fd = directory_open(path)) == -1)
		return fail(err, errno, "use", path);
	close(fd);
	return MTASTS_OK;
}

enum mtasts_status
directory_make(const struct directory_options *options,
    struct mtasts_error *err)
{
	struct owner owner;
	enum mtasts_status st;
	size_t len;
	char *path;
	int fd;

	/* As nearly always. What cannot be opened is looked at below. */
	if ((fd = directory_open(options->path)) != -1) {
		close(fd);
		return MTASTS_OK;
	}
	if ((st = find_owner(options, &owner, err)) != MTASTS_OK)
		return st;
	if ((path = strdup(options->path)) == NULL)
		return error_nomem(err, "a path");
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';

	if (path[0] == '\0')
		st = fail(err, ENOENT, "make", options->path);
	else if (make_parents(path) != 0)
		st = fail(err, errno, "make the parents of", options->path);
	else if (mkdir(path, 0700) == 0)
		st = settle(path, &owner) == 0 ? MTASTS_OK :
		    fail(err, errno, "give its owner and mode to", path);
	else if (errno == EEXIST)
		st = check_existing(path, err);
	else
		st = fail(err, errno, "make", path);
	free(path);
	return st;
}

int
directory_open(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
directory_file(int dirfd, const char *name, int flags)
{
	struct stat sb;
	int fd, code;

	/* Non-blocking, or a planted FIFO would hold us up. */
	flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	if ((fd = openat(dirfd, name, flags, FILE_MODE)) == -1)
		return -1;
	if (fstat(fd, &sb) != 0)
		goto refuse;
	if (!S_ISREG(sb.st_mode)) {
		errno = EINVAL;
		goto refuse;
	}
	/* Created under a strict umask, just now or by a process cut short. */
	if ((flags & O_CREAT) != 0 && sb.st_uid == geteuid() &&
	    (sb.st_mode & 07777) != FILE_MODE && fchmod(fd, FILE_MODE) != 0)
		goto refuse;
	return fd;
refuse:
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

/* Is there really no way back? */
static bool
root_is_gone(uid_t uid, gid_t gid)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	if (getresuid(&ru, &eu, &su) != 0 || getresgid(&rg, &eg, &sg) != 0)
		return false;
	return ru == uid && eu == uid && su == uid && rg == gid && eg == gid &&
	    sg == gid && setuid(0) != 0 && seteuid(0) != 0;
}

enum mtasts_status
directory_become_owner(const char *path, bool *still_root,
    struct mtasts_error *err)
{
	struct stat sb;
	int fd;

	*still_root = false;
	if (geteuid() != 0)
		return MTASTS_OK;
	if ((fd = directory_open(path)) == -1)
		return fail(err, errno, "open", path);
	if (fstat(fd, &sb) != 0) {
		int code = errno;

		close(fd);
		return fail(err, code, "look at", path);
	}
	close(fd);
	if (sb.st_uid == 0) {
		*still_root = true;
		return MTASTS_OK;
	}
	if (setgroups(1, &sb.st_gid) != 0 || setgid(sb.st_gid) != 0 ||
	    setuid(sb.st_uid) != 0)
		return fail(err, errno, "become the owner of", path);
	if (!root_is_gone(sb.st_uid, sb.st_gid))
		return fail(err, EPERM, "give up root for the owner of", path);
	return MTASTS_OK;
}
