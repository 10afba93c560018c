/*
 * service: the two small protocols of systemd, without its library.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_SOCKET 3

void
service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len < 2 || len >= sizeof(sun.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

int
service_sockets(int *first)
{
	const char *pid = getenv("LISTEN_PID");
	const char *number = getenv("LISTEN_FDS");
	int count;

	*first = FIRST_SOCKET;
	if (pid == NULL || number == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	count = atoi(number);
	for (int i = 0; i < count; i++)
		fcntl(FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC);
	return count > 0 ? count : 0;
}
