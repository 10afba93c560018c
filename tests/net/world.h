/*
 * A network of a test's own: a fresh namespace, where ports 25, 53 and 443 are
 * free to serve on, and small servers in child processes.
 */
#ifndef TESTS_NET_WORLD_H
#define TESTS_NET_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Leave the machine's network, before any thread is started. False where that
 * is not permitted: main then says so by world_skip.
 */
bool world_enter(void);
/* One TAP line; the value is main's. */
int world_skip(void);

/* What /etc/resolv.conf says from now on, in this world only. */
void world_resolv_conf(const char *text);

/* A socket that listens, or receives datagrams. */
int world_listen(const char *address, unsigned port, int type);

/* A child that runs serve(fd, arg) with a socket. Killed by world_stop. */
typedef void world_server(int fd, void *arg);
pid_t world_serve(int fd, world_server *serve, void *arg);
/* The same for connections: talk has each to itself, in a grandchild. */
typedef void world_talk(int connection, void *arg);
pid_t world_accept(const char *address, unsigned port, world_talk *talk,
    void *arg);
void world_stop(pid_t pid);

/* Write all, or what the other side takes. */
void world_write(int fd, const char *text);
/* Read up to LF; false at the end. */
bool world_read_line(int fd, char *line, size_t size);
/* Say nothing until killed or hung up on. */
void world_hang(int fd);

#endif
