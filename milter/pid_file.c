/*
 * pid_file: flock(2) on a file with a number in it.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "pid_file.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_fd = -1;
static const char *lock_path = "";

static bool
fail(const char *path, const char *why)
{
	log_write(MTASTS_LOG_ERROR, "PID file %s: %s", path, why);
	return false;
}

bool
pid_file_lock(const char *path, uid_t uid, gid_t gid)
{
	struct stat sb;

	if (path[0] == '\0')
		return true;
	lock_fd = open(path,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
	if (lock_fd == -1)
		return fail(path, strerror(errno));
	if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fail(path, errno == EWOULDBLOCK ?
			"another mtasts-milter is running" :
			strerror(errno));
	/* One that ended meanwhile may have removed what was opened. */
	if (fstat(lock_fd, &sb) != 0 || !S_ISREG(sb.st_mode) ||
	    sb.st_nlink != 1)
		return fail(path, "not a file of its own");
	if (geteuid() == 0 && fchown(lock_fd, uid, gid) != 0)
		return fail(path, strerror(errno));
	lock_path = path;
	return true;
}

bool
pid_file_write(void)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (lock_fd == -1)
		return true;
	if (ftruncate(lock_fd, 0) != 0 ||
	    pwrite(lock_fd, text, (size_t)len, 0) != len)
		return fail(lock_path, strerror(errno));
	return true;
}

void
pid_file_remove(void)
{
	if (lock_path[0] != '\0')
		unlink(lock_path);
}
