/*
 * address: IP addresses and networks as values, and the guard.
 *
 * The guard answers one question: may a name that a stranger put into DNS make
 * us connect there? Its tables are the IANA special-purpose address registries
 * (RFC 6890 and what was added since). Knows no sockets, and no names.
 *
 * Test: tests/unit/test_address.c
 */
#include <config.h>

#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool
address_parse(const char *text, struct address *out)
{
	struct address address = { .family = AF_INET };

	if (inet_pton(AF_INET, text, address.octets) != 1) {
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, text, address.octets) != 1)
			return false;
	}
	*out = address;
	return true;
}

const char *
address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
	if (inet_ntop(address->family, address->octets, out,
		ADDRESS_TEXT_SIZE) == NULL)
		out[0] = '\0';
	return out;
}

bool
address_from_sockaddr(const struct sockaddr *sa, struct address *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*out = (struct address){ .family = sa->sa_family };
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		memcpy(out->octets, &in.sin_addr, 4);
		return true;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->octets, &in6.sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

socklen_t
address_to_sockaddr(const struct address *address, unsigned port,
    struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(out, 0, sizeof(*out));
	if (address->family == AF_INET) {
		in.sin_port = htons((uint16_t)port);
		memcpy(&in.sin_addr, address->octets, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_port = htons((uint16_t)port);
	memcpy(&in6.sin6_addr, address->octets, 16);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

static unsigned
width(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* A prefix length: digits alone, no sign, no space. */
static bool
parse_bits(const char *text, unsigned most, unsigned *out)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		bits = bits * 10 + (unsigned)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || bits > most)
		return false;
	*out = bits;
	return true;
}

bool
network_parse(const char *text, struct network *out)
{
	char address[ADDRESS_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct network network;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!address_parse(address, &network.address))
		return false;
	network.bits = width(network.address.family);
	if (slash != NULL &&
	    !parse_bits(slash + 1, network.bits, &network.bits))
		return false;
	*out = network;
	return true;
}

/* Do the first bits of two strings of octets agree? */
static bool
same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
network_has(const struct network *network, const struct address *address)
{
	return network->address.family == address->family &&
	    same_prefix(network->address.octets, address->octets,
		network->bits);
}

struct prefix {
	unsigned char octets[6];
	unsigned bits;
};

static const struct prefix refused4[] = {
	{ { 0 }, 8 },		     /* this network */
	{ { 10 }, 8 },		     /* private */
	{ { 100, 64 }, 10 },	     /* shared */
	{ { 127 }, 8 },		     /* loopback */
	{ { 169, 254 }, 16 },	     /* link-local */
	{ { 172, 16 }, 12 },	     /* private */
	{ { 192, 0, 0 }, 24 },	     /* protocol assignments */
	{ { 192, 0, 2 }, 24 },	     /* documentation */
	{ { 192, 88, 99 }, 24 },     /* 6to4 relays */
	{ { 192, 168 }, 16 },	     /* private */
	{ { 198, 18 }, 15 },	     /* benchmarking */
	{ { 198, 51, 100 }, 24 },    /* documentation */
	{ { 203, 0, 113 }, 24 },     /* documentation */
	{ { 224 }, 4 },		     /* multicast */
	{ { 240 }, 4 },		     /* reserved, broadcast */
};

/* Inside 2000::/3; nothing outside it is public at all. */
static const struct prefix refused6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },	    /* protocol assignments: Teredo,
					     * benchmarking, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x3f, 0xff, 0x00 }, 20 },	    /* documentation */
};

static bool
listed(const struct prefix *list, size_t count, const unsigned char *octets)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (same_prefix(list[i].octets, octets, list[i].bits))
			return true;
	return false;
}

/*
 * IPv6 forms that lead to an IPv4 address: they are worth what that is worth.
 * The local-use NAT64 prefix 64:ff9b:1::/48 is refused whole, whatever it
 * carries; so are the long dead IPv4-compatible ::/96.
 */
static bool
embedded(const struct address *address, struct address *inner)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const unsigned char sixtofour[2] = { 0x20, 0x02 };
	static const unsigned char teredo[4] = { 0x20, 0x01 };
	const unsigned char *octets = address->octets;
	size_t i;

	*inner = (struct address){ .family = AF_INET };
	if (memcmp(octets, mapped, 12) == 0 || memcmp(octets, nat64, 12) == 0) {
		memcpy(inner->octets, octets + 12, 4);
		return true;
	}
	if (memcmp(octets, sixtofour, 2) == 0) {
		memcpy(inner->octets, octets + 2, 4);
		return true;
	}
	if (memcmp(octets, teredo, 4) == 0) {
		for (i = 0; i < 4; i++)
			inner->octets[i] = octets[12 + i] ^ 0xff;
		return true;
	}
	return false;
}

static bool
is_public6(const struct address *address)
{
	return (address->octets[0] & 0xe0) == 0x20 &&
	    !listed(refused6, sizeof(refused6) / sizeof(refused6[0]),
		address->octets);
}

bool
guard_permits(const struct guard *guard, const struct address *address)
{
	struct address inner;
	size_t i;

	for (i = 0; i < guard->count; i++)
		if (network_has(&guard->allowed[i], address))
			return true;
	switch (address->family) {
	case AF_INET:
		return !listed(refused4,
		    sizeof(refused4) / sizeof(refused4[0]), address->octets);
	case AF_INET6:
		if (embedded(address, &inner))
			return guard_permits(guard, &inner);
		return is_public6(address);
	default:
		return false;
	}
}
