/*
 * Row 14, product: what discoveries leave in the cache, in the ways they do.
 *
 *	store DIRECTORY COUNT one|negative|forked|batched
 *
 * one       a policy and its answer, one domain after the other
 * negative  an answer alone
 * forked    as one, by 100 processes at once, each of which opens the cache
 * batched   policies alone, as many at a time as the cache takes
 */
#include "api/context.h"
#include "base/clock.h"
#include "bench.h"
#include "context.h"
#include "discovery/store.h"
#include "records.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 100

static void
store(struct mtasts *ctx, unsigned i, bool negative)
{
	int64_t now = clock_wall(&clock_system);
	struct records_memory memory, answer_memory;
	struct discovery discovery = { 0 };
	char name[BENCH_NAME_SIZE];

	bench_name(i, name);
	discovery.domain = name;
	if (negative) {
		discovery.answer.reason = MTASTS_REASON_NO_RECORD;
		discovery.answer.asked_at = now;
		discovery.answer.fresh_until = now + 3600;
	} else {
		discovery.store = DISCOVERY_STORE_ENTRY;
		discovery.entry = records_entry(i, now, 0, &memory);
		discovery.answer = records_answer(i, now, &answer_memory);
	}
	store_discovery(&ctx->cache, &discovery, now, NULL);
}

static void
store_many(struct mtasts *ctx, unsigned from, unsigned count, unsigned of,
    bool negative)
{
	for (unsigned i = from; i < from + count; i++)
		store(ctx, bench_shuffled(i, of), negative);
}

static void
store_forked(struct mtasts *ctx, unsigned count)
{
	unsigned each = count / PROCESSES;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid < 0)
			bench_fail("fork", "no process");
		if (pid == 0) {
			store_many(ctx, i * each, each, count, false);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

static void
store_batch(struct mtasts *ctx, unsigned from, unsigned count, unsigned of)
{
	static struct records_memory memory[CACHE_ITEMS_MAX];
	static struct entry entries[CACHE_ITEMS_MAX];
	static char names[CACHE_ITEMS_MAX][BENCH_NAME_SIZE];
	struct store_item items[CACHE_ITEMS_MAX];
	int64_t now = clock_wall(&clock_system);

	for (unsigned i = 0; i < count; i++) {
		unsigned which = bench_shuffled(from + i, of);

		bench_name(which, names[i]);
		entries[i] = records_entry(which, now, 0, &memory[i]);
		items[i] =
		    (struct store_item){ names[i], &entries[i], CACHE_OK };
	}
	if (store_entries(&ctx->cache, items, count, now) != CACHE_OK)
		bench_fail("batch", "cannot be stored");
}

static void
store_batched(struct mtasts *ctx, unsigned count)
{
	unsigned from, each;

	for (from = 0; from < count; from += each) {
		each = count - from < CACHE_ITEMS_MAX ? count - from
						      : CACHE_ITEMS_MAX;
		store_batch(ctx, from, each, count);
	}
}

/* A cache that cannot be written is survived, and must not be measured. */
static void
expect_stored(struct mtasts *ctx)
{
	struct cache_size policies, answers;

	cache_size(&ctx->cache, CACHE_POLICIES, &policies);
	cache_size(&ctx->cache, CACHE_ANSWERS, &answers);
	if (policies.entries + answers.entries == 0)
		bench_fail("cache", "nothing is stored");
}

int
main(int argc, char **argv)
{
	struct bench_time start;
	struct mtasts *ctx;
	unsigned count;

	if (argc != 4)
		bench_fail("usage",
		    "store DIRECTORY COUNT one|negative|forked|batched");
	ctx = bench_context(argv[1]);
	count = bench_number(argv[2]);
	start = bench_now();
	if (strcmp(argv[3], "forked") == 0)
		store_forked(ctx, count);
	else if (strcmp(argv[3], "batched") == 0)
		store_batched(ctx, count);
	else
		store_many(
		    ctx, 0, count, count, strcmp(argv[3], "negative") == 0);
	bench_report(count, &start);
	expect_stored(ctx);
	mtasts_free(&ctx);
	return 0;
}
