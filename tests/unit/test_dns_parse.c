/* Raw DNS answers (STS-3.1-15, STS-3.1-16, STS-3.1-17, NMX-01; issue 2, Bad
 * input). Messages are parsed from memory of exactly their size, so that a
 * sanitizer sees a read past the end. */
#include <config.h>

#include "io/dns_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "net/message.h"

#define NAME "_mta-sts.example.com"

static struct message m;
static struct dns_reply reply;

static void
parse_octets(const void *octets, size_t len, const char *name,
    enum dns_record record)
{
	unsigned char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	dns_reply_free(&reply);
	dns_parse(copy, len, name, record, &reply);
	free(copy);
}

static void
parse(const char *name, enum dns_record record)
{
	parse_octets(m.octets, m.len, name, record);
}

static int
clean(void **state)
{
	(void)state;
	dns_reply_free(&reply);
	return 0;
}

static void
expect_failure(const char *detail)
{
	assert_int_equal(reply.status, DNS_SERVFAIL);
	assert_string_equal(reply.detail, detail);
	assert_int_equal(reply.count, 0);
	assert_int_equal(reply.ttl, 0);
}

static void
expect_txt(size_t i, const char *text)
{
	assert_true(i < reply.count);
	assert_int_equal(reply.txt[i].len, strlen(text));
	assert_memory_equal(reply.txt[i].data, text, strlen(text));
}

static void
txt_strings_are_joined(void **state)
{
	static const char two[] = "\x04v=ST\x06Sv1; i";
	static const char nul[] = "\x03" "a\0b\x01\xff\x00";

	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_rr(&m, MESSAGE_ANSWER, NAME, 16, 60, two, sizeof(two) - 1);
	message_rr(&m, MESSAGE_ANSWER, NAME, 16, 50, nul, sizeof(nul) - 1);
	message_txt(&m, "_MTA-STS.Example.COM", 70, "third");
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 3);
	assert_int_equal(reply.ttl, 50);
	expect_txt(0, "v=STSv1; i");
	assert_int_equal(reply.txt[1].len, 4);
	assert_memory_equal(reply.txt[1].data, "a\0b\xff", 4);
	expect_txt(2, "third");
}

static void
other_records_in_the_answer_are_passed_over(void **state)
{
	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_txt(&m, "other.example.com", 5, "not ours");
	message_rr(&m, MESSAGE_ANSWER, NAME, 46, 5, "signature", 9);
	message_txt(&m, NAME, 60, "ours");
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 1);
	assert_int_equal(reply.ttl, 60);
	expect_txt(0, "ours");
}

static void
ttl_of_more_than_31_bits_is_zero(void **state)
{
	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_txt(&m, NAME, 0x80000000, "x");
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.ttl, 0);
}

static void
malformed_txt_fails(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ "\x05" "abcd", 5 },
		{ "\x04" "abcd\x01", 6 },
		{ "\xff", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
		message_rr(&m, MESSAGE_ANSWER, NAME, 16, 60, rows[i].data,
		    rows[i].len);
		parse(NAME, DNS_RECORD_TXT);
		expect_failure("malformed record");
	}
}

/* STS-3.1-16, in whatever order the records come. */
static void
cname_chain_is_followed_in_any_order(void **state)
{
	static const int orders[][4] = {
		{ 0, 1, 2, 3 },
		{ 3, 2, 1, 0 },
		{ 1, 3, 0, 2 },
		{ 2, 0, 3, 1 },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
		for (j = 0; j < 4; j++)
			switch (orders[i][j]) {
			case 0:
				message_cname(&m, NAME, 300, "A.example.net");
				break;
			case 1:
				message_cname(&m, "a.example.net", 30,
				    "b.example.org");
				break;
			case 2:
				message_txt(&m, "b.example.org", 100, "v");
				break;
			default:
				message_txt(&m, "a.example.net", 1, "no");
				break;
			}
		parse(NAME, DNS_RECORD_TXT);
		assert_int_equal(reply.status, DNS_OK);
		assert_int_equal(reply.count, 1);
		assert_int_equal(reply.ttl, 30);
		expect_txt(0, "v");
	}
}

