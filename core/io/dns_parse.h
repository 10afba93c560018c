/*
 * What a raw DNS message says in answer to one question. Knows no network and
 * no c-ares; the octets come from anybody.
 */
#ifndef IO_DNS_PARSE_H
#define IO_DNS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "io/dns.h"

/* A name in text without escapes, with its NUL. */
#define DNS_NAME_SIZE 254

/* Record types of the questions we ask (RFC 1035, 3596). */
enum dns_record {
	DNS_RECORD_A = 1,
	DNS_RECORD_MX = 15,
	DNS_RECORD_TXT = 16,
	DNS_RECORD_AAAA = 28,
};

/*
 * The answer to one question. With DNS_OK and a count of 0, the answer ended in a
 * CNAME whose target must be asked for: next, which is "" for the root.
 */
struct dns_reply {
	enum dns_status status;
	enum dns_record record;
	uint32_t ttl;
	size_t count;
	struct span *txt;	 /* one of these three, */
	struct dns_mx *mx;	 /* by the type of record */
	struct address *address;
	char *octets;		 /* what txt points into */
	char **hosts;		 /* what mx points to, up to a NULL */
	char next[DNS_NAME_SIZE];
	const char *detail;	 /* static, "" if none */
};

/*
 * name  asked for, lower case, without a final dot
 *
 * Fills *reply in every case; dns_reply_free it.
 */
void dns_parse(const void *message, size_t len, const char *name,
    enum dns_record record, struct dns_reply *reply);

void dns_reply_free(struct dns_reply *reply);

/*
 * Copy a name in the form that questions take: lower case, no final dot, only
 * letters, digits, hyphens and underscores, labels and whole within the limits.
 * False if it is no such name; "" and "." are the root, and "".
 */
bool dns_name_normalise(const char *name, char out[DNS_NAME_SIZE]);

#endif
