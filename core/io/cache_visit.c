/*
 * Entries are copied out in batches, each of a short read transaction, so that
 * what is done with them keeps no page from being used again, and memory does
 * not grow with the store.
 *
 * Test: tests/unit/test_cache.c, tests/unit/test_million.c
 */
#include <config.h>

#include "io/cache_visit.h"

#include "io/fork.h"

#include <stdlib.h>
#include <string.h>

/* What one read transaction copies at most. */
#define VISIT_ENTRIES 256
#define VISIT_OCTETS 262144

/* Entries copied out of one read transaction. */
struct batch {
	size_t count;
	struct {
		size_t key_len;
		size_t value_len;
	} entries[VISIT_ENTRIES];
	struct cache_buffer octets; /* keys and values in a row */
	char last[CACHE_KEY_MAX];   /* key: where the next batch goes on */
	size_t last_len;
};

static bool
buffer_append(struct cache_buffer *buffer, const MDB_val *val)
{
	size_t need = buffer->len + val->mv_size;

	if (need > buffer->size || buffer->data == NULL) {
		size_t size = need < VISIT_OCTETS ? VISIT_OCTETS : need;
		char *data = realloc(buffer->data, size);

		if (data == NULL)
			return false;
		buffer->data = data;
		buffer->size = size;
	}
	if (val->mv_size > 0)
		memcpy(buffer->data + buffer->len, val->mv_data, val->mv_size);
	buffer->len = need;
	return true;
}

static enum cache_fault
batch_add(struct batch *batch, const MDB_val *key, const MDB_val *val)
{
	if (key->mv_size > CACHE_KEY_MAX || val->mv_size > CACHE_VALUE_MAX)
		return CACHE_FAULT_DAMAGE;
	if (!buffer_append(&batch->octets, key) ||
	    !buffer_append(&batch->octets, val))
		return CACHE_FAULT_MEMORY;
	batch->entries[batch->count].key_len = key->mv_size;
	batch->entries[batch->count].value_len = val->mv_size;
	batch->count++;
	memcpy(batch->last, key->mv_data, key->mv_size);
	batch->last_len = key->mv_size;
	return CACHE_FAULT_NONE;
}

/* Put the cursor on the first entry behind the last one seen. */
static int
cursor_go_on(MDB_cursor *cursor, struct batch *batch, MDB_val *key,
    MDB_val *val)
{
	int rc;

	if (batch->last_len == 0)
		return mdb_cursor_get(cursor, key, val, MDB_FIRST);
	*key = (MDB_val){ batch->last_len, batch->last };
	rc = mdb_cursor_get(cursor, key, val, MDB_SET_RANGE);
	if (rc == 0 && key->mv_size == batch->last_len &&
	    memcmp(key->mv_data, batch->last, batch->last_len) == 0)
		rc = mdb_cursor_get(cursor, key, val, MDB_NEXT);
	return rc;
}

static enum cache_fault
batch_fill(struct batch *batch, struct cache_env *env, MDB_txn *txn)
{
	enum cache_fault fault;
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc;

	batch->count = 0;
	batch->octets.len = 0;
	if ((rc = mdb_cursor_open(txn, env->dbi, &cursor)) != 0)
		return cache_fault(rc);
	rc = cursor_go_on(cursor, batch, &key, &val);
	while ((fault = cache_fault(rc)) == CACHE_FAULT_NONE) {
		fault = batch_add(batch, &key, &val);
		if (fault != CACHE_FAULT_NONE ||
		    batch->count == VISIT_ENTRIES ||
		    batch->octets.len >= VISIT_OCTETS)
			break;
		rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return fault;
}

static bool
batch_show(const struct batch *batch, cache_visit_fn *fn, void *arg)
{
	const char *at = batch->octets.data;

	for (size_t i = 0; i < batch->count; i++) {
		struct span key = { at, batch->entries[i].key_len };
		struct span val = { at + key.len, batch->entries[i].value_len };

		at = val.data + val.len;
		if (!fn(arg, key, val))
			return false;
	}
	return true;
}

static enum cache_status
visit(struct cache_env *env, struct batch *batch, cache_visit_fn *fn, void *arg)
{
	enum cache_fault fault;
	MDB_txn *txn = NULL;
	bool more = true;

	do {
		if (!cache_env_is_current(env)) {
			fault = CACHE_FAULT_OTHER;
			break;
		}
		fault = cache_env_read(env, &txn);
		if (fault != CACHE_FAULT_NONE)
			break;
		fault = batch_fill(batch, env, txn);
		cache_env_read_end(env, txn);
		cache_env_note(env, fault);
		if (fault == CACHE_FAULT_NONE || fault == CACHE_FAULT_NOTFOUND)
			more = batch_show(batch, fn, arg);
	} while (more && fault == CACHE_FAULT_NONE);
	if (env->generation == fork_generation())
		cache_env_read_close(env, &txn);
	return fault == CACHE_FAULT_NOTFOUND ? CACHE_OK :
	    cache_fault_status(fault);
}

enum cache_status
cache_visit_env(struct cache_env *env, struct span after, cache_visit_fn *fn,
    void *arg)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	enum cache_status st;

	if (batch == NULL)
		return CACHE_NOMEM;
	batch->last_len = after.len;
	if (after.len > 0)
		memcpy(batch->last, after.data, after.len);
	st = visit(env, batch, fn, arg);
	cache_buffer_free(&batch->octets);
	free(batch);
	return st;
}
