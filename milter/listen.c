/*
 * listen: Unix and Internet sockets opened.
 *
 * A Unix socket gets its permissions from the umask at its making and its owner
 * by lchown, never through a name that somebody could have replaced.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "listen.h"

#include "log.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static bool
complain(const struct endpoint *address, const char *what, const char *why)
{
	char text[2 * ENDPOINT_SIZE];

	endpoint_format(address, text, sizeof(text));
	log_write(MTASTS_LOG_ERROR, "%s: %s: %s", text, what, why);
	return false;
}

/* ---- Unix ---------------------------------------------------------------- */

static struct sockaddr_un
unix_address(const struct endpoint *address)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.107s", address->path);
	return sun;
}

bool
listen_is_taken(const struct endpoint *address)
{
	struct sockaddr_un sun;
	struct stat sb;
	bool alive;
	int fd;

	if (address->kind != ENDPOINT_UNIX || lstat(address->path, &sb) != 0)
		return false;
	if (!S_ISSOCK(sb.st_mode))
		return !complain(address, "not free", "no socket");
	sun = unix_address(address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	alive = fd != -1 &&
	    (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0 ||
		errno == EAGAIN);
	if (fd != -1)
		close(fd);
	if (alive)
		complain(address, "not free", "another process listens");
	else
		unlink(address->path);
	return alive;
}

static void
warn_of_directory(const struct endpoint *address)
{
	char directory[ENDPOINT_SIZE];
	struct stat sb;
	char *slash;

	snprintf(directory, sizeof(directory), "%s", address->path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		return;
	slash[slash == directory ? 1 : 0] = '\0';
	if (stat(directory, &sb) == 0 &&
	    (sb.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		log_write(MTASTS_LOG_WARNING,
		    "%s: others may write there; Sendmail will not use a "
		    "socket in it",
		    directory);
}

bool
listen_own(const struct endpoint *address, const struct listen_owner *owner)
{
	if (address->kind != ENDPOINT_UNIX)
		return true;
	warn_of_directory(address);
	if (lchown(address->path, owner->uid, owner->gid) != 0 &&
	    geteuid() == 0)
		return complain(address, "owner", strerror(errno));
	return true;
}

static int
bind_unix(const struct endpoint *address, const struct listen_owner *owner)
{
	struct sockaddr_un sun = unix_address(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask;
	int error;

	if (fd == -1)
		return -1;
	mask = umask((mode_t)(~owner->mode & 0777));
	error = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (error != 0 || listen(fd, BACKLOG) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static bool
open_unix(const struct endpoint *address, const struct listen_owner *owner,
    int *fds, int *count, int max)
{
	int fd;

	if (*count == max)
		return complain(address, "not opened", "too many sockets");
	if (listen_is_taken(address))
		return false;
	fd = bind_unix(address, owner);
	if (fd == -1)
		return complain(address, "not opened", strerror(errno));
	fds[(*count)++] = fd;
	return listen_own(address, owner);
}

/* ---- Internet ------------------------------------------------------------ */

static int
bind_inet(const struct addrinfo *info)
{
	const int on = 1;
	int fd = socket(info->ai_family,
	    info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
	int error;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static bool
open_inet(const struct endpoint *address, int *fds, int *count, int max)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list;
	bool ok = true;
	int error;

	hints.ai_family = address->kind == ENDPOINT_INET6 ? AF_INET6 : AF_INET;
	if (strchr(address->host, ':') != NULL)
		hints.ai_family = AF_INET6;
	error = getaddrinfo(address->host[0] != '\0' ? address->host : NULL,
	    address->port, &hints, &list);
	if (error != 0)
		return complain(address, "not opened", gai_strerror(error));
	for (const struct addrinfo *info = list; ok && info != NULL;
	     info = info->ai_next) {
		int fd = *count < max ? bind_inet(info) : -1;

		if (fd == -1)
			ok = complain(address, "not opened", strerror(errno));
		else
			fds[(*count)++] = fd;
	}
	freeaddrinfo(list);
	return ok;
}

bool
listen_open(const struct endpoint *address, const struct listen_owner *owner,
    int *fds, int *count, int max)
{
	switch (address->kind) {
	case ENDPOINT_NONE:
		return true;
	case ENDPOINT_UNIX:
		return open_unix(address, owner, fds, count, max);
	case ENDPOINT_INET:
	case ENDPOINT_INET6:
		return open_inet(address, fds, count, max);
	}
	return false;
}
