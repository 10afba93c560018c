/*
 * An open LMDB environment of this process: one for a directory, shared by all
 * who use it, left alone after fork(), and given up when it is found damaged
 * or another stands in its place. Internal to cache_lmdb and its parts.
 */
#ifndef IO_CACHE_ENV_H
#define IO_CACHE_ENV_H

#include <lmdb.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/log.h"
#include "io/cache.h"
#include "io/cache_gate.h"
#include "io/cache_mark.h"

/* What LMDB's numbers come to: only cache_fault knows them. */
enum cache_fault {
	CACHE_FAULT_NONE,
	CACHE_FAULT_NOTFOUND,
	CACHE_FAULT_READERS, /* the table of readers is full */
	CACHE_FAULT_SLOT,    /* ours in it was taken away */
	CACHE_FAULT_MAP,     /* another process made the map larger */
	CACHE_FAULT_FULL,    /* no pages left */
	CACHE_FAULT_DAMAGE,
	CACHE_FAULT_MEMORY,
	CACHE_FAULT_OTHER,
};
enum cache_fault cache_fault(int rc);
enum cache_status cache_fault_status(enum cache_fault fault);

/* Where an environment belongs and how it is opened. */
struct cache_place {
	char *directory;  /* its parent */
	const char *name; /* below it: "policies" */
	size_t map_size;
	unsigned flags;   /* of mdb_env_open */
	const struct log *log;
};

struct cache_env {
	struct cache_env *next;
	unsigned generation; /* of fork */
	unsigned references;
	struct stat directory, data, lock; /* as opened */
	int dirfd;
	MDB_env *mdb;
	MDB_dbi dbi;
	bool read_only;
	const struct log *log;
	bool kept;		/* never to be closed, see cache_env.c */
	atomic_bool stale;	/* to be opened anew */
	atomic_bool suspect;	/* and to be walked before */
	struct cache_gate gate; /* shut while the map is moved */
	bool lost;		/* the map is gone; written with the gate shut */
	atomic_llong full_until; /* nothing to evict until then (monotonic) */
	atomic_bool full_told;
	atomic_size_t credit;	/* octets evicted and not yet stored again */
	struct cache_mark mark;
};

/* A user's way to the environment of a place: opened by first use. Guarded by
 * the registry's own lock, which fork() cannot freeze. */
struct cache_slot {
	struct cache_place place;
	struct cache_env *env;
	int64_t retry_at;      /* monotonic: not opened again before */
	atomic_llong look_at;  /* monotonic: not compared again before */
	bool complained;
};

/* Get the environment with a reference, opening it if need be. A failure is
 * remembered for some seconds, logged once. */
enum cache_status cache_slot_use(struct cache_slot *slot,
    struct cache_env **out);
/* Drop the slot's own reference. */
void cache_slot_clear(struct cache_slot *slot);
/* At most once a second: does the environment still stand at its path? */
void cache_slot_look(struct cache_slot *slot, struct cache_env *env);

void cache_env_release(struct cache_env **env);
/* May it still be used: not stale, and opened by this process? No system
 * call. */
bool cache_env_is_current(const struct cache_env *env);

/*
 * Begin a read transaction, or renew a *txn that was reset. On success the map
 * stays where it is until cache_env_read_end. A READERS fault is final, the
 * others were dealt with as far as can be.
 */
enum cache_fault cache_env_read(struct cache_env *env, MDB_txn **txn);
void cache_env_read_end(struct cache_env *env, MDB_txn *txn);
/* Give back a transaction that was reset. */
void cache_env_read_close(struct cache_env *env, MDB_txn **txn);

/* Begin a write transaction; end it by committing or not. */
enum cache_fault cache_env_write(struct cache_env *env, MDB_txn **txn);
enum cache_fault cache_env_write_end(struct cache_env *env, MDB_txn *txn,
    bool commit);

/* Tell what a call inside a transaction came to: damage makes it stale. */
void cache_env_note(struct cache_env *env, enum cache_fault fault);

/* Open the files of a directory for this process alone, with no sharing: the
 * part that a walk in a child needs too. 0, or LMDB's number. */
int cache_env_open_mdb(int dirfd, const struct cache_place *place,
    bool read_only, MDB_env **out, MDB_dbi *dbi);

int64_t cache_env_now(void); /* monotonic milliseconds */

#endif
