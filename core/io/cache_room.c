/*
 * cache_room: keeps the map below 90 %, by evicting in small batches those
 * entries whose rank is highest.
 *
 * The choice is made in a read transaction over all entries, the removal in a
 * short write transaction that asks for the rank again. What was evicted is a
 * credit for storing as much, so that a scan serves many stores.
 *
 * Knows no policies: what may go, the rank function says.
 *
 * Test: tests/unit/test_cache_full.c
 */
#include "io/cache_room.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64
#define FULL_FOR 60000 /* ms until evicting is tried again */

/* ---- Measuring --------------------------------------------------------- */

/* A line of mdb_reader_list: "pid thread txnid", or "-" for one at rest. */
static int
note_reader(const char *line, void *arg)
{
	const char *last = strrchr(line, ' ');
	uint64_t *oldest = arg;
	char *end;
	unsigned long long id;

	if (last == NULL)
		return 0;
	id = strtoull(last + 1, &end, 10);
	if (end != last + 1 && id > 0 && id < *oldest)
		*oldest = id;
	return 0;
}

/* A record of the free list: the transaction that freed, how many pages. */
static enum cache_fault
count_free(MDB_txn *txn, uint64_t oldest, uint64_t *reusable, uint64_t *all)
{
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc;

	*reusable = *all = 0;
	if ((rc = mdb_cursor_open(txn, 0, &cursor)) != 0)
		return cache_fault(rc);
	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0) {
		size_t id, count;

		if (key.mv_size != sizeof(id) || val.mv_size < sizeof(count))
			return CACHE_FAULT_DAMAGE;
		memcpy(&id, key.mv_data, sizeof(id));
		memcpy(&count, val.mv_data, sizeof(count));
		*all += count;
		if (id < oldest)
			*reusable += count;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? CACHE_FAULT_NONE : cache_fault(rc);
}

enum cache_fault
cache_room_measure(struct cache_env *env, MDB_txn *txn, struct cache_room *out)
{
	uint64_t oldest = mdb_txn_id(txn), reusable, all, used;
	enum cache_fault fault;
	MDB_envinfo info;
	MDB_stat stat;

	mdb_env_info(env->mdb, &info);
	mdb_env_stat(env->mdb, &stat);
	mdb_reader_list(env->mdb, note_reader, &oldest);
	fault = count_free(txn, oldest, &reusable, &all);
	if (fault != CACHE_FAULT_NONE)
		return fault;
	used = info.me_last_pgno + 1;
	out->page = stat.ms_psize;
	out->total = info.me_mapsize / stat.ms_psize;
	out->live = used > all ? used - all : 0;
	out->spare = (out->total > used ? out->total - used : 0) + reusable;
	return CACHE_FAULT_NONE;
}

static bool
is_nearly_full(const struct cache_room *room)
{
	return room->live * 10 > room->total * 9;
}

static bool
has_reserve(const struct cache_room *room)
{
	return room->spare * 20 > room->total;
}

static bool
credit_spend(struct cache_env *env, size_t size)
{
	size_t have = atomic_load(&env->credit);

	while (have >= size) {
		if (atomic_compare_exchange_weak(&env->credit, &have,
			have - size))
			return true;
	}
	return false;
}

bool
cache_room_is_there(struct cache_env *env, MDB_txn *txn, size_t size)
{
	struct cache_room room;
	MDB_envinfo info;
	MDB_stat stat;

	/* The file is not that long yet: nothing to count. */
	mdb_env_info(env->mdb, &info);
	mdb_env_stat(env->mdb, &stat);
	if ((info.me_last_pgno + size / stat.ms_psize + 1) * stat.ms_psize <
	    info.me_mapsize / 10 * 9)
		return true;
	if (cache_room_measure(env, txn, &room) != CACHE_FAULT_NONE ||
	    !has_reserve(&room))
		return false;
	return !is_nearly_full(&room) || credit_spend(env, size);
}

/* ---- Evicting ---------------------------------------------------------- */

struct victim {
	unsigned rank;
	size_t key_len;
	char key[CACHE_KEY_MAX];
};

/* The best so far, the one that goes least willingly first. */
struct victims {
	size_t count;
	size_t wanted;
	struct victim list[BATCH_MAX];
};

