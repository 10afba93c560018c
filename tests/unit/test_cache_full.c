/* io/cache_room: what goes when the map is full, and what never does. */
#include <config.h>

#include "io/cache_mem.h"
#include "support/store.h"
#include "support/table.h"

#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_SIZE 700

/* A value's first octet says how it ranks. */
static unsigned
rank(const void *data, size_t len, int64_t now)
{
	const char *octets = data;

	(void)now;
	return len == 0 ? 0 : (unsigned)(octets[0] - '0');
}

static enum cache_status
put(const struct cache *cache, unsigned n, char how)
{
	char key[16], value[VALUE_SIZE];

	snprintf(key, sizeof(key), "key %06u", n % 1000000);
	memset(value, how, sizeof(value));
	return cache_put(cache, CACHE_ANSWERS, span_str(key),
	    span_of(value, sizeof(value)), 0);
}

/* How many there are of each rank. */
struct census {
	unsigned ranks[10];
	unsigned all;
};

static bool
count_one(void *arg, struct span key, struct span value)
{
	struct census *census = arg;

	(void)key;
	census->ranks[value.data[0] - '0']++;
	census->all++;
	return true;
}

static struct census
count(const struct cache *cache)
{
	struct census census = { .all = 0 };

	assert_int_equal(cache_visit(cache, CACHE_ANSWERS,
	    span_of("", 0), count_one,
	    &census), CACHE_OK);
	return census;
}

static int
make_small(void **state)
{
	struct store *s;

	if (store_make(state) != 0)
		return -1;
	s = *state;
	store_close(s);
	s->options.size = 1; /* as small as can be: 8 MiB */
	s->options.rank[CACHE_ANSWERS] = rank;
	store_open(s);
	return 0;
}

/* ---- The order ---------------------------------------------------------- */

#define MIXED 6000

/* A third that may not go, a third that may, a third that should. */
static void
fill_mixed(const struct cache *cache)
{
	for (unsigned i = 0; i < MIXED; i++)
		assert_int_equal(put(cache, i, "012"[i % 3]), CACHE_OK);
}

/* Store one more. Making room is done in steps: not every try succeeds. */
static bool
put_patiently(const struct cache *cache, unsigned n)
{
	for (int i = 0; i < 200; i++) {
		if (put(cache, n, '0') == CACHE_OK)
			return true;
	}
	return false;
}

/* More of those that may not go, until nothing else is left. */
static void
assert_order(const struct cache *cache)
{
	struct census census = count(cache);
	unsigned next = MIXED;

	assert_int_equal(census.all, MIXED);
	while (put_patiently(cache, next)) {
		if (++next % 100 != 0)
			continue;
		census = count(cache);
		assert_int_equal(census.ranks[0], next - MIXED / 3 * 2);
		/* None of the lesser rank before the last of the higher. */
		if (census.ranks[1] < MIXED / 3)
			assert_int_equal(census.ranks[2], 0);
	}
	census = count(cache);
	assert_int_equal(census.ranks[0], next - MIXED / 3 * 2);
	assert_int_equal(census.ranks[1] + census.ranks[2], 0);
	/* What is there may still change, and make room. */
	assert_int_equal(put(cache, 0, '0'), CACHE_OK);
	assert_int_equal(cache_delete(cache, CACHE_ANSWERS,
	    span_str("key 000000")), CACHE_OK);
}

static void
in_memory_the_highest_rank_goes_first(void **state)
{
	cache_rank_fn *const ranks[CACHE_STORES] = { rank, rank };
	struct cache cache;

	(void)state;
	assert_true(cache_mem_new(MIXED, ranks, &cache));
	fill_mixed(&cache);
	assert_order(&cache);
	cache_mem_free(&cache);
}

