/* discovery/store: what several processes that looked at the same domain at the
 * same time leave behind (issue 2, Cache; STS-3.3-09, -19, -20). */
#include <config.h>

#include "discovery/store.h"
#include "io/cache_mem.h"
#include "support/table.h"

#define NOW 1000000
#define DOMAIN "a.example"

struct world {
	struct cache cache;
	struct cache_reader *reader;
	struct cache_buffer buffer;
	struct answer answer; /* as stored */
	struct entry entry;
};

static int
make(void **state)
{
	cache_rank_fn *const rank[CACHE_STORES] = { entry_rank, answer_rank };
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	if (!cache_mem_new(0, rank, &w->cache))
		return -1;
	w->reader = cache_reader_new(&w->cache);
	return 0;
}

static int
unmake(void **state)
{
	struct world *w = *state;

	cache_reader_free(&w->cache, &w->reader);
	cache_buffer_free(&w->buffer);
	cache_mem_free(&w->cache);
	free(w);
	return 0;
}

static bool
read_answer(struct world *w)
{
	return cache_get(&w->cache, w->reader, CACHE_ANSWERS, span_str(DOMAIN),
		   &w->buffer) == CACHE_OK &&
	    answer_decode(w->buffer.data, w->buffer.len, &w->answer);
}

static bool
read_entry(struct world *w)
{
	return cache_get(&w->cache, w->reader, CACHE_POLICIES,
		   span_str(DOMAIN), &w->buffer) == CACHE_OK &&
	    entry_decode(w->buffer.data, w->buffer.len, &w->entry);
}

/* ---- Policies ------------------------------------------------------------------- */

static struct entry
entry(const char *id, int64_t fetched_at)
{
	struct entry e = { .fetched_at = fetched_at,
		.refresh_at = fetched_at + 100, .used_at = fetched_at,
		.policy = { .mode = MTASTS_MODE_ENFORCE, .max_age = 86400,
		    .mx = "mx.a.example", .mx_count = 1,
		    .mx_size = sizeof("mx.a.example") } };

	snprintf(e.id, sizeof(e.id), "%s", id);
	return e;
}

static void
a_policy_fetched_later_stays(void **state)
{
	struct world *w = *state;
	struct entry newer = entry("two", NOW - 5), older = entry("one",
	    NOW - 10);

	assert_int_equal(store_entry(&w->cache, DOMAIN, &newer, NOW), CACHE_OK);
	assert_int_equal(store_entry(&w->cache, DOMAIN, &older, NOW), CACHE_OK);
	assert_true(read_entry(w));
	assert_string_equal(w->entry.id, "two");
	newer = entry("three", NOW);
	assert_int_equal(store_entry(&w->cache, DOMAIN, &newer, NOW), CACHE_OK);
	assert_true(read_entry(w));
	assert_string_equal(w->entry.id, "three");
}

static void
a_policy_from_the_future_gives_way(void **state)
{
	struct world *w = *state;
	struct entry future = entry("one", NOW + 86400), today = entry("two",
	    NOW);

	store_entry(&w->cache, DOMAIN, &future, NOW);
	store_entry(&w->cache, DOMAIN, &today, NOW);
	assert_true(read_entry(w));
	assert_string_equal(w->entry.id, "two");
}

/* A discovery that looked at a policy and only changed its times. */
static struct discovery
amendment(const char *id, int64_t stored_at)
{
	struct discovery d = { .domain = DOMAIN, .has_entry = true,
		.stored_at = stored_at, .store = DISCOVERY_STORE_AMENDS,
		.entry = entry(id, stored_at) };

	d.entry.used_at = NOW;
	d.entry.refresh_failures = 3;
	return d;
}

static void
an_amendment_is_for_the_policy_that_was_seen(void **state)
{
	struct world *w = *state;
	struct entry newer = entry("two", NOW - 5);
	struct discovery d = amendment("one", NOW - 10);

	store_entry(&w->cache, DOMAIN, &newer, NOW);
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_entry(w));
	assert_string_equal(w->entry.id, "two");
	assert_int_equal(w->entry.refresh_failures, 0);
	d = amendment("two", NOW - 5);
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_entry(w));
	assert_int_equal(w->entry.refresh_failures, 3);
	assert_int_equal(w->entry.used_at, NOW);
}

static void
an_amendment_makes_no_policy(void **state)
{
	struct world *w = *state;
	struct discovery d = amendment("one", NOW - 10);

	store_discovery(&w->cache, &d, NOW, NULL);
	assert_false(read_entry(w));
}

/* ---- Answers -------------------------------------------------------------------- */

static struct discovery
discovery(int64_t fresh_until)
{
	return (struct discovery) { .domain = DOMAIN,
		.answer = { .reason = MTASTS_REASON_NO_RECORD,
		    .asked_at = NOW, .fresh_until = fresh_until } };
}

static void
fail_fetch(struct discovery *d, const char *id, int64_t retry_at)
{
	d->fetched = d->fetch_failed = true;
	strcpy(d->answer.failed_id, id);
	strcpy(d->answer.failed_detail, "refused");
	d->answer.failed_reason = MTASTS_REASON_FETCH_ERROR;
	d->answer.retry_at = retry_at;
}