static void
consider(struct victims *victims, const MDB_val *key, unsigned rank)
{
	size_t at;

	if (rank == 0 || key->mv_size > CACHE_KEY_MAX)
		return;
	if (victims->count == victims->wanted) {
		if (rank <= victims->list[0].rank)
			return;
		victims->count--;
		memmove(&victims->list[0], &victims->list[1],
		    victims->count * sizeof(victims->list[0]));
	}
	for (at = victims->count; at > 0; at--) {
		if (victims->list[at - 1].rank <= rank)
			break;
		victims->list[at] = victims->list[at - 1];
	}
	victims->list[at].rank = rank;
	victims->list[at].key_len = key->mv_size;
	memcpy(victims->list[at].key, key->mv_data, key->mv_size);
	victims->count++;
}

static enum cache_fault
choose(struct cache_env *env, MDB_txn *txn, cache_rank_fn *rank, int64_t now,
    struct victims *victims)
{
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc;

	if ((rc = mdb_cursor_open(txn, env->dbi, &cursor)) != 0)
		return cache_fault(rc);
	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0)
		consider(victims, &key, rank(val.mv_data, val.mv_size, now));
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? CACHE_FAULT_NONE : cache_fault(rc);
}

/* Returns the octets it frees; 0 if it has become dear meanwhile. */
static size_t
remove_victim(struct cache_env *env, MDB_txn *txn, struct victim *victim,
    cache_rank_fn *rank, int64_t now)
{
	MDB_val key = { victim->key_len, victim->key }, val;
	size_t octets;

	if (mdb_get(txn, env->dbi, &key, &val) != 0 ||
	    rank(val.mv_data, val.mv_size, now) == 0)
		return 0;
	octets = key.mv_size + val.mv_size;
	return mdb_del(txn, env->dbi, &key, NULL) == 0 ? octets : 0;
}

static bool
evict(struct cache_env *env, struct victims *victims, cache_rank_fn *rank,
    int64_t now)
{
	enum cache_fault fault;
	size_t octets = 0;
	MDB_txn *txn;

	if (cache_env_write(env, &txn) != CACHE_FAULT_NONE)
		return false;
	for (size_t i = victims->count; i > 0; i--)
		octets += remove_victim(env, txn, &victims->list[i - 1], rank,
		    now);
	fault = cache_env_write_end(env, txn, true);
	if (fault != CACHE_FAULT_NONE || octets == 0)
		return false;
	atomic_fetch_add(&env->credit, octets);
	return true;
}

/* One line a minute at most, and no scan for what was not found. */
static bool
give_up(struct cache_env *env, const struct cache_place *place)
{
	atomic_store(&env->full_until, cache_env_now() + FULL_FOR);
	log_line(place->log, MTASTS_LOG_WARNING,
	    "cache=%s full: nothing can be evicted, new answers are not stored",
	    place->name);
	return false;
}

/* What can be deleted in one transaction without using up the reserve. */
static size_t
batch_size(const struct cache_room *room)
{
	uint64_t batch = room->spare / 4;

	return batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : (size_t)batch;
}

bool
cache_room_make(struct cache_env *env, const struct cache_place *place,
    cache_rank_fn *rank, int64_t now)
{
	struct cache_room room = { 0 };
	struct victims *victims;
	enum cache_fault fault;
	MDB_txn *txn = NULL;
	bool made = false;

	if (rank == NULL || cache_env_now() < atomic_load(&env->full_until) ||
	    (victims = calloc(1, sizeof(*victims))) == NULL)
		return false;
	mdb_reader_check(env->mdb, NULL);
	fault = cache_env_read(env, &txn);
	if (fault == CACHE_FAULT_NONE) {
		fault = cache_room_measure(env, txn, &room);
		victims->wanted = batch_size(&room);
		if (fault == CACHE_FAULT_NONE && is_nearly_full(&room))
			fault = choose(env, txn, rank, now, victims);
		cache_env_read_end(env, txn);
	}
	cache_env_read_close(env, &txn);
	cache_env_note(env, fault);
	if (fault == CACHE_FAULT_NONE && !is_nearly_full(&room))
		made = has_reserve(&room); /* dead readers were all */
	else if (fault == CACHE_FAULT_NONE)
		made = evict(env, victims, rank, now);
	free(victims);
	return made ? true : give_up(env, place);
}
