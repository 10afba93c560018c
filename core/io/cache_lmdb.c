/*
 * cache_lmdb: the port's calls over LMDB environments.
 *
 * A reader keeps one read transaction for each store and renews it for every
 * get: no system call, no allocation. Writes begin, look, decide, commit.
 * Nothing leads into the map once a call has returned.
 *
 * Opening, sharing and fork are cache_env.c's; room is cache_room.c's;
 * visiting is cache_visit.c's.
 *
 * Test: tests/unit/test_cache.c, tests/unit/test_cache_lmdb.c
 */
#include <config.h>

#include "io/cache_lmdb.h"

#include "base/error.h"
#include "io/cache_env.h"
#include "io/cache_room.h"
#include "io/cache_visit.h"
#include "io/cache_walk.h"
#include "io/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_DEFAULT ((uint64_t)1 << 30)
/* The reserve of 5 % must be enough for some transactions' pages. */
#define SIZE_MIN ((uint64_t)8 << 20)

struct cache_lmdb {
	struct cache_slot slots[CACHE_STORES];
	cache_rank_fn *rank[CACHE_STORES];
};

/* A reader's place in one store. */
struct seat {
	struct cache_env *env; /* a reference, or NULL */
	MDB_txn *txn;	       /* at rest between gets, or NULL */
};

struct cache_reader {
	struct seat seats[CACHE_STORES];
};

static MDB_val
val_of(struct span span)
{
	union {
		const void *in;
		void *out;
	} data = { .in = span.data };

	return (MDB_val){ span.len, data.out }; /* LMDB does not write to it */
}

/* ---- Reading ----------------------------------------------------------- */

static struct cache_reader *
lmdb_reader_new(void *self)
{
	(void)self;
	return calloc(1, sizeof(struct cache_reader));
}

static void
seat_leave(struct seat *seat)
{
	if (seat->env == NULL)
		return;
	/* In a child the slot is the parent's: freeing would take it. */
	if (seat->env->generation == fork_generation())
		cache_env_read_close(seat->env, &seat->txn);
	seat->txn = NULL;
	cache_env_release(&seat->env);
}

static void
lmdb_reader_free(void *self, struct cache_reader *reader)
{
	(void)self;
	for (size_t i = 0; i < CACHE_STORES; i++)
		seat_leave(&reader->seats[i]);
	free(reader);
}

static enum cache_status
copy_value(struct seat *seat, struct span key, struct cache_buffer *out)
{
	MDB_val k = val_of(key), v;
	enum cache_fault fault;

	fault = cache_fault(mdb_get(seat->txn, seat->env->dbi, &k, &v));
	if (fault == CACHE_FAULT_NONE && v.mv_size > CACHE_VALUE_MAX)
		fault = CACHE_FAULT_DAMAGE;
	cache_env_note(seat->env, fault);
	if (fault != CACHE_FAULT_NONE)
		return cache_fault_status(fault);
	return cache_buffer_set(out, span_of(v.mv_data, v.mv_size)) ?
	    CACHE_OK : CACHE_NOMEM;
}

static enum cache_status
seat_get(struct seat *seat, struct cache_slot *slot, struct span key,
    struct cache_buffer *out)
{
	enum cache_status st;
	enum cache_fault fault;

	if (seat->env == NULL || !cache_env_is_current(seat->env)) {
		seat_leave(seat);
		if ((st = cache_slot_use(slot, &seat->env)) != CACHE_OK)
			return st;
	}
	fault = cache_env_read(seat->env, &seat->txn);
	if (fault != CACHE_FAULT_NONE)
		return cache_fault_status(fault);
	st = copy_value(seat, key, out);
	cache_env_read_end(seat->env, seat->txn);
	return st;
}

static enum cache_status
lmdb_get(void *self, struct cache_reader *reader, enum cache_store store,
    struct span key, struct cache_buffer *out)
{
	struct cache_lmdb *lmdb = self;
	struct cache_slot *slot = &lmdb->slots[store];
	struct seat *seat = &reader->seats[store];
	enum cache_status st = seat_get(seat, slot, key, out);

	if (st == CACHE_OK || seat->env == NULL)
		return st;
	/* A miss has time to see whether the file was replaced. */
	cache_slot_look(slot, seat->env);
	return cache_env_is_current(seat->env) ? st :
	    seat_get(seat, slot, key, out);
}

/* ---- Writing ----------------------------------------------------------- */

