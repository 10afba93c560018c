/*
 * Row 11, product: probes of different MX hosts, so many at a time.
 *
 *	probe CONFIGURATION COUNT JOBS
 */
#include "api/context.h"
#include "api/engine.h"
#include "bench.h"
#include "mtasts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	struct engine *engine;
	unsigned count, jobs, started, done;
} work;

static void start_more(void);

static void
on_done(void *arg, const struct probe_finding *finding)
{
	struct probe_run **run = arg;

	if (finding->status != PROBE_OK)
		bench_fail(probe_status_name(finding->status), finding->detail);
	free(run);
	work.done++;
	start_more();
}

static void
start_more(void)
{
	char name[BENCH_NAME_SIZE], host[BENCH_NAME_SIZE + 8];

	while (
	    work.started < work.count && work.started - work.done < work.jobs) {
		struct probe_run **run = calloc(1, sizeof(struct probe_run *));

		bench_name(work.started++, name);
		snprintf(host, sizeof(host), "mx.%s", name);
		if (run == NULL || probe_start(&work.engine->probe, host,
				       on_done, run, run) != MTASTS_OK)
			bench_fail(host, "no memory");
	}
}

int
main(int argc, char **argv)
{
	struct mtasts_options *options;
	struct mtasts_error err;
	struct bench_time start = bench_now();
	struct mtasts *ctx;

	if (argc != 4)
		bench_fail("usage", "probe CONFIGURATION COUNT JOBS");
	work.count = bench_number(argv[2]);
	work.jobs = bench_number(argv[3]);
	if (mtasts_options_new(&options) != MTASTS_OK ||
	    mtasts_options_load(options, argv[1], &err) != MTASTS_OK ||
	    mtasts_new(options, &ctx, &err) != MTASTS_OK ||
	    engine_new(ctx, &work.engine, &err) != MTASTS_OK)
		bench_fail(argv[1], err.text);
	start_more();
	while (work.done < work.count)
		loop_run_once(work.engine->loop, -1);
	bench_report(work.count, &start);
	engine_free(&work.engine);
	mtasts_free(&ctx);
	mtasts_options_free(&options);
	return 0;
}
