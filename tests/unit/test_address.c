/* Addresses, networks and the guard (issue 2, SSRF guard). */
#include <config.h>

#include "io/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
addresses_are_parsed_and_printed(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.1 ", NULL },
		{ "192.0.2.256", NULL },
		{ "fe80::1%lo", NULL },
		{ "[::1]", NULL },
		{ "example.com", NULL },
	};
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (address_parse(rows[i].in, &address) !=
		    (rows[i].out != NULL))
			fail_msg("%s", rows[i].in);
		if (rows[i].out != NULL)
			assert_string_equal(address_format(&address, text),
			    rows[i].out);
	}
}

static void
addresses_survive_socket_structures(void **state)
{
	static const char *const rows[] = { "192.0.2.1", "2001:db8::1" };
	struct sockaddr_storage sa;
	struct address in, out;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_true(address_parse(rows[i], &in));
		assert_true(address_to_sockaddr(&in, 25, &sa) > 0);
		assert_true(address_from_sockaddr(
		    (const struct sockaddr *)&sa, &out));
		assert_int_equal(in.family, out.family);
		assert_memory_equal(in.octets, out.octets, 16);
	}
	sa.ss_family = AF_UNIX;
	assert_false(
	    address_from_sockaddr((const struct sockaddr *)&sa, &out));
}

static void
networks_are_parsed(void **state)
{
	static const struct {
		const char *in;
		int bits; /* -1: refused */
	} rows[] = {
		{ "192.0.2.0/24", 24 },
		{ "192.0.2.1", 32 },
		{ "0.0.0.0/0", 0 },
		{ "2001:db8::/32", 32 },
		{ "2001:db8::1", 128 },
		{ "::/0", 0 },
		{ "192.0.2.0/33", -1 },
		{ "2001:db8::/129", -1 },
		{ "192.0.2.0/", -1 },
		{ "192.0.2.0/-1", -1 },
		{ "192.0.2.0/ 8", -1 },
		{ "192.0.2.0/8x", -1 },
		{ "192.0.2.0/0000000008", -1 },
		{ "/8", -1 },
		{ "", -1 },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111/8",
		    -1 },
	};
	struct network network;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (network_parse(rows[i].in, &network) !=
		    (rows[i].bits >= 0))
			fail_msg("%s", rows[i].in);
		if (rows[i].bits >= 0)
			assert_int_equal(network.bits, rows[i].bits);
	}
}

static const struct {
	const char *address;
	bool permitted;
} classes[] = {
	{ "8.8.8.8", true },
	{ "9.255.255.255", true },
	{ "11.0.0.0", true },
	{ "100.63.255.255", true },
	{ "100.128.0.0", true },
	{ "126.255.255.255", true },
	{ "128.0.0.1", true },
	{ "172.15.255.255", true },
	{ "172.32.0.0", true },
	{ "192.0.1.1", true },
	{ "192.167.255.255", true },
	{ "192.169.0.0", true },
	{ "198.17.255.255", true },
	{ "198.20.0.0", true },
	{ "223.255.255.255", true },
	/* unspecified, this network */
	{ "0.0.0.0", false },
	{ "0.1.2.3", false },
	/* private */
	{ "10.0.0.0", false },
	{ "10.255.255.255", false },
	{ "172.16.0.1", false },
	{ "172.31.255.255", false },
	{ "192.168.0.1", false },
	/* shared */
	{ "100.64.0.0", false },
	{ "100.127.255.255", false },
	/* loopback */
	{ "127.0.0.1", false },
	{ "127.255.255.254", false },
	/* link-local */
	{ "169.254.169.254", false },
	/* protocol assignments, documentation, relays, benchmarking */
	{ "192.0.0.8", false },
	{ "192.0.2.1", false },
	{ "192.88.99.1", false },
	{ "198.18.0.1", false },
	{ "198.19.255.255", false },
	{ "198.51.100.1", false },
	{ "203.0.113.1", false },
	/* multicast, reserved, broadcast */
	{ "224.0.0.1", false },
	{ "239.255.255.255", false },
	{ "240.0.0.1", false },
	{ "255.255.255.255", false },

	{ "2606:4700::1", true },
	{ "2a00:1450:4001::1b", true },
	{ "3ffe::1", true },
	{ "2001:200::1", true },
	/* unspecified, loopback, v4-compatible, discard */
	{ "::", false },
	{ "::1", false },
	{ "::127.0.0.1", false },
	{ "::8.8.8.8", false },
	{ "100::1", false },
	/* unique local, link-local, site-local, multicast */
	{ "fc00::1", false },
	{ "fdff::1", false },
	{ "fe80::1", false },
	{ "fec0::1", false },
	{ "ff02::1", false },
	/* documentation, benchmarking, ORCHID, segment routing, reserved */
	{ "2001:db8::1", false },
	{ "3fff::1", false },
	{ "2001:2::1", false },
	{ "2001:10::1", false },
	{ "2001:20::1", false },
	{ "5f00::1", false },
	{ "4000::1", false },
	/* mapped */
	{ "::ffff:8.8.8.8", true },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:10.0.0.1", false },
	{ "::ffff:169.254.169.254", false },
	/* NAT64, well-known and local */
	{ "64:ff9b::8.8.8.8", true },
	{ "64:ff9b::127.0.0.1", false },
	{ "64:ff9b::192.168.0.1", false },
	{ "64:ff9b:1::8.8.8.8", false },
	{ "64:ff9b:1::10.0.0.1", false },
	/* 6to4 */
	{ "2002:808:808::1", true },
	{ "2002:7f00:1::1", false },
	{ "2002:a00:1::1", false },
	{ "2002:c0a8:1::1", false },
	/* Teredo: the client's address, inverted, at the end */
	{ "2001:0:4136:e378:8000:63bf:f7f7:f7f7", true },  /* 8.8.8.8 */
	{ "2001:0:4136:e378:8000:63bf:80ff:fffe", false }, /* 127.0.0.1 */
	{ "2001:0:4136:e378:8000:63bf:3f57:fffe", false }, /* 192.168.0.1 */
};

static void
guard_permits_public_addresses_alone(void **state)
{
	static const struct guard guard = { .allowed = NULL, .count = 0 };
	struct address address;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		assert_true(address_parse(classes[i].address, &address));
		if (guard_permits(&guard, &address) != classes[i].permitted)
			fail_msg("%s", classes[i].address);
	}
}

static void
guard_permits_what_the_administrator_allows(void **state)
{
	static const struct {
		const char *address;
		bool permitted;
	} rows[] = {
		{ "192.0.2.1", true },
		{ "192.0.2.127", true },
		{ "192.0.2.128", false },
		{ "::ffff:192.0.2.1", true }, /* leads to the same host */
		{ "fd00:1::1", true },
		{ "fd00:2::1", false },
		{ "8.8.8.8", true },
		{ "127.0.0.1", false },
		{ "::1", false },
	};
	struct network allowed[2];
	struct guard guard = { .allowed = allowed, .count = 2 };
	struct address address;
	size_t i;

	(void)state;
	assert_true(network_parse("192.0.2.0/25", &allowed[0]));
	assert_true(network_parse("fd00:1::/32", &allowed[1]));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(address_parse(rows[i].address, &address));
		if (guard_permits(&guard, &address) != rows[i].permitted)
			fail_msg("%s", rows[i].address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_parsed_and_printed),
		cmocka_unit_test(addresses_survive_socket_structures),
		cmocka_unit_test(networks_are_parsed),
		cmocka_unit_test(guard_permits_public_addresses_alone),
		cmocka_unit_test(guard_permits_what_the_administrator_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
