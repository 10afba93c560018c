/*
 * cache_txn: begins and ends transactions of an environment, and deals with
 * what may come in the way: a full table of readers, a map made larger by
 * another process, a fork.
 *
 * Between begin and end the thread is inside the map's gate and the process is
 * marked as being inside LMDB. Knows no keys and values.
 *
 * Test: tests/unit/test_cache_lmdb.c
 */
#include <config.h>

#include "io/cache_env.h"

#include <stddef.h>

/* A page that could not be read makes everyone open anew, after a walk. */
void
cache_env_note(struct cache_env *env, enum cache_fault fault)
{
	if (fault != CACHE_FAULT_DAMAGE)
		return;
	atomic_store(&env->suspect, true);
	atomic_store(&env->stale, true);
}

static bool
enter(struct cache_env *env)
{
	cache_gate_enter(&env->gate);
	if (env->lost) {
		cache_gate_leave(&env->gate);
		return false;
	}
	cache_mark_enter(&env->mark);
	return true;
}

static void
leave(struct cache_env *env)
{
	cache_mark_leave(&env->mark);
	cache_gate_leave(&env->gate);
}

/* Take over the size that the file says. No transaction is live meanwhile. */
static void
move_map(struct cache_env *env)
{
	cache_gate_shut(&env->gate);
	if (!env->lost && mdb_env_set_mapsize(env->mdb, 0) != 0) {
		env->lost = true;
		atomic_store(&env->stale, true);
	}
	cache_gate_open(&env->gate);
}

/* After a begin that failed: is it worth another try? */
static bool
mend(struct cache_env *env, enum cache_fault fault)
{
	switch (fault) {
	case CACHE_FAULT_READERS:
		mdb_reader_check(env->mdb, NULL);
		return true;
	case CACHE_FAULT_MAP:
		move_map(env);
		return true;
	case CACHE_FAULT_SLOT:
		return true;
	case CACHE_FAULT_NONE:
	case CACHE_FAULT_NOTFOUND:
	case CACHE_FAULT_FULL:
	case CACHE_FAULT_DAMAGE:
	case CACHE_FAULT_MEMORY:
	case CACHE_FAULT_OTHER:
		break;
	}
	cache_env_note(env, fault);
	return false;
}

enum cache_fault
cache_env_read(struct cache_env *env, MDB_txn **txn)
{
	enum cache_fault fault = CACHE_FAULT_OTHER;

	for (int i = 0; i < 3; i++) {
		if (!enter(env))
			return CACHE_FAULT_OTHER;
		fault = cache_fault(*txn != NULL ? mdb_txn_renew(*txn) :
		    mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, txn));
		if (fault == CACHE_FAULT_NONE)
			return fault;
		leave(env);
		/* The slot may be another's by now: the old transaction
		 * is left as it is, freeing it would free that. */
		if (fault == CACHE_FAULT_SLOT)
			*txn = NULL;
		if (!mend(env, fault))
			break;
	}
	return fault;
}

void
cache_env_read_end(struct cache_env *env, MDB_txn *txn)
{
	mdb_txn_reset(txn);
	leave(env);
}

void
cache_env_read_close(struct cache_env *env, MDB_txn **txn)
{
	if (*txn != NULL && enter(env)) {
		mdb_txn_abort(*txn);
		leave(env);
	}
	*txn = NULL;
}

enum cache_fault
cache_env_write(struct cache_env *env, MDB_txn **txn)
{
	enum cache_fault fault = CACHE_FAULT_OTHER;

	*txn = NULL;
	for (int i = 0; i < 3; i++) {
		if (env->read_only || !enter(env))
			return CACHE_FAULT_OTHER;
		fault = cache_fault(mdb_txn_begin(env->mdb, NULL, 0, txn));
		if (fault == CACHE_FAULT_NONE)
			return fault;
		leave(env);
		if (!mend(env, fault))
			break;
	}
	return fault;
}

enum cache_fault
cache_env_write_end(struct cache_env *env, MDB_txn *txn, bool commit)
{
	enum cache_fault fault = CACHE_FAULT_NONE;

	if (commit)
		fault = cache_fault(mdb_txn_commit(txn));
	else
		mdb_txn_abort(txn);
	leave(env);
	cache_env_note(env, fault);
	return fault;
}
