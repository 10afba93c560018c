/*
 * cache_env: opens LMDB environments, one for a directory in this process.
 *
 * All of them stand in one list under one lock; a child made by fork() begins
 * with an empty list and a new lock, and never touches what it inherited:
 * closing it would free the parent's reader slots, and drop locks.
 *
 * What is opened: files created empty with their final mode, through the
 * directory's descriptor; not as links, FIFOs or devices; lock.mdb for writing
 * always (LMDB would go without locks where it cannot be written, and a reader
 * without locks reads pages that are being overwritten).
 *
 * Knows no keys and values. Transactions are cache_txn.c's.
 *
 * Test: tests/unit/test_cache_lmdb.c, test_cache_fork.c, test_cache_damage.c
 */
#include <config.h>

#include "io/cache_env.h"

#include "base/clock.h"
#include "io/cache_file.h"
#include "io/cache_walk.h"
#include "io/directory.h"
#include "io/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_READERS 4096
#define FILE_MODE 0660
#define RETRY_AFTER 3000 /* ms after a failed open */
#define LOOK_AFTER 1000	 /* ms between comparisons with the path */

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cache_env *registry;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;

static void
registry_forget(void)
{
	static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	registry_lock = fresh;
	registry = NULL;
}

static void
registry_begin(void)
{
	pthread_atfork(NULL, NULL, registry_forget);
}

int64_t
cache_env_now(void)
{
	return clock_monotonic(&clock_system);
}

enum cache_fault
cache_fault(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return CACHE_FAULT_NONE;
	case MDB_NOTFOUND:
		return CACHE_FAULT_NOTFOUND;
	case MDB_READERS_FULL:
		return CACHE_FAULT_READERS;
	case MDB_BAD_RSLOT:
		return CACHE_FAULT_SLOT;
	case MDB_MAP_RESIZED:
		return CACHE_FAULT_MAP;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return CACHE_FAULT_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_PANIC:
	case MDB_CURSOR_FULL:
	case MDB_INCOMPATIBLE:
		return CACHE_FAULT_DAMAGE;
	case ENOMEM:
		return CACHE_FAULT_MEMORY;
	default:
		return CACHE_FAULT_OTHER;
	}
}

enum cache_status
cache_fault_status(enum cache_fault fault)
{
	switch (fault) {
	case CACHE_FAULT_NONE:
		return CACHE_OK;
	case CACHE_FAULT_NOTFOUND:
		return CACHE_NOTFOUND;
	case CACHE_FAULT_READERS:
		return CACHE_BUSY;
	case CACHE_FAULT_FULL:
		return CACHE_FULL;
	case CACHE_FAULT_MEMORY:
		return CACHE_NOMEM;
	case CACHE_FAULT_SLOT:
	case CACHE_FAULT_MAP:
	case CACHE_FAULT_DAMAGE:
	case CACHE_FAULT_OTHER:
		break;
	}
	return CACHE_UNAVAILABLE;
}

/* ---- Opening ---------------------------------------------------------- */

/* LMDB aborts after this. The mark in the in-use file still stands, so the
 * next to open walks first; of this process nothing can be saved. */
static void
on_assert(MDB_env *mdb, const char *text)
{
	const struct cache_env *env = mdb_env_get_userctx(mdb);
	const struct log *log = env != NULL ? env->log : NULL;

	log_line(log, MTASTS_LOG_ERROR, "cache assertion failed: %s", text);
}

static int
open_dbi(MDB_env *mdb, MDB_dbi *dbi)
{
	MDB_txn *txn;
	int rc;

	rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn);
	if (rc == MDB_READERS_FULL) {
		mdb_reader_check(mdb, NULL);
		rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn);
	}
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, dbi);
	mdb_txn_abort(txn);
	return rc;
}

int
cache_env_open_mdb(int dirfd, const struct cache_place *place, bool read_only,
    MDB_env **out, MDB_dbi *dbi)
{
	unsigned flags = place->flags | MDB_NOTLS;
	char path[64];
	MDB_env *mdb;
	int rc, fd;

	*out = NULL;
	if ((rc = mdb_env_create(&mdb)) != 0)
		return rc;
	if (read_only)
		flags |= MDB_RDONLY;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	if ((rc = mdb_env_set_mapsize(mdb, place->map_size)) != 0 ||
	    (rc = mdb_env_set_maxreaders(mdb, MAX_READERS)) != 0 ||
	    (rc = mdb_env_set_assert(mdb, on_assert)) != 0 ||
	    (rc = mdb_env_open(mdb, path, flags, FILE_MODE)) != 0 ||
	    (rc = mdb_env_get_fd(mdb, &fd)) != 0)
		goto fail;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		rc = errno;
		goto fail;
	}
	if ((rc = open_dbi(mdb, dbi)) != 0)
		goto fail;
	*out = mdb;
	return 0;
fail:
	mdb_env_close(mdb);
	return rc;
}

/* What an attempt to open came to. */
enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_AGAIN, /* what was there is set aside */
	ATTEMPT_FAILED,
};

