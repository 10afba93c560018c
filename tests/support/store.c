/* store: a cache in LMDB for tests. */
#include <config.h>

#include "support/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void
note_line(void *arg, enum mtasts_log_level level, const char *line)
{
	struct store *store = arg;

	(void)level;
	store->lines++;
	snprintf(store->line, sizeof(store->line), "%s", line);
}

int
store_make(void **state)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return -1;
	*state = store;
	scratch_make(store->path);
	scratch_join(store->directory, store->path, "lib");
	scratch_join(store->run, store->path, "run");
	scratch_join(store->policies, store->directory, "policies");
	scratch_join(store->answers, store->run, "answers");
	mkdir(store->directory, 0755);
	mkdir(store->run, 0755);
	store->log = (struct log){ note_line, store, MTASTS_LOG_DEBUG };
	store->options.directory = store->directory;
	store->options.run_directory = store->run;
	store->options.log = &store->log;
	store_open(store);
	return store->reader == NULL ? -1 : 0;
}

int
store_unmake(void **state)
{
	struct store *store = *state;

	store_close(store);
	scratch_remove(store->path);
	free(store);
	return 0;
}

void
store_open(struct store *store)
{
	if (cache_lmdb_new(&store->options, &store->cache, NULL) == MTASTS_OK)
		store->reader = cache_reader_new(&store->cache);
}

void
store_close(struct store *store)
{
	cache_reader_free(&store->cache, &store->reader);
	cache_buffer_free(&store->buffer);
	cache_lmdb_free(&store->cache);
}

enum cache_status
store_put(struct store *store, enum cache_store which, const char *key,
    const char *value)
{
	return cache_put(&store->cache, which, span_str(key), span_str(value),
	    0);
}

enum cache_status
store_get(struct store *store, enum cache_store which, const char *key)
{
	return cache_get(&store->cache, store->reader, which, span_str(key),
	    &store->buffer);
}

bool
store_has(struct store *store, enum cache_store which, const char *key,
    const char *value)
{
	return store_get(store, which, key) == CACHE_OK &&
	    store->buffer.len == strlen(value) &&
	    memcmp(store->buffer.data, value, store->buffer.len) == 0;
}

uint64_t
store_count(struct store *store, enum cache_store which)
{
	struct cache_size size;

	return cache_size(&store->cache, which, &size) == CACHE_OK ?
	    size.entries : 0;
}

#define REPETITIONS 16

static void
numbered(unsigned n, char key[16], char value[16 * REPETITIONS])
{
	snprintf(key, 16, "key %06u", n % 1000000);
	value[0] = '\0';
	for (int i = 0; i < REPETITIONS; i++)
		strcat(value, key);
}

bool
store_fill(struct store *store, enum cache_store which, unsigned from,
    unsigned to)
{
	char key[16], value[16 * REPETITIONS];

	for (unsigned i = from; i < to; i++) {
		numbered(i, key, value);
		if (store_put(store, which, key, value) != CACHE_OK)
			return false;
	}
	return true;
}

unsigned
store_found(struct store *store, enum cache_store which, unsigned from,
    unsigned to)
{
	char key[16], value[16 * REPETITIONS];
	unsigned found = 0;

	for (unsigned i = from; i < to; i++) {
		numbered(i, key, value);
		found += store_has(store, which, key, value);
	}
	return found;
}
