/* io/cache: one body of tests over cache_mem and cache_lmdb. */
#include <config.h>

#include "io/cache.h"

#include "io/cache_lmdb.h"
#include "io/cache_mem.h"
#include "support/scratch.h"
#include "support/table.h"

#include <stdlib.h>
#include <string.h>

struct world {
	struct cache cache;
	struct cache_reader *reader;
	struct cache_buffer buffer;
	bool lmdb;
	char path[SCRATCH_PATH];
};

static int
finish(struct world *w)
{
	w->reader = cache_reader_new(&w->cache);
	return w->reader == NULL ? -1 : 0;
}

static int
make_mem(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	return cache_mem_new(0, NULL, &w->cache) ? finish(w) : -1;
}

static int
make_lmdb(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct cache_lmdb_options options = { 0 };

	*state = w;
	w->lmdb = true;
	scratch_make(w->path);
	options.directory = options.run_directory = w->path;
	options.size = 16 << 20;
	if (cache_lmdb_new(&options, &w->cache, NULL) != MTASTS_OK)
		return -1;
	return finish(w);
}

static int
unmake(void **state)
{
	struct world *w = *state;

	cache_reader_free(&w->cache, &w->reader);
	cache_buffer_free(&w->buffer);
	if (w->lmdb) {
		cache_lmdb_free(&w->cache);
		scratch_remove(w->path);
	} else {
		cache_mem_free(&w->cache);
	}
	free(w);
	return 0;
}

static enum cache_status
put(struct world *w, enum cache_store store, const char *key, const char *value)
{
	return cache_put(&w->cache, store, span_str(key), span_str(value), 0);
}

static enum cache_status
get(struct world *w, enum cache_store store, const char *key)
{
	return cache_get(&w->cache, w->reader, store, span_str(key),
	    &w->buffer);
}

static void
assert_value(struct world *w, enum cache_store store, const char *key,
    const char *expected)
{
	assert_int_equal(get(w, store, key), CACHE_OK);
	assert_int_equal(w->buffer.len, strlen(expected));
	assert_memory_equal(w->buffer.data, expected, w->buffer.len);
}

static void
an_empty_store_finds_nothing(void **state)
{
	struct cache_size size;

	assert_int_equal(get(*state, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
	assert_int_equal(get(*state, CACHE_ANSWERS, "a"), CACHE_NOTFOUND);
	assert_int_equal(cache_size(&((struct world *)*state)->cache,
	    CACHE_POLICIES, &size), CACHE_OK);
	assert_int_equal(size.entries, 0);
}

static void
what_is_put_is_got(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, CACHE_POLICIES, "b", "two"), CACHE_OK);
	assert_int_equal(put(w, CACHE_POLICIES, "a", "one"), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "one");
	assert_value(w, CACHE_POLICIES, "b", "two");
	assert_int_equal(put(w, CACHE_POLICIES, "a", "another"), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "another");
}

static void
stores_do_not_mix(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, CACHE_POLICIES, "a", "policy"), CACHE_OK);
	assert_int_equal(get(w, CACHE_ANSWERS, "a"), CACHE_NOTFOUND);
	assert_int_equal(put(w, CACHE_ANSWERS, "a", "answer"), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "policy");
	assert_value(w, CACHE_ANSWERS, "a", "answer");
}

static void
any_octet_is_a_key_and_a_value(void **state)
{
	struct world *w = *state;
	char key[CACHE_KEY_MAX], value[512];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (char)(255 - i % 256);
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)(i % 256);
	assert_int_equal(cache_put(&w->cache, CACHE_POLICIES,
	    span_of(key, sizeof(key)), span_of(value, sizeof(value)), 0),
	    CACHE_OK);
	assert_int_equal(cache_get(&w->cache, w->reader, CACHE_POLICIES,
	    span_of(key, sizeof(key)), &w->buffer), CACHE_OK);
	assert_int_equal(w->buffer.len, sizeof(value));
	assert_memory_equal(w->buffer.data, value, sizeof(value));
}

static void
an_empty_value_is_a_value(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, CACHE_POLICIES, "a", ""), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "");
}

static void
sizes_have_limits(void **state)
{
	static char large[CACHE_VALUE_MAX + 1];
	struct world *w = *state;
	struct span too_long = { large, CACHE_KEY_MAX + 1 }, none = { "", 0 };
	struct span a = span_str("a");

	memset(large, 'x', sizeof(large));
	assert_int_equal(cache_put(&w->cache, CACHE_POLICIES, too_long, a, 0),
	    CACHE_FULL);
	assert_int_equal(cache_put(&w->cache, CACHE_POLICIES, none, a, 0),
	    CACHE_FULL);
	assert_int_equal(cache_get(&w->cache, w->reader, CACHE_POLICIES,
	    too_long, &w->buffer), CACHE_NOTFOUND);
	assert_int_equal(cache_get(&w->cache, w->reader, CACHE_POLICIES, none,
	    &w->buffer), CACHE_NOTFOUND);
	assert_int_equal(cache_put(&w->cache, CACHE_POLICIES, a,
	    span_of(large, sizeof(large)), 0), CACHE_FULL);
	assert_int_equal(cache_put(&w->cache, CACHE_POLICIES, a,
	    span_of(large, sizeof(large) - 1), 0), CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_OK);
	assert_int_equal(w->buffer.len, CACHE_VALUE_MAX);
}

