/* message: DNS messages for tests. */
#include <config.h>

#include "net/message.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "io/address.h"

void
message_octets(struct message *m, const void *data, size_t len)
{
	assert(len <= sizeof(m->octets) - m->len);
	if (len > 0)
		memcpy(m->octets + m->len, data, len);
	m->len += len;
}

void
message_u16(struct message *m, unsigned n)
{
	unsigned char octets[] = { (unsigned char)(n >> 8),
		(unsigned char)n };

	message_octets(m, octets, sizeof(octets));
}

static void
message_u32(struct message *m, uint32_t n)
{
	message_u16(m, n >> 16);
	message_u16(m, n & 0xffff);
}

void
message_name(struct message *m, const char *name)
{
	unsigned char n;

	while (*name != '\0') {
		n = (unsigned char)strcspn(name, ".");
		message_octets(m, &n, 1);
		message_octets(m, name, n);
		name += n + (name[n] == '.');
	}
	message_octets(m, "", 1);
}

void
message_begin(struct message *m, uint16_t id, unsigned flags, const char *name,
    unsigned type)
{
	m->len = 0;
	message_u16(m, id);
	message_u16(m, flags);
	message_u16(m, 1);
	message_u16(m, 0);
	message_u16(m, 0);
	message_u16(m, 0);
	message_name(m, name);
	message_u16(m, type);
	message_u16(m, 1);
}

static void
count(struct message *m, enum message_section section)
{
	unsigned char *at = m->octets + 4 + 2 * (size_t)section;

	if (++at[1] == 0)
		at[0]++;
}

void
message_rr(struct message *m, enum message_section section, const char *owner,
    unsigned type, uint32_t ttl, const void *data, size_t len)
{
	count(m, section);
	message_name(m, owner);
	message_u16(m, type);
	message_u16(m, 1);
	message_u32(m, ttl);
	message_u16(m, (unsigned)len);
	message_octets(m, data, len);
}

static void
rr_built(struct message *m, enum message_section section, const char *owner,
    unsigned type, uint32_t ttl, const struct message *data)
{
	message_rr(m, section, owner, type, ttl, data->octets, data->len);
}

void
message_cname(struct message *m, const char *owner, uint32_t ttl,
    const char *target)
{
	struct message data = { .len = 0 };

	message_name(&data, target);
	rr_built(m, MESSAGE_ANSWER, owner, 5, ttl, &data);
}

void
message_mx(struct message *m, const char *owner, uint32_t ttl,
    unsigned preference, const char *host)
{
	struct message data = { .len = 0 };

	message_u16(&data, preference);
	message_name(&data, host);
	rr_built(m, MESSAGE_ANSWER, owner, 15, ttl, &data);
}

void
message_txt(struct message *m, const char *owner, uint32_t ttl,
    const char *text)
{
	unsigned char data[256];

	data[0] = (unsigned char)strlen(text);
	memcpy(data + 1, text, data[0]);
	message_rr(m, MESSAGE_ANSWER, owner, 16, ttl, data,
	    (size_t)data[0] + 1);
}

void
message_address(struct message *m, const char *owner, uint32_t ttl,
    const char *address)
{
	struct address a;
	bool ok = address_parse(address, &a);

	assert(ok);
	(void)ok;
	message_rr(m, MESSAGE_ANSWER, owner, a.family == AF_INET ? 1 : 28, ttl,
	    a.octets, a.family == AF_INET ? 4 : 16);
}

void
message_soa(struct message *m, const char *owner, uint32_t ttl,
    uint32_t minimum)
{
	struct message data = { .len = 0 };
	int i;

	message_name(&data, "ns.test");
	message_name(&data, "hostmaster.test");
	for (i = 0; i < 4; i++)
		message_u32(&data, 1000);
	message_u32(&data, minimum);
	rr_built(m, MESSAGE_AUTHORITY, owner, 6, ttl, &data);
}
