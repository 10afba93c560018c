/*
 * cache: the port's calls, over whichever store stands behind it.
 *
 * Puts and deletes are changes that do not look at the value before. Knows no
 * LMDB and no MTA-STS.
 *
 * Test: tests/unit/test_cache.c
 */
#include <config.h>

#include "io/cache.h"

#include <stdlib.h>
#include <string.h>

void
cache_buffer_free(struct cache_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct cache_buffer){ 0 };
}

bool
cache_buffer_set(struct cache_buffer *buffer, struct span value)
{
	if (buffer->data == NULL || value.len > buffer->size) {
		size_t size = value.len < 256 ? 256 : value.len;
		char *data = realloc(buffer->data, size);

		if (data == NULL)
			return false;
		buffer->data = data;
		buffer->size = size;
	}
	if (value.len > 0)
		memcpy(buffer->data, value.data, value.len);
	buffer->len = value.len;
	return true;
}

struct cache_reader *
cache_reader_new(const struct cache *cache)
{
	return cache->ops->reader_new(cache->self);
}

void
cache_reader_free(const struct cache *cache, struct cache_reader **reader)
{
	if (*reader == NULL)
		return;
	cache->ops->reader_free(cache->self, *reader);
	*reader = NULL;
}

bool
cache_key_is_possible(struct span key)
{
	return key.len > 0 && key.len <= CACHE_KEY_MAX;
}

enum cache_status
cache_get(const struct cache *cache, struct cache_reader *reader,
    enum cache_store store, struct span key, struct cache_buffer *out)
{
	if (!cache_key_is_possible(key))
		return CACHE_NOTFOUND;
	return cache->ops->get(cache->self, reader, store, key, out);
}

enum cache_status
cache_change(const struct cache *cache, enum cache_store store,
    struct span key, cache_change_fn *fn, void *arg, int64_t now)
{
	struct cache_item item = { .key = key, .arg = arg };

	cache->ops->change(cache->self, store, &item, 1, fn, now);
	return item.status;
}

enum cache_status
cache_change_all(const struct cache *cache, enum cache_store store,
    struct cache_item *items, size_t count, cache_change_fn *fn, int64_t now)
{
	cache->ops->change(cache->self, store, items, count, fn, now);
	for (size_t i = 0; i < count; i++)
		if (items[i].status != CACHE_OK &&
		    items[i].status != CACHE_NOTFOUND)
			return items[i].status;
	return CACHE_OK;
}

static enum cache_change
put_value(void *arg, struct span old, struct span *replacement)
{
	const struct span *value = arg;

	(void)old;
	*replacement = *value;
	return CACHE_REPLACE;
}

enum cache_status
cache_put(const struct cache *cache, enum cache_store store, struct span key,
    struct span value, int64_t now)
{
	return cache_change(cache, store, key, put_value, &value, now);
}

static enum cache_change
delete_value(void *arg, struct span old, struct span *replacement)
{
	(void)arg;
	(void)old;
	(void)replacement;
	return CACHE_DELETE;
}

enum cache_status
cache_delete(const struct cache *cache, enum cache_store store,
    struct span key)
{
	return cache_change(cache, store, key, delete_value, NULL, 0);
}

enum cache_status
cache_delete_all(const struct cache *cache, enum cache_store store,
    struct cache_item *items, size_t count)
{
	return cache_change_all(cache, store, items, count, delete_value, 0);
}

enum cache_status
cache_visit(const struct cache *cache, enum cache_store store,
    struct span after, cache_visit_fn *fn, void *arg)
{
	return cache->ops->visit(cache->self, store, after, fn, arg);
}

enum cache_status
cache_size(const struct cache *cache, enum cache_store store,
    struct cache_size *out)
{
	*out = (struct cache_size){ 0 };
	return cache->ops->size(cache->self, store, out);
}
