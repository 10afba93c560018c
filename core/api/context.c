/*
 * Making and ending a context: options copied, overrides read, the cache named
 * but not opened. Knows nothing of lookups.
 *
 * Test: tests/unit/test_api.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/thread.h"
#include "base/error.h"
#include "io/cache_lmdb.h"
#include "rules/answer.h"
#include "rules/entry.h"

#define OVERRIDES_MAX (16u << 20) /* octets of an overrides file */

const char *
mtasts_library_version(void)
{
	return MTASTS_VERSION;
}

/* The whole file, up to a bound. */
static enum mtasts_status
read_file(const char *name, char **out, size_t *len, struct mtasts_error *err)
{
	FILE *file = fopen(name, "re");
	char *buf = malloc(OVERRIDES_MAX);
	enum mtasts_status status = MTASTS_OK;

	*out = buf;
	if (buf == NULL)
		status = error_nomem(err, "overrides");
	else if (file == NULL)
		status = error_set(err, MTASTS_CONFIG, MTASTS_STAGE_OPTIONS,
		    errno, "%s: %s", name, strerror(errno));
	if (status == MTASTS_OK) {
		*len = fread(buf, 1, OVERRIDES_MAX, file);
		if (ferror(file) || *len == OVERRIDES_MAX)
			status = error_set(err, MTASTS_CONFIG,
			    MTASTS_STAGE_OPTIONS, 0, "%s: %s", name,
			    ferror(file) ? "cannot be read" : "is too large");
	}
	if (file != NULL)
		fclose(file);
	return status;
}

static enum mtasts_status
read_overrides(struct mtasts *ctx, struct mtasts_error *err)
{
	const char *name = ctx->options->policy.overrides;
	enum mtasts_status status;
	char *buf = NULL;
	size_t len = 0;

	if (name == NULL)
		return MTASTS_OK;
	status = read_file(name, &buf, &len, err);
	if (status == MTASTS_OK)
		status = overrides_parse(span_of(buf, len), name,
		    &ctx->overrides, err);
	free(buf);
	return status;
}

static enum mtasts_status
name_cache(struct mtasts *ctx, struct mtasts_error *err)
{
	const struct mtasts_options *options = ctx->options;
	const struct cache_lmdb_options cache = {
		.directory = options->cache.directory,
		.run_directory = options->cache.run_directory,
		.size = options->cache.size,
		.rank = { entry_rank, answer_rank },
		.log = &ctx->log,
	};
	enum mtasts_status status = cache_lmdb_new(&cache, &ctx->cache, err);

	if (status == MTASTS_OK &&
	    counters_new(options->cache.run_directory, &ctx->counters) !=
		MTASTS_OK)
		status = error_nomem(err, "counters");
	return status;
}

enum mtasts_status
mtasts_new(const struct mtasts_options *options, struct mtasts **out,
    struct mtasts_error *err)
{
	struct mtasts_options *defaults = NULL;
	struct mtasts *ctx = calloc(1, sizeof(*ctx));
	enum mtasts_status status = MTASTS_NOMEM;

	*out = NULL;
	if (ctx == NULL)
		return error_nomem(err, "context");
	if (options == NULL && (status = mtasts_options_new(&defaults)) ==
	    MTASTS_OK)
		options = defaults;
	if (options != NULL)
		status = options_copy(options, &ctx->options);
	mtasts_options_free(&defaults);
	if (status != MTASTS_OK)
		error_nomem(err, "options");
	if (status == MTASTS_OK)
		status = read_overrides(ctx, err);
	if (status == MTASTS_OK)
		status = name_cache(ctx, err);
	if (status != MTASTS_OK)
		mtasts_free(&ctx);
	*out = ctx;
	return status;
}

void
mtasts_free(struct mtasts **ctx_p)
{
	struct mtasts *ctx;

	if (ctx_p == NULL || (ctx = *ctx_p) == NULL)
		return;
	*ctx_p = NULL;
	thread_free(&ctx->thread);
	if (ctx->cache.ops != NULL)
		cache_lmdb_free(&ctx->cache);
	counters_free(&ctx->counters);
	overrides_free(&ctx->overrides);
	mtasts_options_free(&ctx->options);
	free(ctx);
}

void
mtasts_set_log(struct mtasts *ctx, mtasts_log_fn *fn, void *arg,
    enum mtasts_log_level level)
{
	ctx->log = (struct log) { fn, arg, level };
}

void
mtasts_admin_set_trace(struct mtasts *ctx, mtasts_trace_fn *fn, void *arg)
{
	ctx->trace = (struct lookup_trace) { fn, arg };
}