static void
in_the_map_the_highest_rank_goes_first(void **state)
{
	struct store *s = *state;
	struct cache_size size;

	fill_mixed(&s->cache);
	assert_order(&s->cache);
	assert_int_equal(s->lines, 1);
	assert_non_null(strstr(s->line, "full"));
	assert_int_equal(cache_size(&s->cache, CACHE_ANSWERS, &size),
	    CACHE_OK);
	assert_true(size.used * 100 <= size.capacity * 95);
	store_close(s);
	store_open(s);
	assert_int_equal(count(&s->cache).ranks[1], 0);
}

static void
without_a_rank_nothing_goes(void **state)
{
	struct store *s = *state;
	unsigned n = 0;

	store_close(s);
	s->options.rank[CACHE_ANSWERS] = NULL;
	store_open(s);
	while (n < 100000 && put(&s->cache, n, '9') == CACHE_OK)
		n++;
	assert_true(n > 600 && n < 100000);
	assert_int_equal(put(&s->cache, n, '9'), CACHE_FULL);
	assert_int_equal(count(&s->cache).all, n);
}

static void
the_cache_can_turn_over_for_ever(void **state)
{
	struct store *s = *state;
	struct census census;

	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(put(&s->cache, i, '0'), CACHE_OK);
	for (unsigned i = 200; i < 40000; i++)
		assert_int_equal(put(&s->cache, i, '1'), CACHE_OK);
	census = count(&s->cache);
	assert_int_equal(census.ranks[0], 200);
	/* Room is used, not thrown away. */
	assert_true(census.ranks[1] > 2000);
	assert_int_equal(s->lines, 0);
}

static void
a_large_value_makes_its_room(void **state)
{
	static char value[65536];
	struct store *s = *state;
	unsigned n = 0;

	while (n < 9500)
		assert_int_equal(put(&s->cache, n++, '1'), CACHE_OK);
	memset(value, '0', sizeof(value));
	assert_int_equal(cache_put(&s->cache, CACHE_ANSWERS,
	    span_str("large"), span_of(value, sizeof(value)), 0), CACHE_OK);
	assert_int_equal(store_get(s, CACHE_ANSWERS, "large"), CACHE_OK);
	assert_int_equal(s->buffer.len, sizeof(value));
}

/* ---- With an old reader -------------------------------------------------- */

struct pin {
	const struct store *store;
	int ready[2];
	int stay[2];
	bool die;
};

/* Hold a transaction of now until the pipe closes. */
static bool
pin_pages(void *arg)
{
	const struct pin *pin = arg;
	MDB_env *env;
	MDB_txn *txn;
	char octet = 0;

	close(pin->stay[1]);
	if (mdb_env_create(&env) != 0 ||
	    mdb_env_open(env, pin->store->answers, MDB_RDONLY, 0660) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
	    write(pin->ready[1], &octet, 1) != 1 ||
	    read(pin->stay[0], &octet, 1) != 0)
		return false;
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return true;
}

static pid_t
start_pin(struct pin *pin)
{
	char octet;
	pid_t pid;

	assert_int_equal(pipe(pin->ready), 0);
	assert_int_equal(pipe(pin->stay), 0);
	pid = scratch_start(pin_pages, pin);
	assert_int_equal(read(pin->ready[0], &octet, 1), 1);
	close(pin->stay[0]);
	close(pin->ready[0]);
	close(pin->ready[1]);
	return pid;
}

/* Keep storing; returns how many were taken before one was not. */
static unsigned
store_on(struct store *s, unsigned from, unsigned to)
{
	unsigned n;

	for (n = from; n < to; n++) {
		if (put(&s->cache, n, '1') != CACHE_OK)
			break;
	}
	return n - from;
}

