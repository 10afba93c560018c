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
#include <config.h>

#include "io/cache_room.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 512
#define ROUNDS_MAX 4

/* Milliseconds until making room is tried again: where nothing may go, and
 * where readers hold it, who may be gone in no time. */
#define FULL_FOR 10000
#define PINNED_FOR 100

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

/* When so many pages of it are used. */
static bool
has_reserve(const struct cache_room *room, uint64_t pages)
{
	return room->spare > pages && (room->spare - pages) * 20 > room->total;
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

/* The list of free pages can be read in a read transaction alone. The map's
 * lock is held already, by the write transaction around it. */
static enum cache_fault
measure_beside_write(struct cache_env *env, struct cache_room *out)
{
	enum cache_fault fault;
	MDB_txn *txn;

	fault = cache_fault(mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn));
	if (fault != CACHE_FAULT_NONE)
		return fault;
	fault = cache_room_measure(env, txn, out);
	mdb_txn_abort(txn);
	return fault;
}

/* The file is not that long yet: nothing to count. */
static bool
is_beyond_the_end(struct cache_env *env, const MDB_stat *stat, uint64_t pages)
{
	MDB_envinfo info;

	mdb_env_info(env->mdb, &info);
	return (info.me_last_pgno + pages + 1) * stat->ms_psize <
	    info.me_mapsize / 10 * 9;
}

bool
cache_room_is_there(struct cache_env *env, size_t size)
{
	struct cache_room room;
	MDB_stat stat;

	mdb_env_stat(env->mdb, &stat);
	if (is_beyond_the_end(env, &stat, size / stat.ms_psize))
		return true;
	if (measure_beside_write(env, &room) != CACHE_FAULT_NONE ||
	    !has_reserve(&room, 0))
		return false;
	return !is_nearly_full(&room) || credit_spend(env, size);
}

/* Each change may copy every page on the way to it. */
bool
cache_room_is_ample(struct cache_env *env, size_t changes)
{
	struct cache_room room;
	uint64_t pages;
	MDB_stat stat;

	mdb_env_stat(env->mdb, &stat);
	pages = changes * (stat.ms_depth + 1) +
	    CACHE_ITEMS_OCTETS / stat.ms_psize;
	if (is_beyond_the_end(env, &stat, pages))
		return true;
	return measure_beside_write(env, &room) == CACHE_FAULT_NONE &&
	    has_reserve(&room, pages) && !is_nearly_full(&room);
}

/* ---- Choosing ---------------------------------------------------------- */

struct victim {
	unsigned rank;
	size_t key_len;
	char key[CACHE_KEY_MAX];
};

/* The best so far, as a heap: the one that goes least willingly on top. */
struct victims {
	size_t count;
	size_t wanted;
	struct victim list[BATCH_MAX];
};

static void
victims_swap(struct victims *victims, size_t a, size_t b)
{
	struct victim saved = victims->list[a];

	victims->list[a] = victims->list[b];
	victims->list[b] = saved;
}

static void
victims_rise(struct victims *victims, size_t at)
{
	for (size_t up; at > 0; at = up) {
		up = (at - 1) / 2;
		if (victims->list[up].rank <= victims->list[at].rank)
			return;
		victims_swap(victims, at, up);
	}
}

static void
victims_sink(struct victims *victims)
{
	for (size_t at = 0, down; (down = 2 * at + 1) < victims->count;
	     at = down) {
		if (down + 1 < victims->count &&
		    victims->list[down + 1].rank < victims->list[down].rank)
			down++;
		if (victims->list[at].rank <= victims->list[down].rank)
			return;
		victims_swap(victims, at, down);
	}
}

static void
consider(struct victims *victims, const MDB_val *key, unsigned rank)
{
	struct victim *place = &victims->list[0];
	bool is_full = victims->count == victims->wanted;

	if (rank == 0 || key->mv_size > CACHE_KEY_MAX ||
	    (is_full && rank <= place->rank))
		return;
	if (!is_full)
		place = &victims->list[victims->count++];
	place->rank = rank;
	place->key_len = key->mv_size;
	memcpy(place->key, key->mv_data, key->mv_size);
	if (is_full)
		victims_sink(victims);
	else
		victims_rise(victims, victims->count - 1);
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

/* What can be deleted in one transaction without using up the reserve. */
static size_t
batch_size(const struct cache_room *room)
{
	uint64_t batch = room->spare / 4;

	return batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : (size_t)batch;
}

/* Measure, and choose what goes if the map is nearly full. */
static enum cache_fault
survey(struct cache_env *env, cache_rank_fn *rank, int64_t now,
    struct cache_room *room, struct victims *victims)
{
	enum cache_fault fault;
	MDB_txn *txn = NULL;

	fault = cache_env_read(env, &txn);
	if (fault == CACHE_FAULT_NONE) {
		fault = cache_room_measure(env, txn, room);
		victims->wanted = batch_size(room);
		victims->count = 0;
		if (fault == CACHE_FAULT_NONE && is_nearly_full(room) &&
		    rank != NULL)
			fault = choose(env, txn, rank, now, victims);
		cache_env_read_end(env, txn);
	}
	cache_env_read_close(env, &txn);
	cache_env_note(env, fault);
	return fault;
}

/* ---- Evicting ---------------------------------------------------------- */

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

	if (victims->count == 0 ||
	    cache_env_write(env, &txn) != CACHE_FAULT_NONE)
		return false;
	for (size_t i = 0; i < victims->count; i++)
		octets += remove_victim(env, txn, &victims->list[i], rank, now);
	fault = cache_env_write_end(env, txn, true);
	if (fault != CACHE_FAULT_NONE || octets == 0)
		return false;
	atomic_fetch_add(&env->credit, octets);
	return true;
}

/* Not to be tried again for a while; told once. */
static bool
give_up(struct cache_env *env, const struct cache_place *place,
    const char *reason, int64_t wait)
{
	atomic_store(&env->full_until, cache_env_now() + wait);
	if (!atomic_exchange(&env->full_told, true))
		log_line(place->log, MTASTS_LOG_WARNING,
		    "cache=%s full: %s, new answers are used and not stored",
		    place->name, reason);
	return false;
}

/* Octets freed here and there need not free a page: evict until one is. What
 * these rounds do not achieve the next call goes on with. */
static bool
evict_in_rounds(struct cache_env *env, const struct cache_place *place,
    cache_rank_fn *rank, int64_t now, struct victims *victims)
{
	struct cache_room room = { 0 };

	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (survey(env, rank, now, &room, victims) != CACHE_FAULT_NONE)
			return false;
		if (has_reserve(&room, 0) &&
		    (round > 0 || !is_nearly_full(&room)))
			return true;
		if (!is_nearly_full(&room))
			return give_up(env, place,
			    "an old reader holds the free pages", PINNED_FOR);
		if (!evict(env, victims, rank, now))
			return give_up(env, place, "nothing can be evicted",
			    FULL_FOR);
	}
	return false;
}

bool
cache_room_make(struct cache_env *env, const struct cache_place *place,
    cache_rank_fn *rank, int64_t now)
{
	struct victims *victims;
	bool made;

	if (cache_env_now() < atomic_load(&env->full_until))
		return false;
	if ((victims = malloc(sizeof(*victims))) == NULL)
		return false;
	mdb_reader_check(env->mdb, NULL);
	made = evict_in_rounds(env, place, rank, now, victims);
	if (made)
		atomic_store(&env->full_told, false);
	free(victims);
	return made;
}