/*
 * Closing a descriptor of lock.mdb drops all locks this process has on that
 * file: it may not be touched while an environment with it is open. Such a
 * one, opened before another data file was put beside the same lock.mdb, is
 * kept open for ever.
 */
static bool
keep_users_of(const struct stat *lock)
{
	bool any = false;

	for (struct cache_env *env = registry; env != NULL; env = env->next) {
		if (env->lock.st_dev != lock->st_dev ||
		    env->lock.st_ino != lock->st_ino)
			continue;
		env->kept = true;
		any = true;
	}
	return any;
}

/* Make lock.mdb if need be, and see that it may be written. */
static bool
prepare_lock(struct cache_env *env)
{
	int fd;

	if (fstatat(env->dirfd, "lock.mdb", &env->lock,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    keep_users_of(&env->lock))
		return true;
	fd = directory_file(env->dirfd, "lock.mdb", O_RDWR | O_CREAT);
	if (fd == -1)
		return false;
	if (fstat(fd, &env->lock) != 0) {
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

static int
prepare_data(struct cache_env *env)
{
	int fd = directory_file(env->dirfd, "data.mdb", O_RDWR | O_CREAT);

	if (fd == -1 && (errno == EACCES || errno == EROFS)) {
		env->read_only = true;
		fd = directory_file(env->dirfd, "data.mdb", O_RDONLY);
	}
	if (fd != -1 && fstat(fd, &env->data) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
report_walk(void *arg, const char *text)
{
	const struct cache_place *place = arg;

	log_line(place->log, MTASTS_LOG_WARNING, "cache=%s %s", place->name,
	    text);
}

/* Is the file fit to be mapped? One that is suspect is walked in a child. */
static bool
file_is_sound(struct cache_env *env, const struct cache_place *place, int fd,
    bool suspect)
{
	enum cache_shape shape = cache_file_shape(fd);
	struct cache_walk walk = {
		.place = place,
		.dirfd = env->dirfd,
		.read_only = env->read_only,
		.report = report_walk,
	};
	struct cache_place copy = *place;

	if (shape == CACHE_SHAPE_DAMAGED)
		return false;
	suspect = cache_mark_is_suspect(&env->mark) || suspect;
	if (shape == CACHE_SHAPE_NEW ||
	    (shape == CACHE_SHAPE_WHOLE && !suspect))
		return true;
	walk.arg = &copy;
	if (cache_walk(&walk) && walk.damage > 0)
		return false;
	if (shape == CACHE_SHAPE_SHORT && !env->read_only)
		cache_file_lengthen(fd);
	cache_mark_settle(&env->mark);
	return true;
}

static enum attempt
open_files(struct cache_env *env, const struct cache_place *place, int parent,
    bool suspect, int *code)
{
	int fd;

	if (!prepare_lock(env) || (fd = prepare_data(env)) == -1) {
		*code = errno;
		return ATTEMPT_FAILED;
	}
	cache_mark_open(env->dirfd, &env->mark);
	if (!file_is_sound(env, place, fd, suspect)) {
		close(fd);
		*code = MDB_CORRUPTED;
		return cache_file_set_aside(parent, place->name,
		    &env->directory, place->log) ? ATTEMPT_AGAIN :
		    ATTEMPT_FAILED;
	}
	close(fd);
	*code = cache_env_open_mdb(env->dirfd, place, env->read_only,
	    &env->mdb, &env->dbi);
	return *code == 0 ? ATTEMPT_DONE : ATTEMPT_FAILED;
}

static void
env_free(struct cache_env *env)
{
	if (env->mdb != NULL)
		mdb_env_close(env->mdb);
	cache_mark_close(&env->mark);
	if (env->dirfd != -1)
		close(env->dirfd);
	cache_gate_destroy(&env->gate);
	free(env);
}

static struct cache_env *
env_new(int dirfd, const struct stat *directory, const struct log *log)
{
	struct cache_env *env = calloc(1, sizeof(*env));

	if (env == NULL)
		return NULL;
	env->dirfd = dirfd;
	env->directory = *directory;
	env->generation = fork_generation();
	env->log = log;
	env->mark.fd = -1;
	cache_gate_init(&env->gate);
	return env;
}

static struct cache_env *
registry_find(const struct stat *directory)
{
	for (struct cache_env *env = registry; env != NULL; env = env->next) {
		if (env->directory.st_dev == directory->st_dev &&
		    env->directory.st_ino == directory->st_ino &&
		    !atomic_load(&env->stale))
			return env;
	}
	return NULL;
}

/* Find the directory's environment in the list, or open it. */
static enum attempt
open_directory(const struct cache_place *place, int parent, bool suspect,
    struct cache_env **out, int *code)
{
	int dirfd = cache_file_directory(parent, place->name);
	struct cache_env *env;
	enum attempt attempt;
	struct stat sb;

	if (dirfd == -1 || fstat(dirfd, &sb) != 0) {
		*code = errno;
		if (dirfd != -1)
			close(dirfd);
		return ATTEMPT_FAILED;
	}
	if ((*out = registry_find(&sb)) != NULL) {
		close(dirfd);
		return ATTEMPT_DONE;
	}
	if ((env = env_new(dirfd, &sb, place->log)) == NULL) {
		close(dirfd);
		*code = ENOMEM;
		return ATTEMPT_FAILED;
	}
	attempt = open_files(env, place, parent, suspect, code);
	if (attempt != ATTEMPT_DONE) {
		env_free(env);
		return attempt;
	}
	cache_mark_claim(&env->mark);
	env->next = registry;
	registry = env;
	*out = env;
	return ATTEMPT_DONE;
}

static int
env_open(const struct cache_place *place, bool suspect, struct cache_env **out)
{
	enum attempt attempt = ATTEMPT_AGAIN;
	int parent, code = 0;

	*out = NULL;
	if ((parent = directory_open(place->directory)) == -1)
		return errno;
	for (int i = 0; i < 3 && attempt == ATTEMPT_AGAIN; i++) {
		attempt = open_directory(place, parent, suspect, out, &code);
		suspect = false;
	}
	close(parent);
	return attempt == ATTEMPT_DONE ? 0 : code;
}

/* ---- Sharing ---------------------------------------------------------- */

bool
cache_env_is_current(const struct cache_env *env)
{
	return env->generation == fork_generation() &&
	    !atomic_load_explicit(&env->stale, memory_order_relaxed);
}

static void
unlink_env(const struct cache_env *env)
{
	struct cache_env **at;

	for (at = &registry; *at != NULL; at = &(*at)->next) {
		if (*at == env) {
			*at = env->next;
			return;
		}
	}
}

static void
release_locked(struct cache_env **env)
{
	struct cache_env *e = *env;

	*env = NULL;
	/* The parent's is not ours to count, or to close. */
	if (e == NULL || e->generation != fork_generation() ||
	    --e->references > 0 || e->kept)
		return;
	unlink_env(e);
	env_free(e);
}

void
cache_env_release(struct cache_env **env)
{
	if (*env == NULL)
		return;
	pthread_mutex_lock(&registry_lock);
	release_locked(env);
	pthread_mutex_unlock(&registry_lock);
}

static void
complain(struct cache_slot *slot, int code)
{
	const struct cache_place *place = &slot->place;

	if (slot->complained)
		return;
	slot->complained = true;
	/* Not being there is how a cache begins; the rest is trouble. */
	log_line(place->log,
	    code == ENOENT ? MTASTS_LOG_NOTICE : MTASTS_LOG_WARNING,
	    "cache=%s directory=%s unavailable: %s", place->name,
	    place->directory, mdb_strerror(code));
}

static enum cache_status
slot_open(struct cache_slot *slot, bool suspect)
{
	int64_t now = cache_env_now();
	int code;

	if (now < slot->retry_at)
		return CACHE_UNAVAILABLE;
	code = env_open(&slot->place, suspect, &slot->env);
	if (code != 0) {
		slot->retry_at = now + RETRY_AFTER;
		complain(slot, code);
		return cache_fault_status(cache_fault(code));
	}
	slot->env->references++;
	slot->complained = false;
	return CACHE_OK;
}

enum cache_status
cache_slot_use(struct cache_slot *slot, struct cache_env **out)
{
	enum cache_status st = CACHE_OK;
	bool suspect = false;

	*out = NULL;
	fork_watch();
	pthread_once(&registry_once, registry_begin);
	pthread_mutex_lock(&registry_lock);
	if (slot->env != NULL && !cache_env_is_current(slot->env)) {
		suspect = atomic_load(&slot->env->suspect);
		release_locked(&slot->env);
	}
	if (slot->env == NULL)
		st = slot_open(slot, suspect);
	if (st == CACHE_OK) {
		slot->env->references++;
		*out = slot->env;
	}
	pthread_mutex_unlock(&registry_lock);
	return st;
}

void
cache_slot_clear(struct cache_slot *slot)
{
	cache_env_release(&slot->env);
}

/* Files of LMDB never shrink, and their directory is never changed. */
void
cache_slot_look(struct cache_slot *slot, struct cache_env *env)
{
	long long now = cache_env_now(), due = atomic_load(&slot->look_at);
	struct stat sb;
	char path[4096];
	int n;

	if (now < due ||
	    !atomic_compare_exchange_strong(&slot->look_at, &due,
		now + LOOK_AFTER))
		return;
	n = snprintf(path, sizeof(path), "%s/%s/data.mdb",
	    slot->place.directory, slot->place.name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	if (stat(path, &sb) != 0) {
		if (errno == ENOENT)
			atomic_store(&env->stale, true);
		return;
	}
	if (sb.st_dev != env->data.st_dev || sb.st_ino != env->data.st_ino) {
		atomic_store(&env->stale, true);
	} else if (sb.st_size < env->data.st_size) {
		atomic_store(&env->suspect, true);
		atomic_store(&env->stale, true);
	}
}
