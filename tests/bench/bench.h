/*
 * What the programs of the benchmarks share, products and floors alike: clocks,
 * names of domains, a report. Nothing of mtasts is in it.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_NAME_SIZE 32

/* Says why on stderr, and ends the program. */
_Noreturn void bench_fail(const char *what, const char *why);

/* An argument that is a number. */
unsigned bench_number(const char *text);

/* The name of domain i: "d0000042.bench.test". */
void bench_name(unsigned i, char out[BENCH_NAME_SIZE]);

/* xorshift, the same numbers from the same seed, which is not 0. */
uint32_t bench_random(uint32_t *seed);

/* Number i of 0 to count - 1 in an order that looks like none. */
unsigned bench_shuffled(unsigned i, unsigned count);

double bench_seconds(void);

/* Wall and CPU time, of this process with its threads and former children. */
struct bench_time {
	double wall;
	double cpu;
};
struct bench_time bench_now(void);

/* One line of JSON: operations, and the time since start. */
void bench_report(unsigned long ops, const struct bench_time *start);

/* The same with the median, the 99th percentile and the longest of latencies in
 * seconds, which are sorted in place. */
void bench_report_latencies(unsigned long ops, const struct bench_time *start,
    double *latencies, size_t count);

/*
 * Run fn in so many threads at once, and report. Each is told its number; what
 * is between bench_begin and bench_end, where all wait for all, is timed.
 */
typedef void bench_thread_fn(unsigned number, void *arg);
void bench_threads(
    unsigned count, unsigned long ops, bench_thread_fn *fn, void *arg);
void bench_begin(void);
void bench_end(void);

#endif
