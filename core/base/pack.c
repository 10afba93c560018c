/*
 * pack: writes the little-endian records that span.c reads.
 *
 * The buffer is the caller's and never grows; the first thing that does not
 * fit marks the whole as cut, and nothing is written from then on. Knows no
 * record's layout.
 *
 * Test: tests/unit/test_pack.c
 */
#include "base/pack.h"

#include <string.h>

void
pack_init(struct pack *pack, void *buf, size_t size)
{
	*pack = (struct pack){ .buf = buf, .size = size };
}

void
pack_bytes(struct pack *pack, const void *data, size_t len)
{
	if (pack->cut || len > pack->size - pack->len) {
		pack->cut = true;
		return;
	}
	if (len != 0)
		memcpy(pack->buf + pack->len, data, len);
	pack->len += len;
}

static void
put_le(struct pack *pack, size_t width, uint64_t v)
{
	unsigned char octets[8];
	size_t i;

	for (i = 0; i < width; i++) {
		octets[i] = (unsigned char)(v & 0xff);
		v >>= 8;
	}
	pack_bytes(pack, octets, width);
}

void
pack_u8(struct pack *pack, uint8_t v)
{
	put_le(pack, 1, v);
}

void
pack_u16(struct pack *pack, uint16_t v)
{
	put_le(pack, 2, v);
}

void
pack_u32(struct pack *pack, uint32_t v)
{
	put_le(pack, 4, v);
}

void
pack_i64(struct pack *pack, int64_t v)
{
	put_le(pack, 8, (uint64_t)v);
}

void
pack_string(struct pack *pack, const void *data, size_t len)
{
	if (len > UINT16_MAX) {
		pack->cut = true;
		return;
	}
	pack_u16(pack, (uint16_t)len);
	pack_bytes(pack, data, len);
}

bool
pack_ok(const struct pack *pack)
{
	return !pack->cut;
}
