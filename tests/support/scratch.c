/* scratch: temporary directories and children, for tests. */
#include <config.h>

#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
die(const char *what)
{
	perror(what);
	abort();
}

void
scratch_make(char path[SCRATCH_PATH])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, SCRATCH_PATH, "%s/mtasts-test-XXXXXX",
	    tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	if (mkdtemp(path) == NULL || chmod(path, 0755) != 0)
		die(path);
}

static int
remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
scratch_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
scratch_join(char path[SCRATCH_PATH], const char *directory, const char *name)
{
	int n = snprintf(path, SCRATCH_PATH, "%s/%s", directory, name);

	if (n < 0 || n >= SCRATCH_PATH)
		die("path too long");
}

/* cmocka would catch them, and go on with the next test in the child. */
static void
die_of_signals(void)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	const struct rlimit none = { 0, 0 };

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &none);
}

pid_t
scratch_start(scratch_fn *fn, void *arg)
{
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == -1)
		die("fork");
	if (pid == 0) {
		die_of_signals();
		_exit(fn(arg) ? 0 : 1);
	}
	return pid;
}

int
scratch_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			die("waitpid");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

int
scratch_child(scratch_fn *fn, void *arg)
{
	return scratch_wait(scratch_start(fn, arg));
}

bool
scratch_be_nobody(void)
{
	return setgroups(0, NULL) == 0 && setgid(SCRATCH_NOBODY) == 0 &&
	    setuid(SCRATCH_NOBODY) == 0;
}