static void
an_answer_for_nothing_is_not_kept(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW);

	store_discovery(&w->cache, &d, NOW, NULL);
	assert_false(read_answer(w));
	d = discovery(NOW + 10);
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	d = discovery(NOW);
	store_discovery(&w->cache, &d, NOW + 10, NULL);
	assert_false(read_answer(w));
}

/* Who gave up waiting for another's fetch knows less than the other. */
static void
an_answer_for_nothing_displaces_no_fresh_one(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 100);

	store_discovery(&w->cache, &d, NOW, NULL);
	d = discovery(NOW);
	d.answer.reason = MTASTS_REASON_DEADLINE;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_int_equal(w->answer.reason, MTASTS_REASON_NO_RECORD);
}

/* A TTL of 0 is no reason to go by an older answer. */
static void
an_answer_to_be_used_once_displaces_a_fresh_one(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 100);

	store_discovery(&w->cache, &d, NOW, NULL);
	d = discovery(NOW);
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_false(read_answer(w));
}

static void
a_failed_fetch_of_another_is_remembered(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 10);

	fail_fetch(&d, "one", NOW + 300);
	store_discovery(&w->cache, &d, NOW, NULL);
	d = discovery(NOW + 50);
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_int_equal(w->answer.fresh_until, NOW + 50);
	assert_true(answer_holds_back(&w->answer, "one", NOW + 299));
	assert_string_equal(w->answer.failed_detail, "refused");
}

static void
a_fetch_of_ones_own_is_the_last_word(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 10);

	fail_fetch(&d, "one", NOW + 300);
	store_discovery(&w->cache, &d, NOW, NULL);
	d = discovery(NOW + 50);
	d.fetched = true;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_false(answer_holds_back(&w->answer, "one", NOW + 1));
}

static void
the_earliest_first_sight_and_the_latest_recheck_count(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 10);

	strcpy(d.answer.first_id, "one");
	d.answer.first_seen = NOW - 500;
	d.answer.rechecked_at = NOW;
	store_discovery(&w->cache, &d, NOW, NULL);
	d.answer.first_seen = NOW;
	d.answer.rechecked_at = NOW - 20;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_int_equal(w->answer.first_seen, NOW - 500);
	assert_int_equal(w->answer.rechecked_at, NOW);
	strcpy(d.answer.first_id, "two");
	d.answer.first_seen = NOW;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_int_equal(w->answer.first_seen, NOW);
	/* No sight is not the earliest of all. */
	d.answer.first_id[0] = '\0';
	d.answer.first_seen = 0;
	store_discovery(&w->cache, &d, NOW, NULL);
	d.answer.first_seen = NOW;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_true(read_answer(w));
	assert_int_equal(w->answer.first_seen, NOW);
}

static void
what_came_from_the_cache_is_not_written_to_it(void **state)
{
	struct world *w = *state;
	struct discovery d = discovery(NOW + 100);

	d.from_answers = true;
	store_discovery(&w->cache, &d, NOW, NULL);
	assert_false(read_answer(w));
}

/* ---- Several at once --------------------------------------------------------------- */

static void
several_are_stored_in_their_order(void **state)
{
	struct world *w = *state;
	struct discovery first = { .domain = DOMAIN,
		.store = DISCOVERY_STORE_ENTRY,
		.entry = entry("one", NOW - 10) };
	struct discovery other = { .domain = "b.example",
		.store = DISCOVERY_STORE_NOTHING };
	struct discovery last = first;
	const struct discovery *all[] = { &first, &other, &last };

	last.entry = entry("two", NOW);
	first.answer.fresh_until = other.answer.fresh_until = NOW + 10;
	last.answer.fresh_until = NOW + 20;
	store_discoveries(&w->cache, all, COUNT(all), NOW, NULL);
	assert_true(read_entry(w));
	assert_string_equal(w->entry.id, "two");
	assert_true(read_answer(w));
	assert_int_equal(w->answer.fresh_until, NOW + 20);
	assert_int_equal(cache_get(&w->cache, w->reader, CACHE_POLICIES,
			     span_str("b.example"), &w->buffer),
	    CACHE_NOTFOUND);
	assert_int_equal(cache_get(&w->cache, w->reader, CACHE_ANSWERS,
			     span_str("b.example"), &w->buffer),
	    CACHE_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_policy_fetched_later_stays),
		TEST(a_policy_from_the_future_gives_way),
		TEST(an_amendment_is_for_the_policy_that_was_seen),
		TEST(an_amendment_makes_no_policy),
		TEST(an_answer_for_nothing_is_not_kept),
		TEST(an_answer_for_nothing_displaces_no_fresh_one),
		TEST(an_answer_to_be_used_once_displaces_a_fresh_one),
		TEST(a_failed_fetch_of_another_is_remembered),
		TEST(a_fetch_of_ones_own_is_the_last_word),
		TEST(the_earliest_first_sight_and_the_latest_recheck_count),
		TEST(what_came_from_the_cache_is_not_written_to_it),
		TEST(several_are_stored_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
