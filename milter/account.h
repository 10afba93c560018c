/*
 * Who the daemon is: users and groups by name, and root given up.
 */
#ifndef MILTER_ACCOUNT_H
#define MILTER_ACCOUNT_H

#include "conf.h"
#include "listen.h"

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
};

/* The daemon's user and group. False, logged, if there is none or it is root. */
bool account_find(const struct conf *conf, struct account *out);

/* The owner of a door's sockets: "" stands for the daemon's own. */
bool account_owner(const struct account *account, const char *user,
    const char *group, int mode, struct listen_owner *out);

/* Root becomes the account for good, its supplementary groups included. Nothing
 * happens for another user. False, logged, if root would be left. */
bool account_become(const struct account *account);

#endif
