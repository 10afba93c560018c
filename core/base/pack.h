/*
 * Writing stored records: the counterpart of span_u8 and its kin. The buffer is
 * the caller's and fixed; what does not fit makes pack_ok false.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack {
	unsigned char *buf;
	size_t size;
	size_t len;
	bool cut;
};

void pack_init(struct pack *pack, void *buf, size_t size);
void pack_u8(struct pack *pack, uint8_t v);
void pack_u16(struct pack *pack, uint16_t v);
void pack_u32(struct pack *pack, uint32_t v);
void pack_i64(struct pack *pack, int64_t v);
void pack_bytes(struct pack *pack, const void *data, size_t len);
/* Behind a 16-bit length; longer than 65535 does not fit. */
void pack_string(struct pack *pack, const void *data, size_t len);
bool pack_ok(const struct pack *pack);

#endif
