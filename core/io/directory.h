/*
 * The cache's directories: made with the right owner, group and mode, opened
 * without following symbolic links; and becoming their owner.
 */
#ifndef IO_DIRECTORY_H
#define IO_DIRECTORY_H

#include <stdbool.h>
#include <sys/types.h>

#include "mtasts.h"

struct directory_options {
	const char *path;
	const char *user;  /* owner to give when root creates it, NULL: as is */
	const char *group; /* group to give, NULL: as is */
	const char *like;  /* a directory of the user's whose group root gives where
			      none is named, or NULL */
};

/*
 * Make the directory (mode 2750) and its missing parents (0755), if need be.
 * A group that shares it may use what its owner made, not plant anything.
 * What exists keeps its owner and mode.
 */
enum mtasts_status directory_make(const struct directory_options *options,
    struct mtasts_error *err);

/* An O_PATH-free descriptor of it, no link followed in the last component;
 * -1 with errno set if it cannot be had. */
int directory_open(const char *path);

/* Open or create a regular file below it, mode 0660 whatever the umask, no
 * link followed, FIFO and device refused. -1 with errno. */
int directory_file(int dirfd, const char *name, int flags);

/*
 * Root becomes the owner and group of path for good (setgroups, setgid,
 * setuid; no way back). *still_root tells that root itself owns it. Nothing
 * happens for another user.
 */
enum mtasts_status directory_become_owner(const char *path, bool *still_root,
    struct mtasts_error *err);

#endif
