/*
 * libmtasts: SMTP MTA Strict Transport Security (RFC 8461) for sending hosts.
 *
 * A process makes one context, a thread one session. A session looks up the
 * policy of a domain, or evaluates whether that policy can be satisfied; the
 * result tells what was found, why, and where it came from.
 *
 *	struct mtasts_options	settings, read from mtasts.conf or set one by one
 *	struct mtasts		one a process: settings, cache, loop; thread-safe
 *	struct mtasts_session	one a thread: read transactions, a reusable result
 *	struct mtasts_result	the session's latest answer, read by functions
 *
 * Absent, temporary and broken are three different answers everywhere. "No
 * policy" is a result, not an error.
 *
 * Fork: a context made before fork() may be used in the child; what belonged to
 * the parent (cache handle, loop) is left alone there and made anew on first
 * use. A session made before fork() is usable in the child by one thread. The
 * background thread does not exist in the child.
 *
 * Text in results comes from the network. It is bounded, and never holds
 * control bytes or invalid UTF-8: both are escaped as \xHH.
 */
#ifndef MTASTS_H
#define MTASTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtasts_version.h"

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

struct mtasts;
struct mtasts_options;
struct mtasts_result;
struct mtasts_session;

/* Did the call work? */
enum mtasts_status {
	MTASTS_OK = 0,
	MTASTS_NOMEM,	 /* out of memory */
	MTASTS_INVALID,	 /* an argument cannot be used */
	MTASTS_CONFIG,	 /* a configuration file or option value is wrong */
	MTASTS_SYSTEM,	 /* the operating system refused; code is errno */
	MTASTS_CACHE,	 /* the cache cannot be read or written */
	MTASTS_NOTFOUND, /* what was asked for is not there */
};

/* Where in the work an error or a step of a trace belongs. */
enum mtasts_stage {
	MTASTS_STAGE_NONE = 0,
	MTASTS_STAGE_OPTIONS,
	MTASTS_STAGE_CACHE,
	MTASTS_STAGE_DNS,
	MTASTS_STAGE_HTTPS,
	MTASTS_STAGE_POLICY,
	MTASTS_STAGE_MX,
	MTASTS_STAGE_PROBE,
	MTASTS_STAGE_VERDICT,
};

/* Filled by a call that does not return MTASTS_OK. The caller owns it. */
struct mtasts_error {
	enum mtasts_status status;
	enum mtasts_stage stage;
	int code;	/* the backend's own number, 0 if it has none */
	char text[240]; /* one sentence, escaped */
};

/* The policy's mode (RFC 8461, 5). NO_POLICY is not MODE_NONE. */
enum mtasts_mode {
	MTASTS_NO_POLICY = 0,
	MTASTS_MODE_NONE,
	MTASTS_MODE_TESTING,
	MTASTS_MODE_ENFORCE,
};

/* What a lookup came to. */
enum mtasts_outcome {
	MTASTS_OUTCOME_NONE = 0,    /* the domain has no policy */
	MTASTS_OUTCOME_POLICY,	    /* a live policy applies */
	MTASTS_OUTCOME_UNAVAILABLE, /* perhaps promised, not to be had: deliver */
	MTASTS_OUTCOME_DEFER,	    /* the same under strict_first_use: hold */
};

/* Where the policy came from. */
enum mtasts_source {
	MTASTS_SOURCE_NONE = 0,
	MTASTS_SOURCE_CACHE,
	MTASTS_SOURCE_NETWORK,
	MTASTS_SOURCE_OVERRIDE,
};

/*
 * Why the outcome is what it is. With MTASTS_OUTCOME_POLICY anything but
 * REASON_POLICY tells what discovery ran into while a cached policy stayed in
 * force. The names of the sts-* values are RFC 8460's result types.
 */
enum mtasts_reason {
	MTASTS_REASON_POLICY = 0,	/* policy */
	MTASTS_REASON_NOT_A_DOMAIN,	/* not-a-domain */
	MTASTS_REASON_OVERRIDE_SKIP,	/* override-skip */
	MTASTS_REASON_NO_RECORD,	/* no-record */
	MTASTS_REASON_MULTIPLE_RECORDS, /* multiple-records */
	MTASTS_REASON_INVALID_RECORD,	/* invalid-record */
	MTASTS_REASON_DNS_TEMPERROR,	/* dns-temperror */
	MTASTS_REASON_FETCH_ERROR,	/* sts-policy-fetch-error */
	MTASTS_REASON_WEBPKI_INVALID,	/* sts-webpki-invalid */
	MTASTS_REASON_POLICY_INVALID,	/* sts-policy-invalid */
	MTASTS_REASON_NULL_MX,		/* null-mx */
	MTASTS_REASON_NO_SUCH_DOMAIN,	/* no-such-domain */
	MTASTS_REASON_DEADLINE,		/* deadline */
	MTASTS_REASON_NOT_CACHED,	/* not-cached: asked of the cache alone */
};

