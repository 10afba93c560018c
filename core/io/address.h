/*
 * IP addresses and networks as values, and the guard that says which may be
 * connected to. Knows nothing of sockets but their address structures.
 */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "mtasts.h"

#define ADDRESS_TEXT_SIZE 46

struct address {
	int family; /* AF_INET or AF_INET6 */
	unsigned char octets[16];
};

bool address_parse(const char *text, struct address *out);
const char *address_format(const struct address *address,
    char out[ADDRESS_TEXT_SIZE]);
bool address_from_sockaddr(const struct sockaddr *sa, struct address *out);
socklen_t address_to_sockaddr(const struct address *address, unsigned port,
    struct sockaddr_storage *out);

struct network {
	struct address address;
	unsigned bits;
};

/* "192.0.2.0/24", or an address alone. */
bool network_parse(const char *text, struct network *out);

/*
 * The guard: public unicast addresses may be connected to, and what the
 * administrator allowed. Everything else is refused: loopback, private, shared,
 * link-local, unique local, multicast, documentation, benchmarking, reserved,
 * unspecified, and v4-mapped, v4-compatible, NAT64 (64:ff9b::/96 and
 * 64:ff9b:1::/48), 6to4 and Teredo forms of those.
 */
struct guard {
	const struct network *allowed;
	size_t count;
};

bool guard_permits(const struct guard *guard, const struct address *address);

#endif
