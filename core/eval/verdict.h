/*
 * Can this domain's policy be satisfied (RFC 8461, 4 and 5)? The policy, the MX
 * hosts, what the probe found at them: in; a verdict, the enhanced code of a
 * deferral and one sentence: out. No I/O.
 *
 *	any host passes						pass
 *	else any matching host could not be reached		temperror
 *	else							fail
 *	no MX host matches					fail
 */
#ifndef EVAL_VERDICT_H
#define EVAL_VERDICT_H

#include "io/probe.h"
#include "rules/answer.h"
#include "rules/domain.h"

#define EVAL_HOSTS_MAX 32 /* MX hosts kept to be shown, of all that there are */
#define EVAL_PROBES_MAX 8 /* of them probed */
#define EVAL_SENTENCE_SIZE 400

struct eval_host {
	char name[DOMAIN_SIZE];
	uint16_t preference;
	bool matched;
	bool probed;
	enum probe_status probe; /* once probed */
	char detail[ANSWER_DETAIL_SIZE];
};

struct evaluation {
	enum mtasts_verdict verdict;
	/* MTASTS_REASON_POLICY, or why there was nothing to evaluate: NULL_MX,
	 * NO_SUCH_DOMAIN, DNS_TEMPERROR. */
	enum mtasts_reason reason;
	const char *code; /* RFC 3463, "" if none; static */
	char sentence[EVAL_SENTENCE_SIZE];
	size_t host_count;
	struct eval_host hosts[EVAL_HOSTS_MAX];
};

/* Fills verdict, code and sentence from hosts. probing: false ends at the
 * match. */
void verdict_decide(struct evaluation *evaluation, const char *domain,
    bool probing);

/* The verdict without a look at MX hosts: there is no policy to satisfy, or the
 * hosts could not be looked at. */
void verdict_without_walk(struct evaluation *evaluation, const char *domain,
    const struct answer *answer);

/* Is the next MX host still of interest, or is the verdict settled? */
bool verdict_is_settled(const struct evaluation *evaluation);

/* The result type of a host (RFC 8460, 4.3.1). */
enum mtasts_finding verdict_finding(const struct eval_host *host);

#endif