/* What evaluation says of a domain. */
enum mtasts_verdict {
	MTASTS_VERDICT_NONE = 0,  /* no policy applies */
	MTASTS_VERDICT_PASS,	  /* an MX host satisfies the policy */
	MTASTS_VERDICT_FAIL,	  /* no MX host can */
	MTASTS_VERDICT_TEMPERROR, /* could not be determined */
};

/* What was found at one MX host: RFC 8460, 4.3 result types and three of ours. */
enum mtasts_finding {
	MTASTS_FINDING_NOT_PROBED = 0,
	MTASTS_FINDING_OK,
	MTASTS_FINDING_CONNECT_FAILED,
	MTASTS_FINDING_STARTTLS_NOT_SUPPORTED,
	MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH,
	MTASTS_FINDING_CERTIFICATE_EXPIRED,
	MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED,
	MTASTS_FINDING_VALIDATION_FAILURE,
};

/* One MX host of an evaluated domain. Strings live as long as the result. */
struct mtasts_host {
	const char *name;	 /* the MX record's name, A-labels, no dot */
	uint16_t preference;
	bool matched;		 /* named by an mx pattern of the policy */
	enum mtasts_finding finding;
	const char *detail;	 /* reason code or sentence, "" if none */
};

/* The word for a value, as in logs and JSON. Never NULL; static. */
const char *mtasts_status_name(enum mtasts_status status);
const char *mtasts_stage_name(enum mtasts_stage stage);
const char *mtasts_mode_name(enum mtasts_mode mode); /* "no-policy" for none */
const char *mtasts_outcome_name(enum mtasts_outcome outcome);
const char *mtasts_source_name(enum mtasts_source source);
const char *mtasts_reason_name(enum mtasts_reason reason);
const char *mtasts_verdict_name(enum mtasts_verdict verdict);
const char *mtasts_finding_name(enum mtasts_finding finding);

/* The version of the library that is running; the macro is the header's. */
const char *mtasts_library_version(void);

/* ---- Options ---------------------------------------------------------- */

/*
 * Options with every default set.
 *
 * Returns MTASTS_OK or MTASTS_NOMEM. The caller owns *out.
 */
enum mtasts_status mtasts_options_new(struct mtasts_options **out);

/* Frees *options and sets it NULL. NULL and a pointer to NULL are fine. */
void mtasts_options_free(struct mtasts_options **options);

/*
 * Read a configuration file (mtasts.conf(5)) over what is set already.
 *
 * file  path, or NULL for the built-in path. The built-in file may be absent;
 *       a named one may not.
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, or MTASTS_CONFIG with file and line in err.
 */
enum mtasts_status mtasts_options_load(struct mtasts_options *options,
    const char *file, struct mtasts_error *err);

/*
 * Set one option as the configuration file would.
 *
 * name   "section.key", for instance "cache.directory"
 * value  text; lists are separated by commas; durations take ms, s, m, h, d
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, or MTASTS_CONFIG.
 */
enum mtasts_status mtasts_options_set(struct mtasts_options *options,
    const char *name, const char *value, struct mtasts_error *err);

/*
 * The value of an option that is a number: milliseconds where its unit may be
 * ms, else seconds; 0 or 1; a log level. -1 for any other option.
 */
int64_t mtasts_options_number(const struct mtasts_options *options,
    const char *name);

/* The value of an option that is one text, "" if unset. NULL for any other
 * option. Valid until the option is set anew or the options are freed. */
const char *mtasts_options_text(const struct mtasts_options *options,
    const char *name);

/* Item i of an option that is a list of texts, NULL behind the last. */
const char *mtasts_options_item(const struct mtasts_options *options,
    const char *name, size_t i);

/*
 * Make the directories of the options, if need be, with their owner, so that a
 * root process can put its sockets there before it gives up root.
 *
 * Returns as mtasts_become_owner.
 */
enum mtasts_status mtasts_make_directories(const struct mtasts_options *options,
    struct mtasts_error *err);

