/*
 * bench: see bench.h.
 */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define DIGITS 7
#define THREADS_MAX 16
/* Prime, and larger than any count: i * it walks through all residues. */
#define STRIDE 2654435761u

void
bench_fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

unsigned
bench_number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || n > UINT32_MAX)
		bench_fail(text, "not a number");
	return (unsigned)n;
}

/* By hand: what formatting costs is not to be measured. */
void
bench_name(unsigned i, char out[BENCH_NAME_SIZE])
{
	memcpy(out, "d0000000.bench.test", sizeof("d0000000.bench.test"));
	for (int at = DIGITS; at > 0; at--, i /= 10)
		out[at] = (char)('0' + i % 10);
}

uint32_t
bench_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

unsigned
bench_shuffled(unsigned i, unsigned count)
{
	return (unsigned)((uint64_t)i * STRIDE % count);
}

/* ---- Time ---------------------------------------------------------------- */

static double
seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double
bench_seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

static double
of_children(void)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct bench_time
bench_now(void)
{
	return (struct bench_time){ seconds_of(CLOCK_MONOTONIC),
		seconds_of(CLOCK_PROCESS_CPUTIME_ID) + of_children() };
}

static void
print_times(unsigned long ops, const struct bench_time *start)
{
	struct bench_time now = bench_now();

	printf("{\"ops\": %lu, \"wall\": %.9f, \"cpu\": %.9f", ops,
	    now.wall - start->wall, now.cpu - start->cpu);
}

void
bench_report(unsigned long ops, const struct bench_time *start)
{
	print_times(ops, start);
	printf("}\n");
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
bench_report_latencies(unsigned long ops, const struct bench_time *start,
    double *latencies, size_t count)
{
	print_times(ops, start);
	qsort(latencies, count, sizeof(*latencies), compare);
	printf(", \"p50\": %.9f, \"p99\": %.9f, \"longest\": %.9f}\n",
	    latencies[count / 2], latencies[count - 1 - count / 100],
	    latencies[count - 1]);
}

/* ---- Threads ------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	unsigned number;
	bench_thread_fn *fn;
	void *arg;
};

static pthread_barrier_t ready;
static unsigned long total;
static struct bench_time started;

static void *
run_worker(void *arg)
{
	struct worker *worker = arg;

	worker->fn(worker->number, worker->arg);
	return NULL;
}

void
bench_begin(void)
{
	if (pthread_barrier_wait(&ready) == PTHREAD_BARRIER_SERIAL_THREAD)
		started = bench_now();
	pthread_barrier_wait(&ready);
}

void
bench_end(void)
{
	if (pthread_barrier_wait(&ready) == PTHREAD_BARRIER_SERIAL_THREAD)
		bench_report(total, &started);
}

void
bench_threads(unsigned count, unsigned long ops, bench_thread_fn *fn, void *arg)
{
	struct worker workers[THREADS_MAX];

	if (count == 0 || count > THREADS_MAX)
		bench_fail("threads", "too many, or none");
	pthread_barrier_init(&ready, NULL, count);
	total = count * ops;
	for (unsigned i = 0; i < count; i++) {
		workers[i] =
		    (struct worker){ .number = i, .fn = fn, .arg = arg };
		if (pthread_create(
			&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
			bench_fail("thread", "cannot be started");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
}
