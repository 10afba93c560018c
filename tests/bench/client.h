/*
 * One thread that asks a server over many connections of a Unix socket at once
 * and times each answer: what map_client and milter_client share.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>

#define CLIENT_INPUT_SIZE 65536

struct client_connection {
	int fd;
	void *state; /* the protocol's own */
	char input[CLIENT_INPUT_SIZE];
	size_t len;
};

struct client_protocol {
	size_t state_size; /* begins as zeros */
	/* Before time is taken, blocking; may be NULL. */
	void (*greet)(struct client_connection *c);
	void (*begin)(struct client_connection *c);
	/* Take what is whole at the beginning of the input, which ends with a
	 * zero octet; returns how many octets that was. */
	size_t (*take)(struct client_connection *c);
};

/* Read once, and wait for it; ends the program if nothing comes. */
void client_read(struct client_connection *c);

/* Drop so many octets at the beginning of the input. */
void client_drop(struct client_connection *c, size_t octets);

void client_write(
    const struct client_connection *c, const char *data, size_t len);

/* An operation has ended that was begun then. */
void client_done(double begun);

/* Until so many operations have ended; then report. */
void client_run(const struct client_protocol *protocol, const char *path,
    unsigned connections, unsigned operations);

#endif
