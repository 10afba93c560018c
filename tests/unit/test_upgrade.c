/* api: a cache that another version of the library wrote, or goes on writing:
 * records in a format that is not known are as if they were not there, are
 * replaced when their domain is asked for, and harm nobody. */
#include <config.h>

#include <stdlib.h>

#include "io/cache_lmdb.h"
#include "support/host.h"
#include "support/table.h"

#define DOMAIN "promise.example"

/* Our own view of the context's cache. */
static void
open_cache(struct host *host, struct cache *out)
{
	const struct cache_lmdb_options options = {
		.directory = host->path,
		.run_directory = host->path,
		.size = 8 << 20,
	};

	assert_int_equal(cache_lmdb_new(&options, out, NULL), MTASTS_OK);
}

struct octet {
	unsigned char format;
	char *copy;
};

/* As another version would have written it: the first octet tells. */
static enum cache_change
set_format(void *arg, struct span old, struct span *replacement)
{
	struct octet *octet = arg;

	if (old.len == 0)
		return CACHE_KEEP;
	octet->copy = malloc(old.len);
	memcpy(octet->copy, old.data, old.len);
	octet->copy[0] = (char)octet->format;
	*replacement = span_of(octet->copy, old.len);
	return CACHE_REPLACE;
}

static void
rewrite(struct host *host, enum cache_store store, unsigned char format)
{
	struct octet octet = { .format = format };
	struct cache cache;

	open_cache(host, &cache);
	(void)cache_change(
	    &cache, store, span_str(DOMAIN), set_format, &octet, 0);
	assert_non_null(octet.copy);
	free(octet.copy);
	cache_lmdb_free(&cache);
}

/* What applies, of the cache alone. */
static enum mtasts_mode
cached_mode(struct host *host)
{
	return mtasts_result_mode(host_lookup(host, DOMAIN, 0, 0));
}

static const unsigned char formats[] = { 0, 2, 127, 255 };

static void
an_answer_of_another_format_is_a_miss(void **state)
{
	struct host *host = *state;

	assert_int_equal(host_store(host, DOMAIN), MTASTS_OK);
	for (size_t i = 0; i < COUNT(formats); i++) {
		assert_int_equal(
		    mtasts_result_mode(host_lookup(host, DOMAIN, 0, 5000)),
		    MTASTS_MODE_ENFORCE);
		rewrite(host, CACHE_ANSWERS, formats[i]);
		assert_int_equal(cached_mode(host), MTASTS_MODE_ENFORCE);
	}
}

static bool
count_one(void *arg, const struct mtasts_cached *cached)
{
	(void)cached;
	++*(unsigned *)arg;
	return true;
}

static void
a_policy_of_another_format_is_none_until_it_is_replaced(void **state)
{
	struct host *host = *state;
	unsigned listed;

	for (size_t i = 0; i < COUNT(formats); i++) {
		assert_int_equal(host_store(host, DOMAIN), MTASTS_OK);
		assert_int_equal(host_store(host, "b.example"), MTASTS_OK);
		rewrite(host, CACHE_POLICIES, formats[i]);
		assert_int_equal(cached_mode(host), MTASTS_NO_POLICY);
		listed = 0;
		assert_int_equal(
		    mtasts_admin_list(host->ctx, count_one, &listed, NULL),
		    MTASTS_OK);
		assert_int_equal(listed, 1);
		assert_int_equal(host_store(host, DOMAIN), MTASTS_OK);
		assert_int_equal(cached_mode(host), MTASTS_MODE_ENFORCE);
	}
}

static void
a_policy_of_another_format_can_be_removed(void **state)
{
	struct host *host = *state;

	assert_int_equal(host_store(host, DOMAIN), MTASTS_OK);
	rewrite(host, CACHE_POLICIES, 9);
	assert_int_equal(
	    mtasts_admin_remove(host->ctx, DOMAIN, NULL), MTASTS_OK);
	assert_int_equal(
	    mtasts_admin_remove(host->ctx, DOMAIN, NULL), MTASTS_NOTFOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_of_another_format_is_a_miss),
		TEST(a_policy_of_another_format_is_none_until_it_is_replaced),
		TEST(a_policy_of_another_format_can_be_removed),
	};
	int wrong;

	if (!host_enter())
		return host_skip();
	wrong = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return wrong;
}