static void
cname_loop_fails(void **state)
{
	char owner[16], target[16];
	int i;

	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_cname(&m, NAME, 60, NAME);
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("CNAME loop");

	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_cname(&m, NAME, 60, "a.test");
	message_cname(&m, "a.test", 60, "b.test");
	message_cname(&m, "b.test", 60, "a.test");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("CNAME loop");

	message_begin(&m, 1, MESSAGE_RESPONSE, "c0.test", DNS_RECORD_TXT);
	for (i = 0; i < 100; i++) {
		(void)snprintf(owner, sizeof(owner), "c%d.test", i);
		(void)snprintf(target, sizeof(target), "c%d.test", i + 1);
		message_cname(&m, owner, 60, target);
	}
	message_txt(&m, "c100.test", 60, "far away");
	parse("c0.test", DNS_RECORD_TXT);
	expect_failure("CNAME loop");
}

static void
cname_without_its_target_must_be_asked_for(void **state)
{
	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_cname(&m, NAME, 60, "There.example.net");
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 0);
	assert_string_equal(reply.next, "there.example.net");
	assert_int_equal(reply.ttl, 60);
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_cname(&m, NAME, 60, "");
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 0);
	assert_string_equal(reply.next, "");
}

/* STS-3.1-17 and the negative TTL of RFC 2308, 5. */
static void
absence_has_a_kind_and_a_ttl(void **state)
{
	static const struct {
		unsigned rcode;
		bool cname, soa;
		uint32_t soa_ttl, minimum;
		enum dns_status status;
		uint32_t ttl;
	} rows[] = {
		{ 3, false, true, 900, 300, DNS_NXDOMAIN, 300 },
		{ 3, false, true, 200, 300, DNS_NXDOMAIN, 200 },
		{ 3, false, false, 0, 0, DNS_NXDOMAIN, 0 },
		{ 3, true, true, 900, 300, DNS_NXDOMAIN, 60 },
		{ 0, false, true, 900, 300, DNS_NODATA, 300 },
		{ 0, false, false, 0, 0, DNS_NODATA, 0 },
		{ 0, true, true, 20, 300, DNS_NODATA, 20 },
		{ 0, false, true, 900, 0xffffffff, DNS_NODATA, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE | rows[i].rcode, NAME,
		    DNS_RECORD_TXT);
		if (rows[i].cname)
			message_cname(&m, NAME, 60, "there.example.net");
		if (rows[i].soa)
			message_soa(&m, "example.com", rows[i].soa_ttl,
			    rows[i].minimum);
		parse(NAME, DNS_RECORD_TXT);
		assert_int_equal(reply.status, rows[i].status);
		assert_int_equal(reply.ttl, rows[i].ttl);
	}
}

static void
failures_are_not_absence(void **state)
{
	static const struct {
		unsigned rcode;
		const char *detail;
	} rows[] = {
		{ 1, "error from the server" },
		{ 2, "server failure" },
		{ 4, "error from the server" },
		{ 5, "refused" },
		{ 9, "error from the server" },
	};
	static const char ns[] = "\x02ns\x04test";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE | rows[i].rcode, NAME,
		    DNS_RECORD_TXT);
		message_txt(&m, NAME, 60, "all the same");
		parse(NAME, DNS_RECORD_TXT);
		expect_failure(rows[i].detail);
	}
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_rr(&m, MESSAGE_AUTHORITY, "com", 2, 60, ns, sizeof(ns));
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("referral instead of an answer");

	message_begin(&m, 1, MESSAGE_RESPONSE | 3, NAME, DNS_RECORD_TXT);
	message_txt(&m, NAME, 60, "and yet");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("NXDOMAIN with records");
}

static void
answer_must_belong_to_the_question(void **state)
{
	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, "_mta-sts.evil.test",
	    DNS_RECORD_TXT);
	message_txt(&m, NAME, 60, "x");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("answer to another question");

	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_A);
	message_txt(&m, NAME, 60, "x");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("answer to another question");

	message_begin(&m, 1, 0x0100, NAME, DNS_RECORD_TXT);
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("not an answer");

	message_begin(&m, 1, MESSAGE_RESPONSE | 0x2000, NAME, DNS_RECORD_TXT);
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("not an answer to a query");

	message_begin(&m, 1, MESSAGE_RESPONSE | MESSAGE_TRUNCATED, NAME,
	    DNS_RECORD_TXT);
	message_txt(&m, NAME, 60, "x");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("cut short");

	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_txt(&m, "elsewhere.test", 60, "x");
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("answer beside the question");

	memset(m.octets + 4, 0, 2); /* no question */
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_SERVFAIL);
}