static void
a_pinned_map_still_evicts_and_then_recovers(void **state)
{
	struct store *s = *state;
	struct pin pin = { .store = s };
	unsigned taken = 0, before;
	pid_t pid;

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(put(&s->cache, i, '0'), CACHE_OK);
	/* Until it is full, and something has gone. */
	while (taken < 50000 && count(&s->cache).all == 100 + taken)
		taken += store_on(s, 1000 + taken, 1000 + taken + 50);
	pid = start_pin(&pin);
	/* Pages run out, sooner or later; nothing that may not go has gone, and
	 * what is there can be read, replaced and deleted. */
	before = count(&s->cache).all;
	taken = store_on(s, 100000, 200000);
	assert_true(taken > 0);
	assert_true(count(&s->cache).all < before + taken);
	assert_int_equal(put(&s->cache, 200000, '1'), CACHE_FULL);
	assert_int_equal(count(&s->cache).ranks[0], 100);
	assert_int_equal(put(&s->cache, 0, '0'), CACHE_OK);
	assert_int_equal(cache_delete(&s->cache, CACHE_ANSWERS,
	    span_str("key 000001")), CACHE_OK);
	assert_true(count(&s->cache).ranks[1] > 1000);
	close(pin.stay[1]);
	assert_int_equal(scratch_wait(pid), 0);
	usleep(200000); /* it is not tried again at once */
	assert_int_equal(store_on(s, 300000, 303000), 3000);
	assert_int_equal(count(&s->cache).ranks[0], 99);
}

static enum cache_change
put_value(void *arg, struct span old, struct span *replacement)
{
	(void)old;
	*replacement = span_of(arg, VALUE_SIZE);
	return CACHE_REPLACE;
}

/* Store so many at once; returns how many were. */
static unsigned
put_together(const struct cache *cache, unsigned from, char how)
{
	struct cache_item items[CACHE_ITEMS_MAX];
	char keys[CACHE_ITEMS_MAX][16], value[VALUE_SIZE];
	unsigned stored = 0;

	memset(value, how, sizeof(value));
	for (unsigned i = 0; i < CACHE_ITEMS_MAX; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key %06u", from + i);
		items[i] = (struct cache_item){ .key = span_str(keys[i]),
			.arg = value };
	}
	cache_change_all(cache, CACHE_ANSWERS, items, CACHE_ITEMS_MAX,
	    put_value, 0);
	for (unsigned i = 0; i < CACHE_ITEMS_MAX; i++)
		stored += items[i].status == CACHE_OK;
	return stored;
}

static void
stored_together_they_make_room_like_any(void **state)
{
	const struct cache *cache = &((struct store *)*state)->cache;
	unsigned tries = 0, stored;

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(put(cache, i, '0'), CACHE_OK);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(put_together(cache,
		    1000 + i * CACHE_ITEMS_MAX, '1'), CACHE_ITEMS_MAX);
	assert_true(count(cache).all < 100 * CACHE_ITEMS_MAX);
	assert_int_equal(count(cache).ranks[0], 100);
	/* And what is counted as stored is there, when nothing else is. */
	stored = 100;
	while (tries++ < 100)
		stored += put_together(cache, 100000 + tries * 1000, '0');
	assert_true(stored < 100 * CACHE_ITEMS_MAX);
	assert_int_equal(count(cache).ranks[0], stored);
}

static void
a_dead_reader_pins_nothing(void **state)
{
	struct store *s = *state;
	struct pin pin = { .store = s };
	pid_t pid;

	assert_int_equal(put(&s->cache, 0, '0'), CACHE_OK);
	pid = start_pin(&pin);
	kill(pid, SIGKILL);
	assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
	close(pin.stay[1]);
	assert_int_equal(store_on(s, 1, 20000), 19999);
	assert_int_equal(s->lines, 0);
	assert_int_equal(count(&s->cache).ranks[0], 1);
}

#define with_small(test) \
	cmocka_unit_test_setup_teardown(test, make_small, store_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_memory_the_highest_rank_goes_first),
		with_small(in_the_map_the_highest_rank_goes_first),
		with_small(without_a_rank_nothing_goes),
		with_small(the_cache_can_turn_over_for_ever),
		with_small(a_large_value_makes_its_room),
		with_small(a_pinned_map_still_evicts_and_then_recovers),
		with_small(stored_together_they_make_room_like_any),
		with_small(a_dead_reader_pins_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
