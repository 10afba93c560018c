/*
 * An answer: what a lookup came to, kept until its TXT record's TTL ends, with
 * what must be remembered about failures. The record of the answers
 * environment; losing it costs queries, never protection.
 */
#ifndef RULES_ANSWER_H
#define RULES_ANSWER_H

#include "rules/policy.h"
#include "rules/record.h"

#define ANSWER_DETAIL_SIZE 160
#define ANSWER_SIZE_MAX (POLICY_BODY_MAX + 1024)

/* The first octet of a record tells its kind and, below, the version of its
 * format. Another octet is a record of another time: a miss. */
#define ANSWER_FORMAT 0x11
#define FINDING_FORMAT 0x21

/* No fetch is held back for longer than this: a retry_at further away was
 * written under a clock that has stepped back since. */
#define ANSWER_HOLD_MAX 3600
/* A first sight is remembered for this long after the last question, or a
 * domain whose policy can never be had would be new again and again. */
#define ANSWER_FIRST_KEPT (7 * 86400)

/* A view: policy.mx leads into the octets it came from. */
struct answer {
	enum mtasts_outcome outcome;
	enum mtasts_reason reason;
	char detail[ANSWER_DETAIL_SIZE];
	int64_t asked_at;    /* wall seconds, when DNS was asked */
	int64_t fresh_until; /* answer from here until then */

	/* With MTASTS_OUTCOME_POLICY. */
	char id[RECORD_ID_SIZE];
	int64_t fetched_at;
	int64_t expires_at;
	struct policy policy;

	/* The last failed fetch: not tried again under failed_id before
	 * retry_at (RFC 8461, 3.3). "" if there was none. */
	char failed_id[RECORD_ID_SIZE];
	int64_t retry_at;
	enum mtasts_reason failed_reason;
	char failed_detail[ANSWER_DETAIL_SIZE];

	/* strict_first_use counts from the first sight of (domain, id); id "":
	 * from when DNS was first asked in vain. first_seen 0: neither. */
	char first_id[RECORD_ID_SIZE];
	int64_t first_seen;

	/* The last extra TXT question before a fail (RFC 8461, 5.1). */
	int64_t rechecked_at;
};

/* The octets of an answer, written to buf. Returns the length, 0 if it does not
 * fit in size or could not be read back. The policy is kept with MTASTS_OUTCOME_POLICY only. */
size_t answer_encode(const struct answer *answer, void *buf, size_t size);

/* False for octets that are no answer of this format version; *out means nothing
 * then. */
bool answer_decode(const void *data, size_t len, struct answer *out);

/* Is there a policy to satisfy: one that applies, and not of mode none? */
bool answer_binds(const struct answer *answer);

/* May it be given without asking anybody? Not after fresh_until or expires_at,
 * nor if asked_at lies in the future. */
bool answer_is_fresh(const struct answer *answer, int64_t now);

/* Is a fetch under this id held back at this time? */
bool answer_holds_back(const struct answer *answer, const char *id,
    int64_t now);

/* When nothing in it matters any more, and it can be removed. */
int64_t answer_deadline(const struct answer *answer);

/*
 * A probe's finding, cached in the same environment under the MX host.
 */
struct finding_record {
	uint8_t status; /* enum probe_status, opaque here */
	char detail[ANSWER_DETAIL_SIZE];
	int64_t probed_at;
	int64_t fresh_until;
};

size_t finding_encode(const struct finding_record *record, void *buf,
    size_t size);
bool finding_decode(const void *data, size_t len, struct finding_record *out);
bool finding_is_fresh(const struct finding_record *record, int64_t now);

/*
 * May the cache evict this record of the answers environment, and how soon?
 * cache.h's rank function, for all kinds of record. Soonest goes what is of no
 * use any more (4), then findings, MX sets (mxset.h) and answers without a live
 * policy (3), then
 * testing and none (2), enforce last (1). Nothing is 0: all of it can be had
 * again, the policies from the other environment.
 */
unsigned answer_rank(const void *data, size_t len, int64_t now);

#endif