/*
 * A root process becomes the owner of the cache directory, for good: no process
 * opens the cache as root. Creates the directories of the options first, if
 * need be. Does nothing for another user. Where root itself owns the directory
 * it stays root, and *still_root is set.
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, MTASTS_CONFIG for a user or group that does
 * not exist, or MTASTS_SYSTEM. Call it before any other thread is started.
 */
enum mtasts_status mtasts_become_owner(const struct mtasts_options *options,
    bool *still_root, struct mtasts_error *err);

/* ---- Context ---------------------------------------------------------- */

/*
 * Make a context. Opens nothing: the cache and the network are set up by the
 * first lookup that needs them. A process should have one.
 *
 * options  borrowed for the call, copied; NULL means defaults.
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, or MTASTS_CONFIG if a file named by the
 * options (overrides) is wrong. The caller owns *out.
 */
enum mtasts_status mtasts_new(const struct mtasts_options *options,
    struct mtasts **out, struct mtasts_error *err);

/*
 * Stops the background thread, closes everything, sets *ctx NULL. NULL is fine.
 * Every session of the context must be free by then.
 */
void mtasts_free(struct mtasts **ctx);

/* Severity of a log line, as in syslog(3): smaller is worse. */
enum mtasts_log_level {
	MTASTS_LOG_ERROR = 3,
	MTASTS_LOG_WARNING = 4,
	MTASTS_LOG_NOTICE = 5,
	MTASTS_LOG_INFO = 6,
	MTASTS_LOG_DEBUG = 7,
};

/*
 * Receives one log line, key=value pairs, escaped, without a newline. Called by
 * any thread that uses the context; must not call the context back.
 */
typedef void mtasts_log_fn(void *arg, enum mtasts_log_level level,
    const char *line);

/* Send log lines of this level and worse to fn. Silent until called; fn may be
 * NULL. Call before any other thread uses the context. */
void mtasts_set_log(struct mtasts *ctx, mtasts_log_fn *fn, void *arg,
    enum mtasts_log_level level);

/*
 * Start the background thread: it runs every discovery of this context from
 * now on, so that a caller's deadline ends the caller's wait and not the work,
 * and, with MTASTS_THREAD_REFRESH, fetches cached policies anew when they are
 * due (RFC 8461, 3.3 and 10.2).
 *
 * Call before any other thread uses the context.
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, MTASTS_SYSTEM, or MTASTS_INVALID if it runs.
 */
#define MTASTS_THREAD_REFRESH 0x1u
enum mtasts_status mtasts_start_thread(struct mtasts *ctx, unsigned flags,
    struct mtasts_error *err);

/* ---- Sessions and lookups --------------------------------------------- */

/* A session of ctx, for one thread at a time. The caller owns *out. */
enum mtasts_status mtasts_session_new(struct mtasts *ctx,
    struct mtasts_session **out, struct mtasts_error *err);

/* Frees *session with its result and sets it NULL. NULL is fine. */
void mtasts_session_free(struct mtasts_session **session);

/* Flags of mtasts_lookup and mtasts_evaluate. */
#define MTASTS_RECHECK 0x1u /* ask DNS for the TXT record whatever is cached */
#define MTASTS_REFRESH 0x2u /* and fetch the policy whatever the TXT says */
#define MTASTS_PREFER_CACHED 0x4u /* block for half the deadline where a live
				   * policy is cached */

/*
 * Find the MTA-STS policy that governs mail to a domain (RFC 8461, 3 and 5).
 *
 * domain    U-label or A-label form, borrowed for the call. A name that can have
 *           no policy (literal, single label, invalid) is answered, not refused.
 * flags     0 or MTASTS_RECHECK, MTASTS_REFRESH, MTASTS_PREFER_CACHED
 * deadline  milliseconds this call may block; 0 answers from the cache alone;
 *           negative means the built-in bounds of DNS and HTTPS (about 75 s).
 * *result   set on MTASTS_OK; belongs to the session, valid until its next call.
 *           "This domain publishes no policy" is a result, not an error.
 * err       may be NULL; filled only when the return value is not MTASTS_OK.
 *
 * Returns MTASTS_OK or MTASTS_NOMEM. A session belongs to one thread.
 */
enum mtasts_status mtasts_lookup(struct mtasts_session *session,
    const char *domain, unsigned flags, int deadline,
    const struct mtasts_result **result, struct mtasts_error *err);