static enum cache_fault
replace(struct cache_env *env, MDB_txn *txn, MDB_val key,
    struct span replacement, bool is_new)
{
	MDB_val val = val_of(replacement);

	if (is_new && !cache_room_is_there(env, key.mv_size + val.mv_size))
		return CACHE_FAULT_FULL;
	return cache_fault(mdb_put(txn, env->dbi, &key, &val, 0));
}

/* *commit tells whether there is anything to commit. */
static enum cache_fault
decide(struct cache_env *env, MDB_txn *txn, const struct cache_item *item,
    cache_change_fn *fn, bool *commit)
{
	struct span old = { 0 }, replacement = { 0 };
	MDB_val key = val_of(item->key), val = { 0 };
	enum cache_fault fault;

	if (!cache_key_is_possible(item->key))
		return CACHE_FAULT_FULL;
	fault = cache_fault(mdb_get(txn, env->dbi, &key, &val));
	if (fault == CACHE_FAULT_NONE && val.mv_size > CACHE_VALUE_MAX)
		fault = CACHE_FAULT_DAMAGE;
	if (fault == CACHE_FAULT_NONE)
		old = span_of(val.mv_data, val.mv_size);
	else if (fault != CACHE_FAULT_NOTFOUND)
		return fault;

	switch (fn(item->arg, old, &replacement)) {
	case CACHE_KEEP:
		return CACHE_FAULT_NONE;
	case CACHE_DELETE:
		fault = cache_fault(mdb_del(txn, env->dbi, &key, NULL));
		break;
	case CACHE_REPLACE:
		if (replacement.len > CACHE_VALUE_MAX)
			return CACHE_FAULT_FULL;
		fault = replace(env, txn, key, replacement, old.data == NULL);
		break;
	}
	*commit |= fault == CACHE_FAULT_NONE;
	return fault;
}

/* Until one fails; that nothing was there to delete is no failure. */
static enum cache_fault
decide_all(struct cache_env *env, MDB_txn *txn, struct cache_item *items,
    size_t count, cache_change_fn *fn, bool *commit)
{
	enum cache_fault fault;

	for (size_t i = 0; i < count; i++) {
		fault = decide(env, txn, &items[i], fn, commit);
		items[i].status = cache_fault_status(fault);
		if (fault != CACHE_FAULT_NONE && fault != CACHE_FAULT_NOTFOUND)
			return fault;
	}
	return CACHE_FAULT_NONE;
}

/* In one transaction: all of them or none. */
static enum cache_fault
change_together(struct cache_env *env, struct cache_item *items, size_t count,
    cache_change_fn *fn)
{
	enum cache_fault fault, end;
	bool commit = false;
	MDB_txn *txn;

	if ((fault = cache_env_write(env, &txn)) != CACHE_FAULT_NONE)
		return fault;
	if (count > 1 && !cache_room_is_ample(env, count))
		fault = CACHE_FAULT_FULL;
	else
		fault = decide_all(env, txn, items, count, fn, &commit);
	cache_env_note(env, fault);
	commit = commit && fault == CACHE_FAULT_NONE;
	end = cache_env_write_end(env, txn, commit);
	return fault != CACHE_FAULT_NONE ? fault : end;
}

/* The environment to write to, as it stands at its path now. */
static enum cache_status
use_for_writing(struct cache_slot *slot, struct cache_env **out)
{
	enum cache_status st = cache_slot_use(slot, out);

	if (st != CACHE_OK)
		return st;
	cache_slot_look(slot, *out);
	if (cache_env_is_current(*out))
		return CACHE_OK;
	cache_env_release(out);
	return cache_slot_use(slot, out);
}

/* A change for which room is made. */
static enum cache_status
change_alone(struct cache_lmdb *lmdb, enum cache_store store,
    struct cache_item *item, cache_change_fn *fn, int64_t now)
{
	struct cache_slot *slot = &lmdb->slots[store];
	enum cache_fault fault = CACHE_FAULT_OTHER;
	struct cache_env *env;
	enum cache_status st;

	if ((st = use_for_writing(slot, &env)) != CACHE_OK)
		return st;
	for (int i = 0; i < 4; i++) {
		fault = change_together(env, item, 1, fn);
		if (fault != CACHE_FAULT_FULL ||
		    !cache_room_make(env, &slot->place, lmdb->rank[store], now))
			break;
	}
	cache_env_release(&env);
	return fault == CACHE_FAULT_NONE ? item->status :
	    cache_fault_status(fault);
}

