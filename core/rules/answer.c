/*
 * answer: the records of the answers environment as octets, and what they are
 * still good for.
 *
 * Time comes in as an argument; nothing here looks at a clock, or at the store.
 * The first octet tells kind and format; the layout, little-endian, is the order
 * of the pack_ calls. Times and ids are stored whether they mean anything or
 * not, the policy only with MTASTS_OUTCOME_POLICY.
 *
 * Test: tests/unit/test_answer.c, tests/property/prop_answer.c
 */
#include "rules/answer.h"

#include "base/pack.h"
#include "base/text.h"
#include "rules/mxset.h"

#include <string.h>

/* The last extra question counts for so long. */
#define RECHECK_KEPT 60

/* ---- Octets ----------------------------------------------------------- */

/* A detail goes to logs as it is: one that is not clean is made so before it is
 * stored, and read back it is none of ours. */
static void
pack_detail(struct pack *pack, const char detail[ANSWER_DETAIL_SIZE])
{
	char clean[ANSWER_DETAIL_SIZE];
	struct text text;

	text_init(&text, clean, sizeof(clean));
	text_clean(&text, detail, strlen(detail));
	pack_string(pack, text.buf, text.len);
}

static bool
unpack_detail(struct span *octets, char detail[ANSWER_DETAIL_SIZE])
{
	struct span text;

	if (!span_string(octets, &text) || text.len >= ANSWER_DETAIL_SIZE ||
	    !text_is_clean(text.data, text.len))
		return false;
	if (!span_empty(text))
		memcpy(detail, text.data, text.len);
	detail[text.len] = '\0';
	return true;
}

static bool
unpack_outcome(struct span *octets, enum mtasts_outcome *out)
{
	uint8_t v;

	if (!span_u8(octets, &v) || v > MTASTS_OUTCOME_DEFER)
		return false;
	*out = (enum mtasts_outcome)v;
	return true;
}

static bool
unpack_reason(struct span *octets, enum mtasts_reason *out)
{
	uint8_t v;

	if (!span_u8(octets, &v) || v > MTASTS_REASON_NOT_CACHED)
		return false;
	*out = (enum mtasts_reason)v;
	return true;
}

size_t
answer_encode(const struct answer *answer, void *buf, size_t size)
{
	struct answer back;
	struct pack pack;

	pack_init(&pack, buf, size);
	pack_u8(&pack, ANSWER_FORMAT);
	pack_u8(&pack, (uint8_t)answer->outcome);
	pack_u8(&pack, (uint8_t)answer->reason);
	pack_detail(&pack, answer->detail);
	pack_i64(&pack, answer->asked_at);
	pack_i64(&pack, answer->fresh_until);
	record_id_pack(&pack, answer->id);
	pack_i64(&pack, answer->fetched_at);
	pack_i64(&pack, answer->expires_at);
	record_id_pack(&pack, answer->failed_id);
	pack_i64(&pack, answer->retry_at);
	pack_u8(&pack, (uint8_t)answer->failed_reason);
	pack_detail(&pack, answer->failed_detail);
	record_id_pack(&pack, answer->first_id);
	pack_i64(&pack, answer->first_seen);
	pack_i64(&pack, answer->rechecked_at);
	if (answer->outcome == MTASTS_OUTCOME_POLICY)
		policy_pack(&pack, &answer->policy);
	if (!pack_ok(&pack) || !answer_decode(buf, pack.len, &back))
		return 0;
	return pack.len;
}

bool
answer_decode(const void *data, size_t len, struct answer *out)
{
	struct span octets = span_of(data, len);
	uint8_t format;

	*out = (struct answer){ 0 };
	return span_u8(&octets, &format) && format == ANSWER_FORMAT &&
	    unpack_outcome(&octets, &out->outcome) &&
	    unpack_reason(&octets, &out->reason) &&
	    unpack_detail(&octets, out->detail) &&
	    span_i64(&octets, &out->asked_at) &&
	    span_i64(&octets, &out->fresh_until) &&
	    record_id_unpack(&octets, out->id) &&
	    span_i64(&octets, &out->fetched_at) &&
	    span_i64(&octets, &out->expires_at) &&
	    record_id_unpack(&octets, out->failed_id) &&
	    span_i64(&octets, &out->retry_at) &&
	    unpack_reason(&octets, &out->failed_reason) &&
	    unpack_detail(&octets, out->failed_detail) &&
	    record_id_unpack(&octets, out->first_id) &&
	    span_i64(&octets, &out->first_seen) &&
	    span_i64(&octets, &out->rechecked_at) &&
	    (out->outcome != MTASTS_OUTCOME_POLICY ||
		policy_unpack(&octets, &out->policy)) &&
	    span_empty(octets);
}

