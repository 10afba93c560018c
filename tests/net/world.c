/* world: a network of a test's own. */
#include <config.h>

#include "net/world.h"

#include "io/address.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char conf_path[] = "/tmp/mtasts-test-XXXXXX";

static void
die(const char *what)
{
	perror(what);
	abort();
}

static void
put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	world_write(fd, text);
	close(fd);
}

/* Inside a user namespace we are root, and own what the user owned. */
static void
map_user(uid_t uid, gid_t gid)
{
	char text[64];

	put_file("/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof(text), "0 %u 1", (unsigned)uid);
	put_file("/proc/self/uid_map", text);
	(void)snprintf(text, sizeof(text), "0 %u 1", (unsigned)gid);
	put_file("/proc/self/gid_map", text);
}

static bool
loopback_up(void)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	strcpy(request.ifr_name, "lo");
	ok = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return ok;
}

static void
remove_conf(void)
{
	(void)unlink(conf_path);
}

bool
world_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) == 0)
		map_user(uid, gid);
	else if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
		return false;
	if (!loopback_up() ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	fd = mkstemp(conf_path);
	if (fd < 0)
		return false;
	close(fd);
	atexit(remove_conf);
	return mount(conf_path, "/etc/resolv.conf", "none", MS_BIND, NULL) == 0;
}

int
world_skip(void)
{
	printf("1..0 # SKIP no network namespace of its own permitted\n");
	return 0;
}

void
world_resolv_conf(const char *text)
{
	int fd = open(conf_path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		die(conf_path);
	world_write(fd, text);
	close(fd);
}

int
world_listen(const char *text, unsigned port, int type)
{
	struct sockaddr_storage sa;
	struct address address;
	socklen_t len;
	int fd, on = 1;

	if (!address_parse(text, &address))
		abort();
	len = address_to_sockaddr(&address, port, &sa);
	fd = socket(address.family, type | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) != 0))
		die(text);
	return fd;
}

pid_t
world_serve(int fd, world_server *serve, void *arg)
{
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve(fd, arg);
		_exit(0);
	}
	setpgid(pid, pid);
	close(fd);
	return pid;
}

struct acceptor {
	world_talk *talk;
	void *arg;
};

static void
accept_all(int fd, void *arg)
{
	struct acceptor *acceptor = arg;
	int connection;

	signal(SIGCHLD, SIG_IGN);
	while ((connection = accept(fd, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			close(fd);
			acceptor->talk(connection, acceptor->arg);
			close(connection);
			_exit(0);
		}
		close(connection);
	}
}

pid_t
world_accept(const char *address, unsigned port, world_talk *talk, void *arg)
{
	struct acceptor acceptor = { .talk = talk, .arg = arg };

	return world_serve(world_listen(address, port, SOCK_STREAM),
	    accept_all, &acceptor);
}

void
world_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void
world_write(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len > 0 && (n = write(fd, text, len)) > 0) {
		text += n;
		len -= (size_t)n;
	}
}

bool
world_read_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	char c;

	while (len + 1 < size && read(fd, &c, 1) == 1) {
		if (c == '\n') {
			if (len > 0 && line[len - 1] == '\r')
				len--;
			line[len] = '\0';
			return true;
		}
		line[len++] = c;
	}
	line[len] = '\0';
	return false;
}

void
world_hang(int fd)
{
	char buf[256];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}