/*
 * The same, then ask whether the policy can be satisfied (RFC 8461, 4): MX
 * hosts, their match against the policy, and a probe of those that match.
 *
 * Without a flag a pass may be given from the cache alone, without a system
 * call: where the policy's answer is fresh, the MX hosts of a pass before are
 * within their TTL (of which 5 minutes count at most), and so are the probe's
 * findings. Any other verdict comes after a question to DNS for the MX records;
 * with deadline 0 it is a temperror. Before a fail under enforce is reported the
 * TXT record is asked for again (RFC 8461, 5.1).
 *
 * Arguments, result, errors and threads as mtasts_lookup.
 */
enum mtasts_status mtasts_evaluate(struct mtasts_session *session,
    const char *domain, unsigned flags, int deadline,
    const struct mtasts_result **result, struct mtasts_error *err);

/*
 * Receives the answer of mtasts_lookup_start.
 *
 * result  belongs to the library, valid until fn returns; NULL if there was no
 *         memory for it.
 *
 * Called by the background thread, which waits for it: fn must not block, nor
 * call mtasts_free, nor look anything up with a deadline but 0. It may call
 * mtasts_lookup_start; what is begun during mtasts_free is answered by it, too.
 */
typedef void mtasts_lookup_fn(void *arg, const struct mtasts_result *result);

/*
 * Begin a lookup and be told its answer by a call, so that one thread can
 * have many under way (RFC 8461, 3 and 5). The context's background thread does
 * the work: mtasts_start_thread comes first.
 *
 * domain    as of mtasts_lookup, borrowed for the call
 * flags     as of mtasts_lookup
 * deadline  milliseconds from now until fn is called at the latest, as of
 *           mtasts_lookup: then with what the cache has, and the work goes on.
 *           0 answers from the cache alone, negative means the built-in bounds.
 * fn, arg   what is called: exactly once, on the background thread, perhaps
 *           before this function returns
 * err       may be NULL; filled only when the return value is not MTASTS_OK.
 *
 * mtasts_free answers what is under way from the cache, as if its deadline had
 * come; fn has been called for all when it returns. In a child process fn is not
 * called for what its parent began.
 *
 * Returns MTASTS_OK, MTASTS_NOMEM, or MTASTS_INVALID without a background
 * thread; where it is not MTASTS_OK fn is not called. Any thread may call it.
 */
enum mtasts_status mtasts_lookup_start(struct mtasts *ctx, const char *domain,
    unsigned flags, int deadline, mtasts_lookup_fn *fn, void *arg,
    struct mtasts_error *err);

/*
 * May mail of this domain go to this MX host (RFC 8461, 4.1)? True where no
 * policy applies or its mode is none; for testing the answer is the match too,
 * and what to do about it is the caller's choice.
 *
 * host  name as in the MX record; case and one trailing dot do not matter.
 */
bool mtasts_result_match(const struct mtasts_result *result, const char *host);

/* ---- Reading a result ------------------------------------------------- */

/* The policy domain, normalised; as given, escaped, if it is not a domain. */
const char *mtasts_result_domain(const struct mtasts_result *result);
enum mtasts_outcome mtasts_result_outcome(const struct mtasts_result *result);
enum mtasts_mode mtasts_result_mode(const struct mtasts_result *result);
enum mtasts_source mtasts_result_source(const struct mtasts_result *result);
enum mtasts_reason mtasts_result_reason(const struct mtasts_result *result);
/* One sentence or reason code on the reason; "" if there is nothing to add. */
const char *mtasts_result_detail(const struct mtasts_result *result);
/* The id of the TXT record the policy was fetched under, "" without one. */
const char *mtasts_result_id(const struct mtasts_result *result);
/* Seconds, clamped to 31557600; 0 without a policy. */
uint32_t mtasts_result_max_age(const struct mtasts_result *result);
/* Seconds since 1970; 0 without a policy, or for an override. */
int64_t mtasts_result_fetched_at(const struct mtasts_result *result);
int64_t mtasts_result_expires_at(const struct mtasts_result *result);
/* The policy's mx patterns, in its order. Pattern i for i < count, else NULL. */
size_t mtasts_result_mx_count(const struct mtasts_result *result);
const char *mtasts_result_mx(const struct mtasts_result *result, size_t i);

/* What only mtasts_evaluate fills; VERDICT_NONE, "" and 0 after a lookup. */
enum mtasts_verdict mtasts_result_verdict(const struct mtasts_result *result);
/* RFC 3463 code for a deferral, "4.7.5" for instance; "" where none is due. */
const char *mtasts_result_enhanced_code(const struct mtasts_result *result);
/* One plain sentence: which host, what was wrong. */
const char *mtasts_result_sentence(const struct mtasts_result *result);
size_t mtasts_result_host_count(const struct mtasts_result *result);
/* Host i in MX order, or NULL. */
const struct mtasts_host *mtasts_result_host(const struct mtasts_result *result,
    size_t i);

