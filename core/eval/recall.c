/*
 * recall: see recall.h. Records of rules/answer.h and rules/mxset.h under keys
 * that no policy domain can have, since they have a NUL in them.
 *
 * Test: tests/scenario/recall.scn, tests/unit/test_api.c
 */
#include "eval/recall.h"

#include <string.h>

#include "eval/hosts.h"

#define FINDING_SIZE_MAX 256 /* octets of a finding's record */

struct recall_key {
	char octets[8 + DOMAIN_SIZE];
};

static struct span
make_key(const char *kind, const char *name, struct recall_key *key)
{
	size_t before = strlen(kind) + 1, len = strlen(name);

	memcpy(key->octets, kind, before);
	memcpy(key->octets + before, name, len);
	return span_of(key->octets, before + len);
}

static struct span
finding_key(const char *host, struct recall_key *key)
{
	return make_key("mx", host, key);
}

static struct span
mx_key(const char *domain, struct recall_key *key)
{
	return make_key("mxset", domain, key);
}

static bool
read_record(const struct recall *recall, struct span key)
{
	return cache_get(recall->cache, recall->reader, CACHE_ANSWERS, key,
		   recall->buffer) == CACHE_OK;
}

/* ---- Findings ------------------------------------------------------------ */

bool
recall_finding(const struct recall *recall, struct eval_host *host)
{
	struct finding_record record;
	struct recall_key key;

	if (!read_record(recall, finding_key(host->name, &key)) ||
	    !finding_decode(recall->buffer->data, recall->buffer->len,
		&record) ||
	    !finding_is_fresh(&record, recall->now))
		return false;
	host->probed = true;
	host->probe = (enum probe_status)record.status;
	memcpy(host->detail, record.detail, strlen(record.detail) + 1);
	return true;
}

void
recall_note_finding(const struct recall *recall, const struct eval_host *host,
    int64_t ttl)
{
	struct finding_record record = { .status = (uint8_t)host->probe,
		.probed_at = recall->now,
		.fresh_until = recall->now + ttl };
	struct recall_key key;
	char buf[FINDING_SIZE_MAX];
	size_t len;

	memcpy(record.detail, host->detail, strlen(host->detail) + 1);
	len = finding_encode(&record, buf, sizeof(buf));
	if (len > 0 && host->probe != PROBE_NOMEM)
		cache_put(recall->cache, CACHE_ANSWERS,
		    finding_key(host->name, &key), span_of(buf, len),
		    recall->now);
}

/* ---- MX hosts ------------------------------------------------------------ */

static bool
recall_mx(const struct recall *recall, const char *domain, struct mxset *out)
{
	struct recall_key key;

	return read_record(recall, mx_key(domain, &key)) &&
	    mxset_decode(recall->buffer->data, recall->buffer->len, out) &&
	    mxset_is_fresh(out, recall->now);
}

void
recall_note_mx(const struct recall *recall, const char *domain,
    const struct mxset *set)
{
	struct recall_key key;
	char buf[MXSET_SIZE_MAX];
	size_t len = mxset_encode(set, buf, sizeof(buf));

	if (len > 0)
		cache_put(recall->cache, CACHE_ANSWERS, mx_key(domain, &key),
		    span_of(buf, len), recall->now);
	else if (read_record(recall, mx_key(domain, &key)))
		recall_forget_mx(recall->cache, domain);
}

enum cache_status
recall_forget_mx(const struct cache *cache, const char *domain)
{
	struct recall_key key;

	return cache_delete(cache, CACHE_ANSWERS, mx_key(domain, &key));
}

/* ---- The verdict --------------------------------------------------------- */

bool
recall_pass(const struct recall *recall, const char *domain,
    const struct policy *policy, bool probing, struct evaluation *out)
{
	struct mxset mx;
	struct eval_host *host;
	size_t i;

	if (!recall_mx(recall, domain, &mx))
		return false;
	out->reason = MTASTS_REASON_POLICY;
	out->host_count = 0;
	for (i = 0; i < mx.count; i++)
		hosts_add(out, policy, mx.hosts[i].name,
		    mx.hosts[i].preference);
	while ((host = hosts_next(out, probing)) != NULL)
		if (!recall_finding(recall, host))
			return false;
	verdict_decide(out, domain, probing);
	return out->verdict == MTASTS_VERDICT_PASS;
}
