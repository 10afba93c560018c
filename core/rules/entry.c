/*
 * entry: a cached policy as octets, and the arithmetic of its age.
 *
 * A policy lives max_age from its last fetch, whatever was asked in between
 * (RFC 8461, 3.2), and is fetched again long before that (3.3, 10.2). Time comes
 * in as an argument; nothing here looks at a clock, or at the store.
 *
 * Layout, little-endian: u8 format, policy (policy_pack), i64 fetched_at, i64
 * refresh_at, i64 used_at, u32 refresh_failures, string id, string raw.
 *
 * Test: tests/unit/test_entry.c, tests/property/prop_entry.c
 */
#include "rules/entry.h"

#include "base/pack.h"

#include <string.h>

#define ENTRY_FORMAT 1
#define DAY 86400

size_t
entry_encode(const struct entry *entry, void *buf, size_t size)
{
	struct entry back;
	struct pack pack;

	pack_init(&pack, buf, size);
	pack_u8(&pack, ENTRY_FORMAT);
	policy_pack(&pack, &entry->policy);
	pack_i64(&pack, entry->fetched_at);
	pack_i64(&pack, entry->refresh_at);
	pack_i64(&pack, entry->used_at);
	pack_u32(&pack, entry->refresh_failures);
	record_id_pack(&pack, entry->id);
	pack_string(&pack, entry->raw.data, entry->raw.len);
	if (!pack_ok(&pack) || !entry_decode(buf, pack.len, &back))
		return 0;
	return pack.len;
}

bool
entry_decode(const void *data, size_t len, struct entry *out)
{
	struct span octets = span_of(data, len);
	uint8_t format;

	*out = (struct entry){ 0 };
	return span_u8(&octets, &format) && format == ENTRY_FORMAT &&
	    policy_unpack(&octets, &out->policy) &&
	    span_i64(&octets, &out->fetched_at) &&
	    span_i64(&octets, &out->refresh_at) &&
	    span_i64(&octets, &out->used_at) &&
	    span_u32(&octets, &out->refresh_failures) &&
	    record_id_unpack(&octets, out->id) &&
	    span_string(&octets, &out->raw) &&
	    out->raw.len <= ENTRY_RAW_MAX && span_empty(octets);
}

/* Stored times are octets like any others: no sum of theirs may overflow. */
static int64_t
later(int64_t time, int64_t seconds)
{
	return time > INT64_MAX - seconds ? INT64_MAX : time + seconds;
}

int64_t
entry_fetched_at(const struct entry *entry, int64_t now)
{
	return entry->fetched_at > now ? now : entry->fetched_at;
}

int64_t
entry_expires_at(const struct entry *entry, int64_t now)
{
	return later(entry_fetched_at(entry, now), entry->policy.max_age);
}

bool
entry_is_live(const struct entry *entry, int64_t now)
{
	return now < entry_expires_at(entry, now);
}

/* FNV-1a: nobody gains by choosing when his policy is fetched again. */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

int64_t
entry_refresh_time(const char *domain, uint32_t max_age, int64_t now)
{
	uint32_t wait = max_age / 2 < DAY ? max_age / 2 : DAY;
	uint32_t jitter = hash(domain) % (wait / 4 + 1);

	return later(now, wait - jitter);
}

bool
entry_is_due(const struct entry *entry, int64_t now)
{
	return now >= entry->refresh_at || entry->fetched_at > now;
}

bool
entry_is_forgotten(const struct entry *entry, int64_t now,
    int64_t forget_after)
{
	return now > later(entry->used_at, forget_after);
}

bool
entry_use_is_news(const struct entry *entry, int64_t now)
{
	return now / DAY != entry->used_at / DAY;
}

/* In the order of cache.h: what is 0 stays, what is larger goes sooner. */
enum rank {
	RANK_NEVER,
	RANK_REUSED,
	RANK_NEVER_REUSED,
	RANK_DEAD,
};

unsigned
entry_rank(const void *data, size_t len, int64_t now)
{
	struct entry entry;

	if (!entry_decode(data, len, &entry) || !entry_is_live(&entry, now))
		return RANK_DEAD;
	/* Whoever could flush it would be rid of its protection. */
	if (entry.policy.mode == MTASTS_MODE_ENFORCE)
		return RANK_NEVER;
	if (entry.used_at / DAY == entry.fetched_at / DAY)
		return RANK_NEVER_REUSED;
	return RANK_REUSED;
}
