/*
 * mxset: the MX hosts of a domain as octets, and how long they may be gone by.
 *
 * Layout, little-endian: u8 format, i64 asked_at, i64 fresh_until, u8 count,
 * then for each host u16 preference, string name. What others may have written
 * is taken for a set only if we could have written it.
 *
 * Test: tests/unit/test_mxset.c, tests/property/prop_answer.c
 */
#include "rules/mxset.h"

#include "base/pack.h"
#include "base/span.h"

#include <string.h>

void
mxset_begin(struct mxset *set, uint32_t ttl, int64_t now)
{
	set->asked_at = now;
	set->fresh_until = now +
	    (ttl < MXSET_KEPT_MAX ? ttl : MXSET_KEPT_MAX);
	set->count = 0;
}

void
mxset_add(struct mxset *set, const char name[DOMAIN_SIZE], uint16_t preference)
{
	struct mxset_host *host;

	if (set->count >= MXSET_HOSTS_MAX) {
		set->count = MXSET_HOSTS_MAX + 1;
		return;
	}
	host = &set->hosts[set->count++];
	host->preference = preference;
	memcpy(host->name, name, strlen(name) + 1);
}

static bool
is_worth_keeping(const struct mxset *set)
{
	return set->count > 0 && set->count <= MXSET_HOSTS_MAX &&
	    mxset_is_fresh(set, set->asked_at);
}

size_t
mxset_encode(const struct mxset *set, void *buf, size_t size)
{
	struct pack pack;
	size_t i;

	if (!is_worth_keeping(set))
		return 0;
	pack_init(&pack, buf, size);
	pack_u8(&pack, MXSET_FORMAT);
	pack_i64(&pack, set->asked_at);
	pack_i64(&pack, set->fresh_until);
	pack_u8(&pack, (uint8_t)set->count);
	for (i = 0; i < set->count; i++) {
		pack_u16(&pack, set->hosts[i].preference);
		pack_string(&pack, set->hosts[i].name,
		    strlen(set->hosts[i].name));
	}
	return pack_ok(&pack) ? pack.len : 0;
}

static bool
unpack_host(struct span *octets, struct mxset_host *out)
{
	struct span name;

	return span_u16(octets, &out->preference) &&
	    span_string(octets, &name) &&
	    domain_host(name.data, name.len, out->name) &&
	    span_is(name, out->name);
}

static bool
unpack_hosts(struct span *octets, struct mxset *out)
{
	uint8_t count;
	size_t i;

	if (!span_u8(octets, &count) || count > MXSET_HOSTS_MAX)
		return false;
	for (i = 0; i < count; i++)
		if (!unpack_host(octets, &out->hosts[i]))
			return false;
	out->count = count;
	return true;
}

bool
mxset_decode(const void *data, size_t len, struct mxset *out)
{
	struct span octets = span_of(data, len);
	uint8_t format;

	return span_u8(&octets, &format) && format == MXSET_FORMAT &&
	    span_i64(&octets, &out->asked_at) &&
	    span_i64(&octets, &out->fresh_until) &&
	    unpack_hosts(&octets, out) && span_empty(octets) &&
	    is_worth_keeping(out);
}

bool
mxset_is_fresh(const struct mxset *set, int64_t now)
{
	int64_t latest = set->asked_at > INT64_MAX - MXSET_KEPT_MAX ?
	    INT64_MAX : set->asked_at + MXSET_KEPT_MAX;

	return set->asked_at <= now && now < set->fresh_until &&
	    set->fresh_until <= latest;
}