/* NMX-01 */
static void
mx_names_are_normalised_and_odd_ones_dropped(void **state)
{
	static const char odd[] = "\x00\x05\x06" "a b\0c.\x04test\x00";

	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, "example.com", DNS_RECORD_MX);
	message_mx(&m, "example.com", 60, 20, "MX.Example.COM");
	message_rr(&m, MESSAGE_ANSWER, "example.com", 15, 60, odd,
	    sizeof(odd) - 1);
	message_mx(&m, "example.com", 60, 0, "");
	parse("example.com", DNS_RECORD_MX);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 2);
	assert_string_equal(reply.mx[0].host, "mx.example.com");
	assert_int_equal(reply.mx[0].preference, 20);
	assert_string_equal(reply.mx[1].host, "");
	assert_int_equal(reply.mx[1].preference, 0);

	message_begin(&m, 1, MESSAGE_RESPONSE, "example.com", DNS_RECORD_MX);
	message_rr(&m, MESSAGE_ANSWER, "example.com", 15, 60, odd,
	    sizeof(odd) - 1);
	parse("example.com", DNS_RECORD_MX);
	expect_failure("MX names are no host names");
}

static void
malformed_mx_fails(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ "\x00", 1 },
		{ "\x00\x0a", 2 },
		{ "\x00\x0a\x02mx", 5 },	    /* no end */
		{ "\x00\x0a\x02mx\x00junk", 10 },   /* and more */
		{ "\x00\x0a\xc0\xff", 4 },	    /* beyond the message */
		{ "\x00\x0a\x80", 3 },		    /* a reserved length */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE, "example.com",
		    DNS_RECORD_MX);
		message_mx(&m, "example.com", 60, 5, "good.test");
		message_rr(&m, MESSAGE_ANSWER, "example.com", 15, 60,
		    rows[i].data, rows[i].len);
		parse("example.com", DNS_RECORD_MX);
		expect_failure("malformed record");
	}
}

static void
addresses_have_their_lengths(void **state)
{
	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, "example.com", DNS_RECORD_AAAA);
	message_address(&m, "example.com", 60, "2001:db8::1");
	message_address(&m, "example.com", 60, "192.0.2.1"); /* of type A */
	parse("example.com", DNS_RECORD_AAAA);
	assert_int_equal(reply.status, DNS_OK);
	assert_int_equal(reply.count, 1);
	assert_int_equal(reply.address[0].family, AF_INET6);

	message_begin(&m, 1, MESSAGE_RESPONSE, "example.com", DNS_RECORD_A);
	message_rr(&m, MESSAGE_ANSWER, "example.com", 1, 60, "\1\2\3\4\5", 5);
	parse("example.com", DNS_RECORD_A);
	expect_failure("malformed record");
}

static void
every_prefix_fails(void **state)
{
	size_t i;

	(void)state;
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_cname(&m, NAME, 60, "there.example.net");
	message_txt(&m, "there.example.net", 60, "v=STSv1; id=1;");
	message_soa(&m, "example.com", 60, 60);
	for (i = 0; i < m.len; i++) {
		parse_octets(m.octets, i, NAME, DNS_RECORD_TXT);
		assert_int_equal(reply.status, DNS_SERVFAIL);
	}
	message_octets(&m, "x", 1);
	parse(NAME, DNS_RECORD_TXT);
	expect_failure("malformed answer");
}

static void
compression_loops_fail(void **state)
{
	unsigned char here[2], forward[2];

	(void)state;
	/* The record's owner points at itself, then at its data. */
	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	here[0] = 0xc0;
	here[1] = (unsigned char)m.len;
	forward[0] = 0xc0;
	forward[1] = (unsigned char)(m.len + 12);
	m.octets[7] = 1;
	message_octets(&m, here, 2);
	message_octets(&m, "\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01x", 12);
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_SERVFAIL);

	message_begin(&m, 1, MESSAGE_RESPONSE, NAME, DNS_RECORD_TXT);
	message_rr(&m, MESSAGE_ANSWER, NAME, 5, 60, forward, 2);
	m.octets[m.len - 1] = (unsigned char)(m.len - 2);
	parse(NAME, DNS_RECORD_TXT);
	assert_int_equal(reply.status, DNS_SERVFAIL);
}

