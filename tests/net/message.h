/*
 * DNS messages for tests: built octet by octet, so that broken ones can be
 * built too.
 */
#ifndef TESTS_NET_MESSAGE_H
#define TESTS_NET_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum message_section {
	MESSAGE_ANSWER = 1,
	MESSAGE_AUTHORITY = 2,
	MESSAGE_ADDITIONAL = 3,
};

struct message {
	unsigned char octets[65535];
	size_t len;
};

#define MESSAGE_RESPONSE 0x8180u /* QR, RD, RA; the rcode is added */
#define MESSAGE_TRUNCATED 0x0200u

/* Header and question. */
void message_begin(struct message *m, uint16_t id, unsigned flags,
    const char *name, unsigned type);

void message_u16(struct message *m, unsigned n);
void message_name(struct message *m, const char *name);
void message_octets(struct message *m, const void *data, size_t len);

/* One record with data as given. */
void message_rr(struct message *m, enum message_section section,
    const char *owner, unsigned type, uint32_t ttl, const void *data,
    size_t len);
void message_cname(struct message *m, const char *owner, uint32_t ttl,
    const char *target);
void message_mx(struct message *m, const char *owner, uint32_t ttl,
    unsigned preference, const char *host);
/* One string of text. */
void message_txt(struct message *m, const char *owner, uint32_t ttl,
    const char *text);
/* "192.0.2.1" or "2001:db8::1" */
void message_address(struct message *m, const char *owner, uint32_t ttl,
    const char *address);
void message_soa(struct message *m, const char *owner, uint32_t ttl,
    uint32_t minimum);

#endif
