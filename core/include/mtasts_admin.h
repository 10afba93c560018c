/*
 * What mtasts-cachectl needs and nobody else: reading and changing the whole
 * cache, lint, a trace of the steps. Not installed, no promise: its symbols
 * stand under a private version node and may change with every release.
 */
#ifndef MTASTS_ADMIN_H
#define MTASTS_ADMIN_H

#include "mtasts.h"

#pragma GCC visibility push(default)

/* ---- Lint ------------------------------------------------------------- */

#define MTASTS_LINT_WARNINGS 32

struct mtasts_lint_note {
	unsigned line; /* from 1; 0 where there is none */
	unsigned column;
	const char *code;  /* "bom", "max-age-clamped": static */
	char message[200]; /* escaped */
};

struct mtasts_lint {
	bool has_error;
	struct mtasts_lint_note error;
	size_t warning_count; /* may exceed the array: the rest was dropped */
	struct mtasts_lint_note warnings[MTASTS_LINT_WARNINGS];
};

/* A policy, spelled out. mx: count strings, each with its NUL, in a row. */
struct mtasts_policy_view {
	enum mtasts_mode mode;
	uint32_t max_age;
	size_t mx_count;
	const char *mx;
};

/*
 * Parse a policy body (RFC 8461, 3.2).
 *
 * *storage gets the memory that *out leads into, for the caller to free(),
 * also after false. False: not valid, lint has the error, *out is all zero.
 */
bool mtasts_admin_lint_policy(const char *data, size_t len,
    struct mtasts_policy_view *out, char **storage, struct mtasts_lint *lint);

/*
 * Parse a TXT RRset (RFC 8461, 3.1). True if a policy is promised: id is set.
 * False with lint->has_error unset: no record of ours.
 */
bool mtasts_admin_lint_records(const char *const *records, size_t count,
    char id[33], struct mtasts_lint *lint);

/* Does a host match a policy given by a body's view (RFC 8461, 4.1)? */
bool mtasts_admin_match(const struct mtasts_policy_view *policy,
    const char *host);

/*
 * Look at a live domain: the latest evaluation's result, the record and policy
 * it publishes now; adds warnings no parser can see (mx that matches no MX host,
 * short max_age under enforce, testing, no TLSRPT record).
 */
enum mtasts_status mtasts_admin_lint_domain(struct mtasts_session *session,
    const char *domain, const struct mtasts_result **result,
    struct mtasts_lint *lint, struct mtasts_error *err);

/* ---- Trace ------------------------------------------------------------ */

/* One step of a lookup: what was done, to what, what came of it. */
struct mtasts_step {
	enum mtasts_stage stage;
	const char *subject; /* a name or address */
	const char *text;    /* one sentence, escaped */
	int64_t elapsed;     /* milliseconds the step took */
};

typedef void mtasts_trace_fn(void *arg, const struct mtasts_step *step);
void mtasts_admin_set_trace(struct mtasts *ctx, mtasts_trace_fn *fn, void *arg);

/* ---- The cache -------------------------------------------------------- */

/* A cached policy, all of it. Strings live for the duration of the call. */
struct mtasts_cached {
	const char *domain;
	const char *id;
	struct mtasts_policy_view policy;
	const char *raw; /* the body as fetched, NULL if it was not kept */
	size_t raw_len;
	int64_t fetched_at;
	int64_t expires_at;
	int64_t refresh_at;
	int64_t used_at;    /* to the day */
	int64_t checked_at; /* when DNS was asked last, 0 if unknown */
	uint32_t refresh_failures;
	bool live; /* not expired */
};

/* Return false to stop. */
typedef bool mtasts_cached_fn(void *arg, const struct mtasts_cached *cached);

/* The policy stored for a domain. MTASTS_NOTFOUND if there is none. */
enum mtasts_status mtasts_admin_show(struct mtasts *ctx, const char *domain,
    mtasts_cached_fn *fn, void *arg, struct mtasts_error *err);

/* Every stored policy in the order of names; memory does not grow with the
 * cache, and no transaction is held for long. */
enum mtasts_status mtasts_admin_list(struct mtasts *ctx, mtasts_cached_fn *fn,
    void *arg, struct mtasts_error *err);

/* Store what mtasts_admin_list gave (import). Everything is validated as if it
 * came from the network: MTASTS_INVALID with the reason if it cannot be. With
 * raw, the body is parsed and must agree. */
enum mtasts_status mtasts_admin_store(struct mtasts *ctx,
    const struct mtasts_cached *cached, struct mtasts_error *err);

/*
 * The same for any number of policies, some hundred at a time: as much is lost
 * with the power as add() took since it last stored.
 *
 * add  MTASTS_INVALID concerns this one alone; others mean that what waited
 *      could not be stored, or not all of it.
 * end  stores what waits, and frees. *stored counts what is in the cache now.
 *      NULL is fine.
 */
struct mtasts_import;
enum mtasts_status mtasts_admin_import_new(struct mtasts *ctx,
    struct mtasts_import **out, struct mtasts_error *err);
enum mtasts_status mtasts_admin_import_add(struct mtasts_import *import,
    const struct mtasts_cached *cached, struct mtasts_error *err);
enum mtasts_status mtasts_admin_import_end(struct mtasts_import **import,
    size_t *stored, struct mtasts_error *err);

/* Remove a domain's policy and answers. MTASTS_NOTFOUND if nothing was there. */
enum mtasts_status mtasts_admin_remove(struct mtasts *ctx, const char *domain,
    struct mtasts_error *err);

/* Remove what has expired, or everything; *removed counts policies. */
enum mtasts_status mtasts_admin_purge(struct mtasts *ctx, size_t *removed,
    struct mtasts_error *err);
enum mtasts_status mtasts_admin_clear(struct mtasts *ctx, size_t *removed,
    struct mtasts_error *err);

/* Name (static) and value of each statistic, in a fixed order. */
typedef void mtasts_stat_fn(void *arg, const char *name, uint64_t value);
enum mtasts_status mtasts_admin_stats(struct mtasts *ctx, mtasts_stat_fn *fn,
    void *arg, struct mtasts_error *err);

/* Walk the files in a child and report each thing found wrong. *damage counts. */
typedef void mtasts_report_fn(void *arg, const char *text);
enum mtasts_status mtasts_admin_verify(struct mtasts *ctx, mtasts_report_fn *fn,
    void *arg, size_t *damage, struct mtasts_error *err);

/* Write a compacted copy of the policies environment to a file that does not
 * exist yet. */
enum mtasts_status mtasts_admin_compact(struct mtasts *ctx, const char *file,
    struct mtasts_error *err);

/*
 * Many lookups on the calling thread, up to jobs in flight. next() returns the
 * domain to do (borrowed until the next call) or NULL at the end; done() gets
 * each result as it comes, in any order. flags as mtasts_lookup.
 */
typedef const char *mtasts_next_fn(void *arg);
typedef void mtasts_done_fn(void *arg, const struct mtasts_result *result);
enum mtasts_status mtasts_admin_batch(struct mtasts *ctx, unsigned flags,
    unsigned jobs, mtasts_next_fn *next, mtasts_done_fn *done, void *arg,
    struct mtasts_error *err);

#pragma GCC visibility pop

#endif
