/*
 * A cached policy: the durable record of the policies environment, its form in
 * octets, and the arithmetic of its age (RFC 8461, 3.2, 3.3, 10.2).
 */
#ifndef RULES_ENTRY_H
#define RULES_ENTRY_H

#include "rules/policy.h"
#include "rules/record.h"

#define ENTRY_RAW_MAX 8192
/* The longest record: patterns of a body of 64 KiB, the raw body, the rest. */
#define ENTRY_SIZE_MAX (POLICY_BODY_MAX + ENTRY_RAW_MAX + 256)

/* A view, like struct policy: pointers lead into the octets it came from. */
struct entry {
	char id[RECORD_ID_SIZE]; /* of the TXT record the fetch followed */
	struct policy policy;
	struct span raw;	   /* the body, empty if longer than ENTRY_RAW_MAX */
	int64_t fetched_at;	   /* wall seconds; start of max_age */
	int64_t refresh_at;	   /* fetch anew from then on */
	int64_t used_at;	   /* last use, to the day */
	uint32_t refresh_failures; /* in a row */
};

/* The octets of an entry, written to buf. Returns the length, 0 if it does not
 * fit in size or could not be read back. */
size_t entry_encode(const struct entry *entry, void *buf, size_t size);

/* False for octets that are no entry of this format version: a miss, and *out
 * means nothing. */
bool entry_decode(const void *data, size_t len, struct entry *out);

/* fetched_at, or now where that lies in the future (a clock stepped back). */
int64_t entry_fetched_at(const struct entry *entry, int64_t now);

/* End of life: entry_fetched_at + max_age. */
int64_t entry_expires_at(const struct entry *entry, int64_t now);
bool entry_is_live(const struct entry *entry, int64_t now);

/*
 * When a policy fetched now should be fetched again: about a day, never later
 * than half of max_age, spread by the domain's hash so that policies stored
 * together do not come due together.
 */
int64_t entry_refresh_time(const char *domain, uint32_t max_age, int64_t now);

/* Is it time to fetch again: past refresh_at, or stored in the future? */
bool entry_is_due(const struct entry *entry, int64_t now);

/* Unused for longer than forget_after seconds: not refreshed any more. */
bool entry_is_forgotten(const struct entry *entry, int64_t now,
    int64_t forget_after);

/* Should used_at be written again, its grain being a day? */
bool entry_use_is_news(const struct entry *entry, int64_t now);

/*
 * May the cache evict this record, and how soon? cache.h's rank function.
 * Soonest goes what is expired or no entry (3), then testing and none that were
 * not used after the day of their fetch (2), then the rest of those (1). A live
 * enforce policy never does (0): flooding the cache must not flush it.
 */
unsigned entry_rank(const void *data, size_t len, int64_t now);

#endif