/*
 * The one log line of a decision: domain=… policy=enforce id=… source=cache
 * verdict=fail host=… result=… reason="…".
 *
 * Writes at most size octets with the final NUL. Returns the length without it;
 * a line that does not fit is cut and ends in "...".
 */
size_t mtasts_result_format(const struct mtasts_result *result, char *buf,
    size_t size);

/*
 * The patterns of the policy as Postfix and Sendmail take them behind match=:
 * "mx.example.com:.example.com". "" without a policy.
 *
 * Returns false, with "" in buf, if the whole list does not fit in size: a
 * shorter one would mean another policy.
 */
bool mtasts_result_match_list(const struct mtasts_result *result, char *buf,
    size_t size);

/*
 * The policy as its host published it, for those who report on it (RFC 8460,
 * 4.4): its lines, empty ones left out, each ended by a newline. Reads the cache,
 * so by the thread of the result's session only.
 *
 * Returns false, with "" in buf, if it is not kept: no policy, an override, one
 * longer than 8 KiB, or not to be read; or if it does not fit in size.
 */
bool mtasts_result_published(const struct mtasts_result *result, char *buf,
    size_t size);

/*
 * Is there a policy of mode enforce, which demands an authenticated MX host?
 * False for testing and none.
 */
bool mtasts_result_enforces(const struct mtasts_result *result);

/*
 * What a sender should do about an evaluated domain, before it tries to
 * deliver (RFC 8461, 5).
 */
enum mtasts_advice {
	MTASTS_ADVICE_DELIVER = 0, /* nothing speaks against it */
	MTASTS_ADVICE_REPORT,	   /* deliver: the mode is testing, and it fails */
	MTASTS_ADVICE_UNKNOWN,	   /* an enforce policy; could not be determined */
	MTASTS_ADVICE_HOLD,	   /* strict_first_use: defer */
	MTASTS_ADVICE_WITHHOLD,	   /* an enforce policy that no MX host satisfies */
};
enum mtasts_advice mtasts_result_advice(const struct mtasts_result *result);

/* The same domain, however it is written: case, U-labels, one trailing dot?
 * False if either is no domain. */
bool mtasts_same_domain(const char *a, const char *b);

/*
 * The hosts that may not have the domain's mail, as a list for Exim's option
 * ignore_target_hosts: every host but those that mtasts_result_match accepts,
 * and but the local one, which Exim's own loop rule has to see. "" where no
 * policy applies or its mode is none.
 *
 * buf, size  MTASTS_IGNORE_LIST_SIZE is enough for any policy of RFC 8461
 *
 * Returns false, with "" in buf, if the whole list does not fit: a shorter one
 * would mean another policy.
 */
#define MTASTS_IGNORE_LIST_SIZE (192 * 1024)
bool mtasts_result_ignore_list(const struct mtasts_result *result, char *buf,
    size_t size);

/*
 * May mail of this domain have gone to this host, which may be known by another
 * name than its MX record's: that of an alias's target? False if it is an MX host
 * that mtasts_result_match refuses, or if no MX host is accepted.
 *
 * result  of mtasts_evaluate
 */
bool mtasts_result_match_target(const struct mtasts_result *result,
    const char *host);

/* ---- What became of mail ---------------------------------------------- */

/* One connection to an MX host, as the MTA saw it. Strings may hold anything. */
struct mtasts_connection {
	const char *domain;	   /* the policy domain */
	const char *host;	   /* the MX host */
	const char *address;	   /* its address, "" if not known */
	enum mtasts_mode mode;	   /* of the policy it was made under */
	enum mtasts_finding finding;
	const char *detail;	   /* a sentence, "" if none */
};

/*
 * Where the MTA chose the host without the policy, as under mode testing: one
 * that the policy does not name is a failure (RFC 8461, 4.1), and becomes the
 * connection's finding and detail. A host may be known by the name of its alias's
 * target (mtasts_result_match_target).
 *
 * result  of mtasts_evaluate
 */
void mtasts_judge_connection(const struct mtasts_result *result,
    struct mtasts_connection *connection);

/*
 * Count a connection, and write the one log line that tells of it:
 * domain=… policy=enforce host=… address=… result=… reason="…".
 *
 * Writes at most size octets with the final NUL. Returns the length without it;
 * what does not fit is left out.
 */
size_t mtasts_note_connection(struct mtasts *ctx,
    const struct mtasts_connection *connection, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
