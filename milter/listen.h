/*
 * Sockets to listen on, with their owner and permissions.
 */
#ifndef MILTER_LISTEN_H
#define MILTER_LISTEN_H

#include "endpoint.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whose a Unix socket is. */
struct listen_owner {
	uid_t uid;
	gid_t gid;
	int mode;
};

/*
 * Listen at an address. Adds the sockets to fds, which has room for max, and to
 * *count; a name may have several addresses. Errors are logged.
 */
bool listen_open(const struct endpoint *address,
    const struct listen_owner *owner, int *fds, int *count, int max);

/* Is it another process's, alive? Logged. Removes the dead one's. */
bool listen_is_taken(const struct endpoint *address);

/* Give a Unix socket that exists its owner; without root only what is allowed.
 * Warns of a directory that Sendmail finds unsafe. */
bool listen_own(const struct endpoint *address,
    const struct listen_owner *owner);

#endif
