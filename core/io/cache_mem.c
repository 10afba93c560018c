/*
 * cache_mem: the cache as sorted arrays, the shortest program that does what
 * cache.h says. One thread, one process.
 *
 * Knows no files and no MTA-STS.
 *
 * Test: tests/unit/test_cache.c
 */
#include <config.h>

#include "io/cache_mem.h"

#include <stdlib.h>
#include <string.h>

struct item {
	char *data; /* the key, then the value */
	size_t key_len;
	size_t value_len;
};

struct items {
	struct item *list;
	size_t count;
	size_t room;
};

struct cache_mem {
	struct items stores[CACHE_STORES];
	cache_rank_fn *rank[CACHE_STORES];
	size_t limit;
};

struct cache_reader {
	char unused;
};

static struct span
item_key(const struct item *item)
{
	return (struct span){ item->data, item->key_len };
}

static struct span
item_value(const struct item *item)
{
	return (struct span){ item->data + item->key_len, item->value_len };
}

static int
compare(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* The place of the first key that is not before this one. */
static size_t
find(const struct items *items, struct span key, bool *found)
{
	size_t low = 0, high = items->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(item_key(&items->list[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < items->count &&
	    compare(item_key(&items->list[low]), key) == 0;
	return low;
}

static bool
item_make(struct span key, struct span value, struct item *out)
{
	size_t len = key.len + value.len;

	*out = (struct item){ malloc(len > 0 ? len : 1), key.len, value.len };
	if (out->data == NULL)
		return false;
	memcpy(out->data, key.data, key.len);
	if (value.len > 0)
		memcpy(out->data + key.len, value.data, value.len);
	return true;
}

static void
remove_at(struct items *items, size_t at)
{
	free(items->list[at].data);
	items->count--;
	memmove(&items->list[at], &items->list[at + 1],
	    (items->count - at) * sizeof(*items->list));
}

static bool
insert_at(struct items *items, size_t at, struct item item)
{
	if (items->count == items->room) {
		size_t room = items->room == 0 ? 16 : items->room * 2;
		struct item *list;

		list = realloc(items->list, room * sizeof(*list));
		if (list == NULL)
			return false;
		items->list = list;
		items->room = room;
	}
	memmove(&items->list[at + 1], &items->list[at],
	    (items->count - at) * sizeof(*items->list));
	items->list[at] = item;
	items->count++;
	return true;
}

/* Remove the one that goes most willingly. False: none may go. */
static bool
evict(struct items *items, cache_rank_fn *rank, int64_t now)
{
	unsigned highest = 0;
	size_t victim = 0;

	for (size_t i = 0; rank != NULL && i < items->count; i++) {
		struct span value = item_value(&items->list[i]);
		unsigned r = rank(value.data, value.len, now);

		if (r > highest) {
			highest = r;
			victim = i;
		}
	}
	if (highest == 0)
		return false;
	remove_at(items, victim);
	return true;
}

static enum cache_status
store_item(struct cache_mem *mem, enum cache_store store, struct span key,
    struct span value, int64_t now)
{
	struct items *items = &mem->stores[store];
	struct item item;
	bool found;
	size_t at;

	if (value.len > CACHE_VALUE_MAX)
		return CACHE_FULL;
	if (!item_make(key, value, &item))
		return CACHE_NOMEM;
	at = find(items, key, &found);
	if (found) {
		free(items->list[at].data);
		items->list[at] = item;
		return CACHE_OK;
	}
	if (mem->limit != 0 && items->count >= mem->limit) {
		if (!evict(items, mem->rank[store], now)) {
			free(item.data);
			return CACHE_FULL;
		}
		at = find(items, key, &found);
	}
	if (!insert_at(items, at, item)) {
		free(item.data);
		return CACHE_NOMEM;
	}
	return CACHE_OK;
}

static struct cache_reader *
mem_reader_new(void *self)
{
	(void)self;
	return calloc(1, sizeof(struct cache_reader));
}

static void
mem_reader_free(void *self, struct cache_reader *reader)
{
	(void)self;
	free(reader);
}

static enum cache_status
mem_get(void *self, struct cache_reader *reader, enum cache_store store,
    struct span key, struct cache_buffer *out)
{
	struct cache_mem *mem = self;
	const struct items *items = &mem->stores[store];
	bool found;
	size_t at = find(items, key, &found);

	(void)reader;
	if (!found)
		return CACHE_NOTFOUND;
	return cache_buffer_set(out, item_value(&items->list[at])) ?
	    CACHE_OK : CACHE_NOMEM;
}

static enum cache_status
change_one(struct cache_mem *mem, enum cache_store store,
    const struct cache_item *item, cache_change_fn *fn, int64_t now)
{
	struct items *items = &mem->stores[store];
	struct span old = { 0 }, replacement = { 0 };
	bool found;
	size_t at;

	if (!cache_key_is_possible(item->key))
		return CACHE_FULL;
	at = find(items, item->key, &found);
	if (found)
		old = item_value(&items->list[at]);
	switch (fn(item->arg, old, &replacement)) {
	case CACHE_KEEP:
		return CACHE_OK;
	case CACHE_DELETE:
		if (found)
			remove_at(items, at);
		return found ? CACHE_OK : CACHE_NOTFOUND;
	case CACHE_REPLACE:
		break;
	}
	return store_item(mem, store, item->key, replacement, now);
}

static void
mem_change(void *self, enum cache_store store, struct cache_item *items,
    size_t count, cache_change_fn *fn, int64_t now)
{
	for (size_t i = 0; i < count; i++)
		items[i].status = change_one(self, store, &items[i], fn, now);
}

/* fn may change the cache: go on behind the key it saw, on copies. */
static enum cache_status
mem_visit(void *self, enum cache_store store, struct span after,
    cache_visit_fn *fn, void *arg)
{
	struct cache_mem *mem = self;
	const struct items *items = &mem->stores[store];
	enum cache_status st = CACHE_OK;
	struct item copy;
	bool more = true, found;
	size_t at = find(items, after, &found);

	if (found)
		at++;
	while (more && at < items->count) {
		if (!item_make(item_key(&items->list[at]),
			item_value(&items->list[at]), &copy)) {
			st = CACHE_NOMEM;
			break;
		}
		more = fn(arg, item_key(&copy), item_value(&copy));
		at = find(items, item_key(&copy), &found);
		if (found)
			at++;
		free(copy.data);
	}
	return st;
}

static enum cache_status
mem_size(void *self, enum cache_store store, struct cache_size *out)
{
	struct cache_mem *mem = self;
	const struct items *items = &mem->stores[store];

	out->entries = items->count;
	for (size_t i = 0; i < items->count; i++)
		out->used += items->list[i].key_len + items->list[i].value_len;
	out->capacity = mem->limit;
	return CACHE_OK;
}

static const struct cache_ops mem_ops = {
	.reader_new = mem_reader_new,
	.reader_free = mem_reader_free,
	.get = mem_get,
	.change = mem_change,
	.visit = mem_visit,
	.size = mem_size,
};

bool
cache_mem_new(size_t limit, cache_rank_fn *const rank[CACHE_STORES],
    struct cache *out)
{
	struct cache_mem *mem = calloc(1, sizeof(*mem));

	*out = (struct cache){ 0 };
	if (mem == NULL)
		return false;
	mem->limit = limit;
	for (size_t i = 0; rank != NULL && i < CACHE_STORES; i++)
		mem->rank[i] = rank[i];
	*out = (struct cache){ .ops = &mem_ops, .self = mem };
	return true;
}

void
cache_mem_free(struct cache *cache)
{
	struct cache_mem *mem = cache->self;

	if (mem == NULL)
		return;
	for (size_t i = 0; i < CACHE_STORES; i++) {
		while (mem->stores[i].count > 0)
			remove_at(&mem->stores[i], mem->stores[i].count - 1);
		free(mem->stores[i].list);
	}
	free(mem);
	*cache = (struct cache){ 0 };
}
