/*
 * account: from names to numbers, and from root to the daemon's user.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "account.h"

#include "log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static bool
find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		log_write(MTASTS_LOG_ERROR, "no such user: %s", name);
		return false;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return true;
}

static bool
find_group(const char *name, gid_t *gid)
{
	const struct group *gr = getgrnam(name);

	if (gr == NULL) {
		log_write(MTASTS_LOG_ERROR, "no such group: %s", name);
		return false;
	}
	*gid = gr->gr_gid;
	return true;
}

bool
account_find(const struct conf *conf, struct account *out)
{
	out->name = conf->daemon.user;
	out->uid = geteuid();
	out->gid = getegid();
	if (out->uid != 0)
		return true;
	if (!find_user(out->name, &out->uid, &out->gid))
		return false;
	if (conf->daemon.group[0] != '\0' &&
	    !find_group(conf->daemon.group, &out->gid))
		return false;
	if (out->uid != 0)
		return true;
	log_write(MTASTS_LOG_ERROR, "%s is root: daemon.user must not be",
	    out->name);
	return false;
}

bool
account_owner(const struct account *account, const char *user,
    const char *group, int mode, struct listen_owner *out)
{
	gid_t unused;

	*out = (struct listen_owner){ account->uid, account->gid, mode };
	if (user[0] != '\0' && !find_user(user, &out->uid, &unused))
		return false;
	return group[0] == '\0' || find_group(group, &out->gid);
}

static bool
is_root(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) != 0 || real == 0 ||
	    effective == 0 || saved == 0;
}

bool
account_become(const struct account *account)
{
	if (geteuid() == 0 &&
	    (initgroups(account->name, account->gid) != 0 ||
		setresgid(account->gid, account->gid, account->gid) != 0 ||
		setresuid(account->uid, account->uid, account->uid) != 0)) {
		log_write(MTASTS_LOG_ERROR, "cannot become %s: %s",
		    account->name, strerror(errno));
		return false;
	}
	if (!is_root())
		return true;
	log_write(MTASTS_LOG_ERROR, "cannot give up root");
	return false;
}
