/*
 * io/dns_parse: any octets as the answer to a question (RFC 1035). The first
 * one chooses the type asked for; the name is always NAME.
 */
#include <config.h>

#include "io/dns_parse.h"

#include "fuzz/fuzz.h"

#include <sys/socket.h>

#define NAME "_mta-sts.a.test"

static void
check_name(const char *name)
{
	char again[DNS_NAME_SIZE];

	assert_in_range(strlen(name), 0, DNS_NAME_SIZE - 1);
	assert_true(dns_name_normalise(name, again));
	assert_string_equal(name, again);
}

/* Nothing is read from beside the message, and nothing of it twice. */
static void
check_txt(const struct dns_reply *reply, size_t len)
{
	const char *at = reply->octets;
	size_t i;

	for (i = 0; i < reply->count; i++) {
		assert_ptr_equal(reply->txt[i].data, at);
		at += reply->txt[i].len;
	}
	assert_true((size_t)(at - reply->octets) < len);
}

static void
check_records(const struct dns_reply *reply, size_t len)
{
	size_t i;

	/* A record takes eleven octets and data. */
	assert_in_range(reply->count, 1, len / 11);
	switch (reply->record) {
	case DNS_RECORD_TXT:
		check_txt(reply, len);
		break;
	case DNS_RECORD_MX:
		for (i = 0; i < reply->count; i++)
			check_name(reply->mx[i].host);
		break;
	case DNS_RECORD_A:
	case DNS_RECORD_AAAA:
		for (i = 0; i < reply->count; i++)
			assert_int_equal(reply->address[i].family,
			    reply->record == DNS_RECORD_A ? AF_INET : AF_INET6);
		break;
	}
}

/* What a message must say, in the plainest reading, to mean that there is no
 * such record: absence is the answer a forger wants. */
static void
check_absence(
    const struct dns_reply *reply, const unsigned char *message, size_t len)
{
	unsigned rcode;

	assert_in_range(len, 12 + sizeof(NAME) + 1 + 4, 65535);
	rcode = message[3] & 0xfu;
	assert_int_equal(message[2] & 0x80, 0x80); /* an answer */
	assert_int_equal(message[2] & 0x02, 0);	   /* whole */
	assert_int_equal(rcode == 3, reply->status == DNS_NXDOMAIN);
	assert_true(rcode == 3 || rcode == 0);
	assert_int_equal(reply->count, 0);
}

static void
check_status(const struct dns_reply *reply, const void *message, size_t len)
{
	switch (reply->status) {
	case DNS_OK:
		if (reply->count > 0) {
			check_records(reply, len);
			break;
		}
		/* A CNAME leads elsewhere, to the root perhaps. */
		assert_string_not_equal(reply->next, NAME);
		check_name(reply->next);
		break;
	case DNS_NXDOMAIN:
	case DNS_NODATA:
		check_absence(reply, message, len);
		break;
	case DNS_SERVFAIL:
		assert_int_equal(reply->ttl, 0);
		assert_true(reply->detail[0] != '\0');
		assert_int_equal(reply->count, 0);
		break;
	case DNS_TIMEOUT:
	case DNS_NOMEM:
		fail_msg("status %d", reply->status);
	}
}

/* What of a message is left, or what is said of another name, is no answer. */
static void
check_neighbours(const char *message, size_t len, enum dns_record record)
{
	struct dns_reply reply;
	char *part = exact_copy(message, len - 1);

	dns_parse(part, len - 1, NAME, record, &reply);
	assert_int_equal(reply.status, DNS_SERVFAIL);
	dns_reply_free(&reply);
	free(part);
	dns_parse(message, len, "b.test", record, &reply);
	assert_int_equal(reply.status, DNS_SERVFAIL);
	dns_reply_free(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_record records[] = { DNS_RECORD_A, DNS_RECORD_MX,
		DNS_RECORD_TXT, DNS_RECORD_AAAA };
	const char *message = (const char *)data + 1;
	enum dns_record record;
	struct dns_reply reply;
	bool understood;

	if (size == 0)
		return 0;
	record = records[data[0] % COUNT(records)];
	dns_parse(message, size - 1, NAME, record, &reply);
	assert_int_equal(reply.record, record);
	assert_in_range(reply.ttl, 0, INT32_MAX);
	check_status(&reply, message, size - 1);
	understood = reply.status != DNS_SERVFAIL;
	dns_reply_free(&reply);
	if (understood)
		check_neighbours(message, size - 1, record);
	return 0;
}
