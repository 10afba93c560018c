/*
 * A program that uses the library, over and over, and tells each answer as a
 * line: what the tests of faults kill, starve and starve of memory.
 *
 *	worker [-b] [-p ms] [-r rounds] CONF VERB DOMAIN...
 *
 * -b  with the background thread, as a daemon
 * -p  milliseconds to wait between two answers
 * -r  so many times all domains, then end; without it, for ever
 *
 * lookup, recheck, cached and evaluate write "DOMAIN OUTCOME MODE VERDICT
 *REASON SOURCE ID", with "-" for nothing. store writes "N.DOMAIN stored" when
 *the policy of a domain of that name is in the cache, N counting up; list
 *writes "DOMAIN listed" of each. A call that fails is "DOMAIN error STATUS".
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mtasts.h"
#include "mtasts_admin.h"

#define DEADLINE 20000

struct worker {
	struct mtasts *ctx;
	struct mtasts_session *session;
	unsigned long stored;
};

struct verb {
	const char *name;
	void (*run)(struct worker *, const char *domain);
};

/* ---- Verbs ----------------------------------------------------------------
 */

static const char *
or_dash(const char *s)
{
	return s == NULL || s[0] == '\0' ? "-" : s;
}

static void
tell_error(const char *domain, enum mtasts_status status)
{
	printf("%s error %s\n", domain, mtasts_status_name(status));
}

static void
tell(const char *domain, enum mtasts_status status,
    const struct mtasts_result *r)
{
	if (status != MTASTS_OK) {
		tell_error(domain, status);
		return;
	}
	printf("%s %s %s %s %s %s %s\n", domain,
	    mtasts_outcome_name(mtasts_result_outcome(r)),
	    mtasts_mode_name(mtasts_result_mode(r)),
	    mtasts_verdict_name(mtasts_result_verdict(r)),
	    mtasts_reason_name(mtasts_result_reason(r)),
	    mtasts_source_name(mtasts_result_source(r)),
	    or_dash(mtasts_result_id(r)));
}

static void
ask(struct worker *w, const char *domain, unsigned flags, int deadline)
{
	const struct mtasts_result *r;
	enum mtasts_status status =
	    mtasts_lookup(w->session, domain, flags, deadline, &r, NULL);

	tell(domain, status, r);
}

static void
lookup(struct worker *w, const char *domain)
{
	ask(w, domain, 0, DEADLINE);
}

static void
recheck(struct worker *w, const char *domain)
{
	ask(w, domain, MTASTS_RECHECK, DEADLINE);
}

static void
cached(struct worker *w, const char *domain)
{
	ask(w, domain, 0, 0);
}

static void
evaluate(struct worker *w, const char *domain)
{
	const struct mtasts_result *r;
	enum mtasts_status status =
	    mtasts_evaluate(w->session, domain, 0, DEADLINE, &r, NULL);

	tell(domain, status, r);
	if (status == MTASTS_OK &&
	    mtasts_result_verdict(r) != MTASTS_VERDICT_PASS)
		fprintf(stderr, "%s: %s\n", domain, mtasts_result_sentence(r));
}

static void
store(struct worker *w, const char *domain)
{
	char name[300];
	const time_t now = time(NULL);
	const struct mtasts_cached c = { .domain = name,
		.id = "stored",
		.policy = { MTASTS_MODE_ENFORCE, 864000, 1, "mx.good.test" },
		.fetched_at = now,
		.used_at = now,
		.refresh_at = now + 86400 };
	enum mtasts_status status;

	snprintf(name, sizeof(name), "%lu.%s", w->stored, domain);
	if ((status = mtasts_admin_store(w->ctx, &c, NULL)) != MTASTS_OK) {
		tell_error(name, status);
		return;
	}
	printf("%s stored\n", name);
	w->stored++;
}

static bool
tell_listed(void *arg, const struct mtasts_cached *c)
{
	(void)arg;
	printf("%s listed\n", c->domain);
	return true;
}

static void
list(struct worker *w, const char *domain)
{
	enum mtasts_status status =
	    mtasts_admin_list(w->ctx, tell_listed, NULL, NULL);

	if (status != MTASTS_OK)
		tell_error(domain, status);
}

static const struct verb verbs[] = {
	{ "lookup", lookup },
	{ "recheck", recheck },
	{ "cached", cached },
	{ "evaluate", evaluate },
	{ "store", store },
	{ "list", list },
};

static const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* ---- The program ------------------------------------------------------------
 */

static void
say(void *arg, enum mtasts_log_level level, const char *line)
{
	(void)arg;
	fprintf(stderr, "%d %s\n", level, line);
}

static enum mtasts_status
make_context(struct worker *w, const char *conf, bool background,
    struct mtasts_error *err)
{
	struct mtasts_options *options;
	enum mtasts_status status = mtasts_options_new(&options);
	bool still_root;

	if (status != MTASTS_OK) {
		err->text[0] = '\0';
		return status;
	}
	status = mtasts_options_load(options, conf, err);
	if (status == MTASTS_OK)
		status = mtasts_become_owner(options, &still_root, err);
	if (status == MTASTS_OK)
		status = mtasts_new(options, &w->ctx, err);
	mtasts_options_free(&options);
	if (status == MTASTS_OK)
		mtasts_set_log(w->ctx, say, NULL, MTASTS_LOG_WARNING);
	if (status == MTASTS_OK && background)
		status =
		    mtasts_start_thread(w->ctx, MTASTS_THREAD_REFRESH, err);
	return status;
}

static void
work(struct worker *w, const struct verb *verb, char **domains, long rounds,
    long pause)
{
	const struct timespec ts = { pause / 1000, pause % 1000 * 1000000 };

	for (long i = 0; rounds == 0 || i < rounds; i++)
		for (char **domain = domains; *domain != NULL; domain++) {
			verb->run(w, *domain);
			nanosleep(&ts, NULL);
		}
}

static int
usage(void)
{
	fputs("usage: worker [-b] [-p ms] [-r rounds] CONF VERB DOMAIN...\n",
	    stderr);
	return 64;
}

int
main(int argc, char **argv)
{
	struct worker w = { 0 };
	struct mtasts_error err = { .status = MTASTS_OK };
	const struct verb *verb;
	enum mtasts_status status;
	bool background = false;
	long pause = 0, rounds = 0;
	int option;

	while ((option = getopt(argc, argv, "bp:r:")) != -1)
		if (option == 'b')
			background = true;
		else if (option == 'p')
			pause = atol(optarg);
		else if (option == 'r')
			rounds = atol(optarg);
		else
			return usage();
	if (argc - optind < 3 || (verb = verb_find(argv[optind + 1])) == NULL)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	status = make_context(&w, argv[optind], background, &err);
	if (status == MTASTS_OK)
		status = mtasts_session_new(w.ctx, &w.session, &err);
	if (status == MTASTS_OK)
		work(&w, verb, argv + optind + 2, rounds, pause);
	else
		fprintf(stderr, "worker: %s: %s\n", mtasts_status_name(status),
		    err.text);
	mtasts_session_free(&w.session);
	mtasts_free(&w.ctx);
	return status == MTASTS_OK ? 0 : status == MTASTS_NOMEM ? 3 : 2;
}