static void
deleting_tells_whether_there_was_one(void **state)
{
	struct world *w = *state;

	assert_int_equal(cache_delete(&w->cache, CACHE_POLICIES, span_str("a")),
	    CACHE_NOTFOUND);
	assert_int_equal(put(w, CACHE_POLICIES, "a", "one"), CACHE_OK);
	assert_int_equal(cache_delete(&w->cache, CACHE_POLICIES, span_str("a")),
	    CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
}

/* Appends its argument to what is there, up to eight octets; then deletes. */
static enum cache_change
grow(void *arg, struct span old, struct span *replacement)
{
	static char room[8];

	if (old.len == sizeof(room))
		return CACHE_DELETE;
	if (arg == NULL)
		return CACHE_KEEP;
	if (old.len > 0)
		memcpy(room, old.data, old.len);
	memcpy(room + old.len, arg, 4);
	*replacement = span_of(room, old.len + 4);
	return CACHE_REPLACE;
}

static void
a_change_sees_what_is_there(void **state)
{
	struct world *w = *state;
	struct span key = span_str("a");
	char abcd[] = "abcd", efgh[] = "efgh";

	assert_int_equal(cache_change(&w->cache, CACHE_POLICIES, key, grow,
	    NULL, 0), CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
	assert_int_equal(cache_change(&w->cache, CACHE_POLICIES, key, grow,
	    abcd, 0), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "abcd");
	assert_int_equal(cache_change(&w->cache, CACHE_POLICIES, key, grow,
	    NULL, 0), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "abcd");
	assert_int_equal(cache_change(&w->cache, CACHE_POLICIES, key, grow,
	    efgh, 0), CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "abcdefgh");
	assert_int_equal(cache_change(&w->cache, CACHE_POLICIES, key, grow,
	    NULL, 0), CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
}

/* ---- Several at once ---------------------------------------------------- */

static struct cache_item
item(const char *key, char *arg)
{
	return (struct cache_item) { span_str(key), arg, CACHE_NOMEM };
}

static void
several_changes_are_made_in_turn(void **state)
{
	struct world *w = *state;
	char abcd[] = "abcd", efgh[] = "efgh";
	struct cache_item items[] = { item("a", abcd), item("b", abcd),
		item("a", efgh), item("c", NULL) };

	assert_int_equal(cache_change_all(&w->cache, CACHE_POLICIES, items,
	    COUNT(items), grow, 0), CACHE_OK);
	for (size_t i = 0; i < COUNT(items); i++)
		assert_int_equal(items[i].status, CACHE_OK);
	assert_value(w, CACHE_POLICIES, "a", "abcdefgh");
	assert_value(w, CACHE_POLICIES, "b", "abcd");
	assert_int_equal(get(w, CACHE_POLICIES, "c"), CACHE_NOTFOUND);
}

static void
several_are_deleted_where_they_are(void **state)
{
	struct world *w = *state;
	struct cache_item items[] = { item("none", NULL), item("a", NULL),
		item("a", NULL) };

	assert_int_equal(put(w, CACHE_POLICIES, "a", "one"), CACHE_OK);
	assert_int_equal(put(w, CACHE_POLICIES, "b", "two"), CACHE_OK);
	assert_int_equal(cache_delete_all(&w->cache, CACHE_POLICIES, items,
	    COUNT(items)), CACHE_OK);
	assert_int_equal(items[0].status, CACHE_NOTFOUND);
	assert_int_equal(items[1].status, CACHE_OK);
	assert_int_equal(items[2].status, CACHE_NOTFOUND);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
	assert_value(w, CACHE_POLICIES, "b", "two");
}

/* Of the size of its argument, in decimal. */
static enum cache_change
put_size(void *arg, struct span old, struct span *replacement)
{
	static char octets[CACHE_VALUE_MAX + 1];

	(void)old;
	*replacement = span_of(octets, strtoul(arg, NULL, 10));
	return CACHE_REPLACE;
}

static void
one_that_cannot_be_stored_leaves_the_others(void **state)
{
	struct world *w = *state;
	char small[] = "3", large[] = "1048577";
	struct cache_item items[] = { item("a", small), item("", small),
		item("b", large), item("c", small) };

	assert_int_equal(cache_change_all(&w->cache, CACHE_POLICIES, items,
	    COUNT(items), put_size, 0), CACHE_FULL);
	assert_int_equal(items[0].status, CACHE_OK);
	assert_int_equal(items[1].status, CACHE_FULL);
	assert_int_equal(items[2].status, CACHE_FULL);
	assert_int_equal(items[3].status, CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "a"), CACHE_OK);
	assert_int_equal(get(w, CACHE_POLICIES, "b"), CACHE_NOTFOUND);
	assert_int_equal(get(w, CACHE_POLICIES, "c"), CACHE_OK);
}

static void
no_changes_are_no_trouble(void **state)
{
	struct world *w = *state;

	assert_int_equal(cache_delete_all(&w->cache, CACHE_POLICIES, NULL, 0),
	    CACHE_OK);
}

/* ---- Visiting ----------------------------------------------------------- */

struct seen {
	struct world *world;
	char keys[64];
	size_t count;
	size_t stop; /* after so many; 0: never */
	bool delete;
};

static bool
see(void *arg, struct span key, struct span value)
{
	struct seen *seen = arg;

	assert_int_equal(key.len, 1);
	assert_int_equal(value.len, 1);
	assert_int_equal(key.data[0], value.data[0]);
	seen->keys[seen->count++] = key.data[0];
	if (seen->delete)
		assert_int_equal(cache_delete(&seen->world->cache,
		    CACHE_POLICIES, key), CACHE_OK);
	return seen->count != seen->stop;
}

static void
put_letters(struct world *w, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		struct span letter = span_of(letters, 1);

		assert_int_equal(cache_put(&w->cache, CACHE_POLICIES, letter,
		    letter, 0), CACHE_OK);
	}
}

static enum cache_status
visit(struct world *w, enum cache_store store, const char *after,
    struct seen *seen)
{
	return cache_visit(&w->cache, store, span_str(after), see, seen);
}

static void
visiting_goes_by_key_and_may_stop(void **state)
{
	struct seen all = { 0 }, some = { .stop = 3 };
	struct world *w = *state;

	put_letters(w, "hagfbedc");
	assert_int_equal(visit(w, CACHE_POLICIES, "", &all), CACHE_OK);
	assert_string_equal(all.keys, "abcdefgh");
	assert_int_equal(visit(w, CACHE_POLICIES, "", &some), CACHE_OK);
	assert_string_equal(some.keys, "abc");
	assert_int_equal(visit(w, CACHE_ANSWERS, "", &some), CACHE_OK);
	assert_int_equal(some.count, 3);
}

static void
visiting_may_begin_behind_any_key(void **state)
{
	struct seen there = { 0 }, missing = { 0 }, last = { 0 };
	struct world *w = *state;

	put_letters(w, "hagfbedc");
	assert_int_equal(visit(w, CACHE_POLICIES, "e", &there), CACHE_OK);
	assert_string_equal(there.keys, "fgh");
	assert_int_equal(visit(w, CACHE_POLICIES, "ee", &missing), CACHE_OK);
	assert_string_equal(missing.keys, "fgh");
	assert_int_equal(visit(w, CACHE_POLICIES, "h", &last), CACHE_OK);
	assert_int_equal(last.count, 0);
}

static void
a_visitor_may_delete_what_it_sees(void **state)
{
	struct world *w = *state;
	struct seen seen = { .world = w, .delete = true };
	struct cache_size size;

	put_letters(w, "hagfbedc");
	assert_int_equal(visit(w, CACHE_POLICIES, "", &seen), CACHE_OK);
	assert_string_equal(seen.keys, "abcdefgh");
	assert_int_equal(cache_size(&w->cache, CACHE_POLICIES, &size),
	    CACHE_OK);
	assert_int_equal(size.entries, 0);
}

static void
entries_are_counted(void **state)
{
	struct world *w = *state;
	struct cache_size size;

	put_letters(w, "abca");
	assert_int_equal(cache_size(&w->cache, CACHE_POLICIES, &size),
	    CACHE_OK);
	assert_int_equal(size.entries, 3);
	assert_true(size.used > 0);
}

static void
freeing_nothing_is_fine(void **state)
{
	struct world *w = *state;
	struct cache_reader *none = NULL;
	struct cache empty = { 0 };
	struct cache_buffer buffer = { 0 };

	cache_reader_free(&w->cache, &none);
	cache_buffer_free(&buffer);
	cache_lmdb_free(&empty);
	cache_mem_free(&empty);
}

#define over_both(test)                                               \
	{ #test " (memory)", test, make_mem, unmake, NULL },          \
	{ #test " (LMDB)", test, make_lmdb, unmake, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		over_both(an_empty_store_finds_nothing),
		over_both(what_is_put_is_got),
		over_both(stores_do_not_mix),
		over_both(any_octet_is_a_key_and_a_value),
		over_both(an_empty_value_is_a_value),
		over_both(sizes_have_limits),
		over_both(deleting_tells_whether_there_was_one),
		over_both(a_change_sees_what_is_there),
		over_both(several_changes_are_made_in_turn),
		over_both(several_are_deleted_where_they_are),
		over_both(one_that_cannot_be_stored_leaves_the_others),
		over_both(no_changes_are_no_trouble),
		over_both(visiting_goes_by_key_and_may_stop),
		over_both(visiting_may_begin_behind_any_key),
		over_both(a_visitor_may_delete_what_it_sees),
		over_both(entries_are_counted),
		over_both(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