static bool
are_changed_together(struct cache_slot *slot, struct cache_item *items,
    size_t count, cache_change_fn *fn)
{
	enum cache_fault fault;
	struct cache_env *env;

	if (use_for_writing(slot, &env) != CACHE_OK)
		return false;
	fault = change_together(env, items, count, fn);
	cache_env_release(&env);
	return fault == CACHE_FAULT_NONE;
}

/* What fails together may do one by one: making room is for one at a time. */
static void
lmdb_change(void *self, enum cache_store store, struct cache_item *items,
    size_t count, cache_change_fn *fn, int64_t now)
{
	struct cache_lmdb *lmdb = self;

	if (count > 1 &&
	    are_changed_together(&lmdb->slots[store], items, count, fn))
		return;
	for (size_t i = 0; i < count; i++)
		items[i].status = change_alone(lmdb, store, &items[i], fn, now);
}

/* ---- Looking at all of it ----------------------------------------------- */

static enum cache_status
lmdb_visit(void *self, enum cache_store store, struct span after,
    cache_visit_fn *fn, void *arg)
{
	struct cache_lmdb *lmdb = self;
	struct cache_env *env;
	enum cache_status st;

	if (after.len > CACHE_KEY_MAX)
		return CACHE_NOTFOUND;
	if ((st = cache_slot_use(&lmdb->slots[store], &env)) != CACHE_OK)
		return st;
	st = cache_visit_env(env, after, fn, arg);
	cache_env_release(&env);
	return st;
}

static enum cache_status
lmdb_size(void *self, enum cache_store store, struct cache_size *out)
{
	struct cache_lmdb *lmdb = self;
	struct cache_env *env;
	struct cache_room room;
	enum cache_fault fault;
	enum cache_status st;
	MDB_txn *txn = NULL;
	MDB_stat stat;

	if ((st = cache_slot_use(&lmdb->slots[store], &env)) != CACHE_OK)
		return st;
	fault = cache_env_read(env, &txn);
	if (fault == CACHE_FAULT_NONE) {
		fault = cache_fault(mdb_stat(txn, env->dbi, &stat));
		if (fault == CACHE_FAULT_NONE)
			fault = cache_room_measure(env, txn, &room);
		cache_env_read_end(env, txn);
	}
	if (fault == CACHE_FAULT_NONE)
		*out = (struct cache_size){ stat.ms_entries,
			room.live * room.page, room.total * room.page };
	cache_env_read_close(env, &txn);
	cache_env_note(env, fault);
	cache_env_release(&env);
	return cache_fault_status(fault);
}

/* ---- Making ------------------------------------------------------------ */

static const struct cache_ops lmdb_ops = {
	.reader_new = lmdb_reader_new,
	.reader_free = lmdb_reader_free,
	.get = lmdb_get,
	.change = lmdb_change,
	.visit = lmdb_visit,
	.size = lmdb_size,
};

static uint64_t
size_round(uint64_t size)
{
	if (size < SIZE_MIN)
		size = SIZE_MIN;
	return size / 65536 * 65536;
}

static bool
place_init(struct cache_place *place, const char *directory, const char *name,
    uint64_t size, unsigned flags, const struct log *log)
{
	*place = (struct cache_place){ .name = name, .flags = flags,
		.map_size = (size_t)size_round(size), .log = log };
	/* No directory: an empty path, that cannot be opened. */
	place->directory = strdup(directory != NULL ? directory : "");
	return place->directory != NULL;
}

static void
lmdb_destroy(struct cache_lmdb *lmdb)
{
	for (size_t i = 0; i < CACHE_STORES; i++) {
		cache_slot_clear(&lmdb->slots[i]);
		free(lmdb->slots[i].place.directory);
	}
	free(lmdb);
}

enum mtasts_status
cache_lmdb_new(const struct cache_lmdb_options *options, struct cache *out,
    struct mtasts_error *err)
{
	uint64_t size = options->size != 0 ? options->size : SIZE_DEFAULT;
	struct cache_lmdb *lmdb;

