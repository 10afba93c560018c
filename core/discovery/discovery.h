/*
 * How a domain's policy is found (RFC 8461, 3 and 5.1): a state machine. An
 * event goes in, the next action comes out; no system call, no allocation, no
 * clock. lookup.c performs the actions.
 *
 *	discovery_begin -> ASK          TXT and MX questions go out together
 *	discovery_txt, discovery_mx -> WAIT, TAKE_FLIGHT or DONE
 *	discovery_cached -> FETCH or DONE       what the cache says now that nobody
 *	                                        else fetches this domain
 *	discovery_fetched -> DONE
 *	discovery_deadline -> DONE      at any time
 *
 * The decision matrix is the page "matrix" of core/README.md; each of its rows
 * is a scenario in tests/scenario.
 */
#ifndef DISCOVERY_DISCOVERY_H
#define DISCOVERY_DISCOVERY_H

#include "io/dns.h"
#include "io/https.h"
#include "rules/answer.h"
#include "rules/entry.h"

#define DISCOVERY_TTL_MAX 86400	      /* seconds a TXT record is believed */
#define DISCOVERY_NEGATIVE_MAX 3600   /* seconds its absence is */
#define DISCOVERY_TEMPERROR_TTL 30    /* seconds a DNS failure is remembered */
#define DISCOVERY_BACK_OFF 300	      /* seconds, RFC 8461, 3.3 */
#define DISCOVERY_REFRESH_RETRY 3600  /* seconds, at most, to the next try */
#define DISCOVERY_RECHECK 60	      /* seconds between extra TXT questions */
#define DISCOVERY_FIRST_USE_MAX 86400 /* seconds strict_first_use may defer */

enum discovery_action {
	DISCOVERY_ASK,
	DISCOVERY_WAIT,
	DISCOVERY_TAKE_FLIGHT,
	DISCOVERY_FETCH,
	DISCOVERY_DONE,
};

/* What is to be done with the durable record. */
enum discovery_store {
	DISCOVERY_STORE_NOTHING,
	DISCOVERY_STORE_ENTRY, /* entry replaces it */
	DISCOVERY_STORE_AMENDS, /* its times and failures alone changed */
};

struct discovery {
	/* What was asked; set before discovery_begin. */
	const char *domain;
	unsigned flags; /* MTASTS_RECHECK, MTASTS_REFRESH */
	bool strict_first_use;

	/* What is known so far. */
	enum discovery_action action; /* awaited now */
	bool has_entry;		      /* stored, live or not */
	int64_t stored_at;	      /* its fetched_at as it stands there */
	struct entry entry;	      /* a view that the driver keeps alive */
	bool txt_known, mx_known, null_mx;
	enum record_status record;
	bool temporary; /* DNS could not say whether there is a record */
	char id[RECORD_ID_SIZE];      /* of the TXT record, "" without one */
	int64_t fresh_until;	      /* by the TXT answer's TTL */
	int64_t mx_fresh_until;
	char detail[ANSWER_DETAIL_SIZE]; /* of the TXT answer */

	/* Valid with DISCOVERY_DONE. */
	struct answer answer;
	enum mtasts_source source;
	bool from_answers; /* answer came from the cache and stays as it is */
	enum discovery_store store;
	bool fetched;	   /* a fetch was tried, */
	bool fetch_failed; /* and was of no use */
};

/*
 * entry   the durable record, NULL if there is none
 * answer  the remembered answer, fresh or stale, NULL if there is none
 *
 * ASK, or DONE if the answer may be given as it is.
 */
enum discovery_action discovery_begin(struct discovery *discovery,
    const struct entry *entry, const struct answer *answer, int64_t now);

/* The TXT and MX answers, in any order. */
enum discovery_action discovery_txt(struct discovery *discovery,
    const struct dns_answer *dns, int64_t now);
enum discovery_action discovery_mx(struct discovery *discovery,
    const struct dns_answer *dns, int64_t now);

/* The flight was taken, and this is what the cache holds now. */
enum discovery_action discovery_cached(struct discovery *discovery,
    const struct entry *entry, const struct answer *answer, int64_t now);

/* The id the fetch is made under. */
const char *discovery_fetch_id(const struct discovery *discovery);

/* The HTTPS answer. storage: at least https->len + 1 octets, which the policy
 * leads into from now on; https->body must stay as well. */
enum discovery_action discovery_fetched(struct discovery *discovery,
    const struct https_answer *https, char *storage, int64_t now);

/* The caller's patience is over: conclude from what there is. */
enum discovery_action discovery_deadline(struct discovery *discovery,
    int64_t now);

/* May strict_first_use hold the mail still, by the first sight of an id, or by
 * when DNS was first asked for one in vain? Where there was neither, it may. */
bool discovery_is_first_use(const struct answer *answer, int64_t now);

/* Make a stored policy the answer; its views are the entry's. */
void discovery_give(const struct entry *entry, int64_t now,
    struct answer *answer);

#endif
