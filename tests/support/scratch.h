/* A directory of a test's own, and children to do dangerous things in. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define SCRATCH_PATH 256

/* Make a directory below $TMPDIR or /tmp; anyone may pass through it. */
void scratch_make(char path[SCRATCH_PATH]);
void scratch_remove(const char *path);

/* path = directory/name. */
void scratch_join(char path[SCRATCH_PATH], const char *directory,
    const char *name);

/*
 * Run fn in a child. It succeeds by returning true; a false, a signal or an
 * exit of its own is another number: 0 well, 1 false, 128 + signal.
 */
typedef bool scratch_fn(void *arg);
int scratch_child(scratch_fn *fn, void *arg);
pid_t scratch_start(scratch_fn *fn, void *arg);
int scratch_wait(pid_t pid);

/* Leave a test that cannot run here. cmocka 1.1.5 prints "not ok # SKIP" for
 * skip(), which Automake's driver counts as a failure. */
#define SCRATCH_SKIP(why)                                \
	do {                                             \
		printf("# %s: skipped, %s\n", __func__, why); \
		return;                                  \
	} while (0)

/* For children: stop being root (nobody, without groups). */
bool scratch_be_nobody(void);
#define SCRATCH_NOBODY 65534

#endif