size_t
finding_encode(const struct finding_record *record, void *buf, size_t size)
{
	struct pack pack;

	pack_init(&pack, buf, size);
	pack_u8(&pack, FINDING_FORMAT);
	pack_u8(&pack, record->status);
	pack_detail(&pack, record->detail);
	pack_i64(&pack, record->probed_at);
	pack_i64(&pack, record->fresh_until);
	return pack_ok(&pack) ? pack.len : 0;
}

bool
finding_decode(const void *data, size_t len, struct finding_record *out)
{
	struct span octets = span_of(data, len);
	uint8_t format;

	*out = (struct finding_record){ 0 };
	return span_u8(&octets, &format) && format == FINDING_FORMAT &&
	    span_u8(&octets, &out->status) &&
	    unpack_detail(&octets, out->detail) &&
	    span_i64(&octets, &out->probed_at) &&
	    span_i64(&octets, &out->fresh_until) && span_empty(octets);
}

/* ---- Age -------------------------------------------------------------- */

static int64_t
later(int64_t time, int64_t seconds)
{
	return time > INT64_MAX - seconds ? INT64_MAX : time + seconds;
}

static int64_t
latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool
answer_binds(const struct answer *answer)
{
	return answer->outcome == MTASTS_OUTCOME_POLICY &&
	    answer->policy.mode != MTASTS_MODE_NONE;
}

bool
answer_is_fresh(const struct answer *answer, int64_t now)
{
	if (answer->asked_at > now || now >= answer->fresh_until)
		return false;
	return answer->outcome != MTASTS_OUTCOME_POLICY ||
	    now < answer->expires_at;
}

bool
answer_holds_back(const struct answer *answer, const char *id, int64_t now)
{
	return answer->failed_id[0] != '\0' &&
	    strcmp(answer->failed_id, id) == 0 && now < answer->retry_at &&
	    answer->retry_at <= later(now, ANSWER_HOLD_MAX);
}

int64_t
answer_deadline(const struct answer *answer)
{
	int64_t deadline = answer->fresh_until;

	if (answer->failed_id[0] != '\0')
		deadline = latest(deadline, answer->retry_at);
	if (answer->first_seen != 0)
		deadline = latest(deadline,
		    later(answer->asked_at, ANSWER_FIRST_KEPT));
	if (answer->rechecked_at != 0)
		deadline = latest(deadline,
		    later(answer->rechecked_at, RECHECK_KEPT));
	return deadline;
}

bool
finding_is_fresh(const struct finding_record *record, int64_t now)
{
	return record->probed_at <= now && now < record->fresh_until;
}

/* In the order of cache.h: larger goes sooner. There is no 0: whatever stands
 * here can be had again. */
enum rank {
	RANK_ENFORCE = 1,
	RANK_POLICY,
	RANK_NEGATIVE,
	RANK_DEAD,
};

static enum rank
rank_of_answer(const struct answer *answer, int64_t now)
{
	if (now >= answer_deadline(answer))
		return RANK_DEAD;
	if (answer->outcome != MTASTS_OUTCOME_POLICY ||
	    now >= answer->expires_at)
		return RANK_NEGATIVE;
	if (answer->policy.mode == MTASTS_MODE_ENFORCE)
		return RANK_ENFORCE;
	return RANK_POLICY;
}

unsigned
answer_rank(const void *data, size_t len, int64_t now)
{
	struct finding_record finding;
	struct answer answer;
	struct mxset set;

	if (answer_decode(data, len, &answer))
		return rank_of_answer(&answer, now);
	if (finding_decode(data, len, &finding) &&
	    finding_is_fresh(&finding, now))
		return RANK_NEGATIVE;
	if (mxset_decode(data, len, &set) && mxset_is_fresh(&set, now))
		return RANK_NEGATIVE;
	return RANK_DEAD;
}
