/*
 * Rows 13 and 14: how long a lookup of a cached, live policy takes while others
 * write. Looks up every other domain, at random, each timed by itself, for so
 * many seconds or until SIGTERM. Writes an empty line when it begins.
 *
 *	reader DIRECTORY DOMAINS SECONDS
 */
#include "bench.h"
#include "context.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOKUPS_MAX 50000000

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static double
look_up(struct mtasts_session *session, unsigned i)
{
	const struct mtasts_result *result;
	char name[BENCH_NAME_SIZE];
	double start;

	bench_name(i, name);
	start = bench_seconds();
	if (mtasts_lookup(session, name, 0, 0, &result, NULL) != MTASTS_OK ||
	    mtasts_result_mode(result) != MTASTS_MODE_ENFORCE)
		bench_fail(name, "is not cached");
	return bench_seconds() - start;
}

int
main(int argc, char **argv)
{
	struct mtasts_session *session;
	struct bench_time start;
	struct mtasts *ctx;
	double *latencies = malloc(LOOKUPS_MAX * sizeof(*latencies));
	unsigned domains, count = 0;
	uint32_t seed = 1;
	double until;

	if (argc != 4 || latencies == NULL)
		bench_fail("usage", "reader DIRECTORY DOMAINS SECONDS");
	ctx = bench_context(argv[1]);
	domains = bench_number(argv[2]);
	if (mtasts_session_new(ctx, &session, NULL) != MTASTS_OK)
		bench_fail("session", "no memory");
	look_up(session, 0);
	signal(SIGTERM, stop);
	puts("");
	fflush(stdout);
	until = bench_seconds() + bench_number(argv[3]);
	start = bench_now();
	while (!stopped && count < LOOKUPS_MAX && bench_seconds() < until)
		latencies[count++] =
		    look_up(session, bench_random(&seed) % domains & ~1u);
	bench_report_latencies(count, &start, latencies, count);
	mtasts_session_free(&session);
	mtasts_free(&ctx);
	free(latencies);
	return 0;
}