/* A fixed stream of noise over a good message: no crash, no false absence of a
 * kind that the rcode does not say. */
static void
noise_never_reads_past_the_end(void **state)
{
	static const enum dns_record records[] = { DNS_RECORD_TXT,
		DNS_RECORD_MX, DNS_RECORD_A };
	uint32_t seed = 8461;
	struct message noisy;
	size_t i, j;

	(void)state;
	for (i = 0; i < 30000; i++) {
		message_begin(&m, 1, MESSAGE_RESPONSE, NAME, records[i % 3]);
		message_cname(&m, NAME, 60, "there.example.net");
		message_txt(&m, "there.example.net", 60, "v=STSv1; id=1;");
		message_mx(&m, "there.example.net", 60, 1, "mx.test");
		message_address(&m, "there.example.net", 60, "192.0.2.1");
		message_soa(&m, "example.com", 60, 60);
		noisy.len = m.len;
		memcpy(noisy.octets, m.octets, m.len);
		for (j = 0; j < 1 + i % 5; j++) {
			seed = seed * 1664525 + 1013904223;
			noisy.octets[(seed >> 8) % noisy.len] =
			    (unsigned char)(seed >> 24);
		}
		parse_octets(noisy.octets, noisy.len, NAME, records[i % 3]);
	}
}

static void
names_are_normalised(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "_mta-sts.xn--bcher-kva.example", 
		    "_mta-sts.xn--bcher-kva.example" },
		{ "", "" },
		{ ".", "" },
		{ "..", NULL },
		{ ".example.com", NULL },
		{ "example..com", NULL },
		{ "example.com..", NULL },
		{ "a b.com", NULL },
		{ "a\\.b", NULL },
		{ "b\303\274cher.example", NULL },
		{ "*.example.com", NULL },
		{ "0123456789012345678901234567890123456789"
		  "01234567890123456789012.test",
		    "0123456789012345678901234567890123456789"
		    "01234567890123456789012.test" },
		{ "0123456789012345678901234567890123456789"
		  "012345678901234567890123.test", NULL },
	};
	char out[DNS_NAME_SIZE], longest[260];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (dns_name_normalise(rows[i].in, out) !=
		    (rows[i].out != NULL))
			fail_msg("%s", rows[i].in);
		if (rows[i].out != NULL)
			assert_string_equal(out, rows[i].out);
	}
	for (i = 0; i < 254; i++)
		longest[i] = i % 2 == 0 ? 'a' : '.';
	longest[253] = '\0';
	assert_true(dns_name_normalise(longest, out));
	longest[253] = '.';
	longest[254] = '\0';
	assert_true(dns_name_normalise(longest, out));
	longest[254] = 'a';
	longest[255] = '\0';
	assert_false(dns_name_normalise(longest, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(txt_strings_are_joined),
		cmocka_unit_test(other_records_in_the_answer_are_passed_over),
		cmocka_unit_test(ttl_of_more_than_31_bits_is_zero),
		cmocka_unit_test(malformed_txt_fails),
		cmocka_unit_test(cname_chain_is_followed_in_any_order),
		cmocka_unit_test(cname_loop_fails),
		cmocka_unit_test(cname_without_its_target_must_be_asked_for),
		cmocka_unit_test(absence_has_a_kind_and_a_ttl),
		cmocka_unit_test(failures_are_not_absence),
		cmocka_unit_test(answer_must_belong_to_the_question),
		cmocka_unit_test(mx_names_are_normalised_and_odd_ones_dropped),
		cmocka_unit_test(malformed_mx_fails),
		cmocka_unit_test(addresses_have_their_lengths),
		cmocka_unit_test(every_prefix_fails),
		cmocka_unit_test(compression_loops_fail),
		cmocka_unit_test(noise_never_reads_past_the_end),
		cmocka_unit_test(names_are_normalised),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
