/*
 * context: see context.h.
 */
#include "context.h"

#include "bench.h"

struct mtasts *
bench_context(const char *directory)
{
	struct mtasts_options *options;
	struct mtasts *ctx;

	if (mtasts_options_new(&options) != MTASTS_OK ||
	    mtasts_options_set(options, "cache.directory", directory, NULL) !=
		MTASTS_OK ||
	    mtasts_options_set(
		options, "cache.run_directory", directory, NULL) != MTASTS_OK ||
	    mtasts_options_set(options, "cache.size", "4G", NULL) !=
		MTASTS_OK ||
	    mtasts_new(options, &ctx, NULL) != MTASTS_OK)
		bench_fail(directory, "cannot be used");
	mtasts_options_free(&options);
	return ctx;
}
