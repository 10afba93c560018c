/*
 * Row 1, product: mtasts_lookup of domains whose answers are fresh, at random.
 *
 *	hit DIRECTORY DOMAINS LOOKUPS THREADS
 */
#include "bench.h"
#include "context.h"

struct work {
	struct mtasts *ctx;
	unsigned domains, lookups;
};

static void
look_up(unsigned number, void *arg)
{
	const struct work *work = arg;
	const struct mtasts_result *result;
	struct mtasts_session *session;
	uint32_t seed = number + 1;
	char name[BENCH_NAME_SIZE];

	if (mtasts_session_new(work->ctx, &session, NULL) != MTASTS_OK)
		bench_fail("session", "no memory");
	bench_name(0, name);
	mtasts_lookup(session, name, 0, 0, &result, NULL);
	bench_begin();
	for (unsigned i = 0; i < work->lookups; i++) {
		bench_name(bench_random(&seed) % work->domains, name);
		if (mtasts_lookup(session, name, 0, 0, &result, NULL) !=
			MTASTS_OK ||
		    mtasts_result_mode(result) != MTASTS_MODE_ENFORCE)
			bench_fail(name, "is not cached");
	}
	bench_end();
	mtasts_session_free(&session);
}

int
main(int argc, char **argv)
{
	struct work work;

	if (argc != 5)
		bench_fail("usage", "hit DIRECTORY DOMAINS LOOKUPS THREADS");
	work = (struct work){ bench_context(argv[1]), bench_number(argv[2]),
		bench_number(argv[3]) };
	bench_threads(bench_number(argv[4]), work.lookups, look_up, &work);
	mtasts_free(&work.ctx);
	return 0;
}