	*out = (struct cache){ 0 };
	if ((lmdb = calloc(1, sizeof(*lmdb))) == NULL)
		return error_nomem(err, "the cache");
	if (!place_init(&lmdb->slots[CACHE_POLICIES].place, options->directory,
		"policies", size, 0, options->log) ||
	    !place_init(&lmdb->slots[CACHE_ANSWERS].place,
		options->run_directory, "answers", size / 4,
		MDB_NOSYNC | MDB_NOMETASYNC, options->log)) {
		lmdb_destroy(lmdb);
		return error_nomem(err, "the cache");
	}
	for (size_t i = 0; i < CACHE_STORES; i++)
		lmdb->rank[i] = options->rank[i];
	*out = (struct cache){ .ops = &lmdb_ops, .self = lmdb };
	return MTASTS_OK;
}

void
cache_lmdb_free(struct cache *cache)
{
	if (cache->self != NULL)
		lmdb_destroy(cache->self);
	*cache = (struct cache){ 0 };
}

/* ---- Upkeep ------------------------------------------------------------ */

int
cache_lmdb_reap(const struct cache *cache)
{
	struct cache_lmdb *lmdb = cache->self;
	struct cache_env *env;
	int dead, total = 0;

	for (size_t i = 0; i < CACHE_STORES; i++) {
		if (cache_slot_use(&lmdb->slots[i], &env) != CACHE_OK)
			continue;
		if (mdb_reader_check(env->mdb, &dead) == 0)
			total += dead;
		cache_env_release(&env);
	}
	return total;
}

static enum mtasts_status
verify_store(struct cache_lmdb *lmdb, enum cache_store store,
    cache_check_fn *check, mtasts_report_fn *report, void *arg, size_t *damage,
    struct mtasts_error *err)
{
	struct cache_slot *slot = &lmdb->slots[store];
	struct cache_walk walk = { .place = &slot->place, .store = store,
		.check = check, .report = report, .arg = arg };
	struct cache_env *env;
	bool walked;

	if (cache_slot_use(slot, &env) != CACHE_OK) {
		if (store == CACHE_ANSWERS)
			return MTASTS_OK; /* may be missing at any time */
		return error_set(err, MTASTS_CACHE, MTASTS_STAGE_CACHE, 0,
		    "the policies below %s cannot be opened",
		    slot->place.directory);
	}
	walk.dirfd = env->dirfd;
	walk.read_only = env->read_only;
	walked = cache_walk(&walk);
	cache_env_release(&env);
	if (!walked)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_CACHE, errno,
		    "cannot start a process to walk the cache");
	*damage += walk.damage;
	return MTASTS_OK;
}

enum mtasts_status
cache_lmdb_verify(const struct cache *cache, cache_check_fn *check,
    mtasts_report_fn *report, void *arg, size_t *damage,
    struct mtasts_error *err)
{
	enum mtasts_status st = MTASTS_OK;

	*damage = 0;
	for (int i = 0; st == MTASTS_OK && i < CACHE_STORES; i++)
		st = verify_store(cache->self, (enum cache_store)i, check,
		    report, arg, damage, err);
	return st;
}

/* In a read transaction, although LMDB takes its own: the map must stay. */
static int
copy_pages(struct cache_env *env, int fd)
{
	MDB_txn *txn = NULL;
	int rc = EBUSY;

	if (cache_env_read(env, &txn) == CACHE_FAULT_NONE) {
		rc = mdb_env_copyfd2(env->mdb, fd, MDB_CP_COMPACT);
		cache_env_read_end(env, txn);
	}
	cache_env_read_close(env, &txn);
	return rc;
}

static int
copy_to(struct cache_env *env, const char *file)
{
	int rc, fd;

	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0640);
	if (fd == -1)
		return errno;
	rc = fchmod(fd, 0640) != 0 ? errno : copy_pages(env, fd);
	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (close(fd) != 0 && rc == 0)
		rc = errno;
	if (rc != 0)
		(void)unlink(file);
	return rc;
}

enum mtasts_status
cache_lmdb_compact(const struct cache *cache, const char *file,
    struct mtasts_error *err)
{
	struct cache_lmdb *lmdb = cache->self;
	struct cache_slot *slot = &lmdb->slots[CACHE_POLICIES];
	struct cache_env *env;
	int rc;

	if (cache_slot_use(slot, &env) != CACHE_OK)
		return error_set(err, MTASTS_CACHE, MTASTS_STAGE_CACHE, 0,
		    "the policies below %s cannot be opened",
		    slot->place.directory);
	rc = copy_to(env, file);
	cache_env_release(&env);
	if (rc != 0)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_CACHE, rc,
		    "cannot copy to %s: %s", file, mdb_strerror(rc));
	return MTASTS_OK;
}
