/*
 * cachectl/json_read and the library's judgement: any octets as a line of
 * import, and what export makes of it.
 */
#include <config.h>

#include "cachectl/json.h"

#include "api/context.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "io/cache_mem.h"
#include "rules/answer.h"
#include "rules/entry.h"

static struct mtasts
context_make(void)
{
	static cache_rank_fn *const rank[] = { entry_rank, answer_rank };
	struct mtasts ctx = { .options = NULL };

	assert_true(cache_mem_new(0, rank, &ctx.cache));
	return ctx;
}

/* Import one line; false if it is refused. */
static bool
import(struct mtasts *ctx, const char *line, size_t len)
{
	struct json_storage storage;
	struct mtasts_cached cached;
	struct mtasts_error err = { 0 };
	const char *wrong = json_read_cached(line, len, &cached, &storage);
	enum mtasts_status status = MTASTS_INVALID;

	if (wrong == NULL)
		status = mtasts_admin_store(ctx, &cached, &err);
	else
		assert_int_equal(strncmp(wrong, "expected ", 9), 0);
	json_storage_free(&storage);
	assert_true(status == MTASTS_OK || status == MTASTS_INVALID);
	if (wrong == NULL && status == MTASTS_INVALID) {
		assert_true(err.text[0] != '\0');
		assert_true(text_is_clean(err.text, strlen(err.text)));
	}
	return status == MTASTS_OK;
}

static bool export(void *arg, const struct mtasts_cached *cached)
{
	json_t *object = json_stored(cached);
	char **line = arg;

	assert_null(*line);
	*line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	assert_non_null(*line);
	json_decref(object);
	return true;
}

/* The one policy there is. The caller frees it. */
static char *
exported(struct mtasts *ctx)
{
	struct mtasts_error err = { 0 };
	char *line = NULL;

	assert_int_equal(
	    mtasts_admin_list(ctx, export, &line, &err), MTASTS_OK);
	assert_non_null(line);
	return line;
}

static char *
import_export(const char *data, size_t len)
{
	struct mtasts ctx = context_make();
	char *line = NULL;

	if (import(&ctx, data, len))
		line = exported(&ctx);
	cache_mem_free(&ctx.cache);
	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *once = import_export((const char *)data, size), *twice;

	if (once == NULL)
		return 0;
	/* What was exported can be imported, and loses nothing. */
	twice = import_export(once, strlen(once));
	assert_non_null(twice);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	return 0;
}
