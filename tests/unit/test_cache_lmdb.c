/* io/cache_lmdb: opening, refusing, sharing, and many processes at once. */
#include <config.h>

#include "support/sanitizer.h"
#include "support/store.h"
#include "support/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_mode(const char *directory, const char *name, mode_t mode)
{
	char path[SCRATCH_PATH];
	struct stat sb;

	scratch_join(path, directory, name);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, mode);
}

/* ---- Opening ----------------------------------------------------------- */

static void
nothing_is_opened_before_it_is_used(void **state)
{
	struct store *s = *state;

	assert_int_equal(access(s->policies, F_OK), -1);
	assert_int_equal(access(s->answers, F_OK), -1);
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
	assert_int_equal(access(s->policies, F_OK), 0);
	assert_int_equal(access(s->answers, F_OK), -1);
	assert_int_equal(s->lines, 0);
}

static void
modes_are_right_whatever_the_umask(void **state)
{
	struct store *s = *state;
	mode_t mask = umask(0077);

	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	umask(mask);
	assert_mode(s->directory, "policies", 02750);
	assert_mode(s->policies, "data.mdb", 0660);
	assert_mode(s->policies, "lock.mdb", 0660);
	assert_mode(s->policies, "in-use", 0660);
}

static void
answers_are_not_needed_for_policies(void **state)
{
	struct store *s = *state;

	assert_int_equal(rmdir(s->run), 0);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "a", "1"),
	    CACHE_UNAVAILABLE);
	assert_int_equal(store_get(s, CACHE_ANSWERS, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
	assert_int_equal(s->lines, 1); /* not one for every lookup */
	assert_non_null(strstr(s->line, "answers"));
}

static void
policies_are_not_needed_for_answers(void **state)
{
	struct store *s = *state;
	struct cache_size size;

	assert_int_equal(rmdir(s->directory), 0);
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(cache_visit(&s->cache, CACHE_POLICIES,
	    span_of("", 0), NULL, NULL),
	    CACHE_UNAVAILABLE);
	assert_int_equal(cache_size(&s->cache, CACHE_POLICIES, &size),
	    CACHE_UNAVAILABLE);
	assert_int_equal(cache_lmdb_reap(&s->cache), 0);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "a", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_ANSWERS, "a", "1"));
}

static void
no_run_directory_configured_is_fine(void **state)
{
	struct store *s = *state;

	store_close(s);
	s->options.run_directory = NULL;
	store_open(s);
	assert_int_equal(store_get(s, CACHE_ANSWERS, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
}

static void
what_appears_later_is_found(void **state)
{
	struct store *s = *state;
	int tries;

	assert_int_equal(rmdir(s->run), 0);
	assert_int_equal(store_get(s, CACHE_ANSWERS, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(mkdir(s->run, 0755), 0);
	/* A failure is remembered for some seconds. */
	assert_int_equal(store_get(s, CACHE_ANSWERS, "a"), CACHE_UNAVAILABLE);
	for (tries = 0; tries < 300; tries++) {
		if (store_get(s, CACHE_ANSWERS, "a") == CACHE_NOTFOUND)
			break;
		usleep(100000);
	}
	assert_int_not_equal(tries, 300);
}

/* ---- Refusing ---------------------------------------------------------- */

/* As nobody, with a handle of its own. */
static bool
nobody_may_nothing(void *arg)
{
	struct store *s = arg;

	return scratch_be_nobody() &&
	    store_get(s, CACHE_POLICIES, "a") == CACHE_UNAVAILABLE &&
	    store_put(s, CACHE_POLICIES, "b", "2") == CACHE_UNAVAILABLE;
}

static bool
nobody_may_read(void *arg)
{
	struct store *s = arg;

	return scratch_be_nobody() &&
	    store_has(s, CACHE_POLICIES, "a", "1") &&
	    store_put(s, CACHE_POLICIES, "b", "2") == CACHE_UNAVAILABLE &&
	    store_count(s, CACHE_POLICIES) == 1;
}

static bool
nobody_may_all(void *arg)
{
	struct store *s = arg;

	return scratch_be_nobody() &&
	    store_has(s, CACHE_POLICIES, "a", "1") &&
	    store_put(s, CACHE_POLICIES, "b", "2") == CACHE_OK &&
	    store_has(s, CACHE_POLICIES, "b", "2");
}

static void
set_modes(struct store *s, mode_t directory, mode_t data, mode_t lock)
{
	char path[SCRATCH_PATH];

	assert_int_equal(chmod(s->policies, directory), 0);
	scratch_join(path, s->policies, "data.mdb");
	assert_int_equal(chmod(path, data), 0);
	scratch_join(path, s->policies, "lock.mdb");
	assert_int_equal(chmod(path, lock), 0);
	store_close(s);
	store_open(s);
}

static void
access_decides_what_is_possible(void **state)
{
	struct store *s = *state;

	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	/* Nothing there, and it cannot be made. */
	assert_int_equal(scratch_child(nobody_may_nothing, s), 0);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	set_modes(s, 0700, 0660, 0660);
	assert_int_equal(scratch_child(nobody_may_nothing, s), 0);
	set_modes(s, 0755, 0660, 0660);
	assert_int_equal(scratch_child(nobody_may_nothing, s), 0);
	/* A reader that cannot write the lock file has no place in it: the
	 * pages it reads would be overwritten. */
	set_modes(s, 0755, 0644, 0644);
	assert_int_equal(scratch_child(nobody_may_nothing, s), 0);
	set_modes(s, 0755, 0644, 0666);
	assert_int_equal(scratch_child(nobody_may_read, s), 0);
	set_modes(s, 0755, 0666, 0666);
	assert_int_equal(scratch_child(nobody_may_all, s), 0);
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
}

static void
assert_refused(struct store *s)
{
	store_close(s);
	store_open(s);
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"),
	    CACHE_UNAVAILABLE);
}

static void
planted_things_are_refused(void **state)
{
	static const char *const files[] = { "data.mdb", "lock.mdb" };
	char elsewhere[SCRATCH_PATH], file[SCRATCH_PATH];
	struct store *s = *state;
	struct stat sb;

	scratch_join(elsewhere, s->path, "elsewhere");
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(symlink(elsewhere, s->policies), 0);
	assert_refused(s);
	assert_int_equal(rmdir(elsewhere), 0); /* empty as before */
	assert_refused(s);
	assert_int_equal(unlink(s->policies), 0);
	assert_int_equal(mkfifo(s->policies, 0666), 0);
	assert_refused(s);
	assert_int_equal(unlink(s->policies), 0);

	assert_int_equal(mkdir(s->policies, 0700), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		scratch_join(file, s->policies, files[i]);
		unlink(file);
		assert_int_equal(symlink(elsewhere, file), 0);
		assert_refused(s);
		assert_int_not_equal(lstat(elsewhere, &sb), 0);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(mkfifo(file, 0666), 0);
		assert_refused(s);
		assert_int_equal(unlink(file), 0);
	}
	store_close(s);
	store_open(s);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
}

/* ---- Sharing in a process ---------------------------------------------- */

/* In a child: does the parent still hold its share of lock.mdb? */
static bool
parent_holds_lock(void *arg)
{
	const struct store *s = arg;
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[SCRATCH_PATH];
	int fd;

	whole.l_len = 1;
	scratch_join(path, s->policies, "lock.mdb");
	fd = open(path, O_RDWR);
	return fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK &&
	    whole.l_pid == getppid();
}

static void
handles_of_a_directory_share_it(void **state)
{
	struct store *s = *state, other = *s;
	char link[SCRATCH_PATH], path[SCRATCH_PATH];

	/* By another path, too. */
	scratch_join(link, s->path, "link");
	assert_int_equal(symlink(s->path, link), 0);
	scratch_join(path, link, "lib");
	other.options.directory = path;
	other.buffer = (struct cache_buffer){ 0 };
	store_open(&other);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_true(store_has(&other, CACHE_POLICIES, "a", "1"));
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
	store_close(&other);
	/* Closed twice over, LMDB would have dropped our locks. */
	assert_int_equal(scratch_child(parent_holds_lock, s), 0);
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
	store_close(s);
	assert_int_equal(scratch_child(parent_holds_lock, s), 1);
}

static void
no_descriptor_survives_exec(void **state)
{
	struct store *s = *state;
	char name[300], target[SCRATCH_PATH];
	const struct dirent *entry;
	unsigned ours = 0;
	DIR *dir;

	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "a", "1"), CACHE_OK);
	dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		ssize_t n;

		snprintf(name, sizeof(name), "/proc/self/fd/%s",
		    entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, s->path, strlen(s->path)) != 0)
			continue;
		ours++;
		assert_true(fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC);
	}
	closedir(dir);
	assert_true(ours >= 6);
}

#define THREADS 8
#define THREAD_ROUNDS 300

static void *
thread_main(void *arg)
{
	struct store own = *(struct store *)arg;
	char key[32];
	bool ok = true;

	own.buffer = (struct cache_buffer){ 0 };
	own.reader = cache_reader_new(&own.cache);
	for (int i = 0; i < THREAD_ROUNDS; i++) {
		snprintf(key, sizeof(key), "%lx %d",
		    (unsigned long)pthread_self(), i);
		ok = ok && store_get(&own, CACHE_ANSWERS, key) ==
		    CACHE_NOTFOUND &&
		    store_put(&own, CACHE_ANSWERS, key, key) == CACHE_OK &&
		    store_has(&own, CACHE_ANSWERS, key, key) &&
		    cache_lmdb_reap(&own.cache) == 0;
	}
	cache_reader_free(&own.cache, &own.reader);
	cache_buffer_free(&own.buffer);
	return ok ? arg : NULL;
}

static void
threads_share_a_handle(void **state)
{
	struct store *s = *state;
	pthread_t threads[THREADS];
	void *result;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_main,
		    s), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_ptr_equal(result, s);
	}
	assert_int_equal(store_count(s, CACHE_ANSWERS),
	    THREADS * THREAD_ROUNDS);
}

/* ---- What other processes do ------------------------------------------- */

#define GROWN 60000 /* more than 8 MiB */

static bool
grow_map(void *arg)
{
	struct store *s = arg;

	store_close(s);
	s->options.size = 256 << 20;
	store_open(s);
	return store_fill(s, CACHE_ANSWERS, 0, GROWN);
}

static void
a_map_grown_by_another_is_followed(void **state)
{
	struct store *s = *state;

	store_close(s);
	s->options.size = 1; /* as small as can be: 8 MiB */
	store_open(s);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "a", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_ANSWERS, "a", "1"));
	assert_int_equal(scratch_child(grow_map, s), 0);
	assert_true(store_has(s, CACHE_ANSWERS, "a", "1"));
	assert_int_equal(store_found(s, CACHE_ANSWERS, 0, GROWN), GROWN);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "b", "2"), CACHE_OK);
	assert_int_equal(scratch_child(grow_map, s), 0);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "c", "3"), CACHE_OK);
	assert_int_equal(store_count(s, CACHE_ANSWERS), GROWN + 3);
}

static bool
put_new(void *arg)
{
	struct store *s = arg;

	return store_put(s, CACHE_POLICIES, "new", "1") == CACHE_OK;
}

static void
a_replaced_environment_is_noticed(void **state)
{
	struct store *s = *state;
	char away[SCRATCH_PATH];
	int tries;

	scratch_join(away, s->path, "away");
	assert_int_equal(store_put(s, CACHE_POLICIES, "old", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "old", "1"));
	assert_int_equal(rename(s->policies, away), 0);
	store_close(s); /* in the child it would be opened anew all the same */
	store_open(s);
	assert_int_equal(scratch_child(put_new, s), 0);
	assert_int_equal(store_get(s, CACHE_POLICIES, "old"), CACHE_NOTFOUND);
	assert_true(store_has(s, CACHE_POLICIES, "new", "1"));

	/* Under a handle that is open: a miss sees it, within a second. */
	scratch_join(away, s->path, "away2");
	assert_int_equal(rename(s->policies, away), 0);
	for (tries = 0; tries < 300; tries++) {
		if (store_get(s, CACHE_POLICIES, "missing") == CACHE_NOTFOUND &&
		    access(s->policies, F_OK) == 0)
			break;
		usleep(50000);
	}
	assert_int_not_equal(tries, 300);
	assert_int_equal(store_get(s, CACHE_POLICIES, "new"), CACHE_NOTFOUND);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
}

#define CROWD 500

struct crowd {
	struct store *store;
	int ready[2]; /* a child writes when it has read */
	int stay[2];  /* and leaves when this closes */
};

static bool
read_and_stay(void *arg)
{
	struct crowd *crowd = arg;
	char octet = store_has(crowd->store, CACHE_POLICIES, "a", "1");

	close(crowd->stay[1]);
	if (write(crowd->ready[1], &octet, 1) != 1)
		return false;
	return read(crowd->stay[0], &octet, 1) == 0;
}

static void
a_crowd_reads_at_once(void **state)
{
	struct crowd crowd = { .store = *state };
	pid_t pids[CROWD];
	char octet;

	assert_int_equal(store_put(*state, CACHE_POLICIES, "a", "1"),
	    CACHE_OK);
	assert_int_equal(pipe(crowd.ready), 0);
	assert_int_equal(pipe(crowd.stay), 0);
	for (int i = 0; i < CROWD; i++)
		pids[i] = scratch_start(read_and_stay, &crowd);
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(read(crowd.ready[0], &octet, 1), 1);
		assert_int_equal(octet, 1);
	}
	/* All have their place in the table, and half of them die in it. */
	for (int i = 0; i < CROWD / 2; i++) {
		kill(pids[i], SIGKILL);
		assert_int_equal(scratch_wait(pids[i]), 128 + SIGKILL);
	}
	assert_int_equal(cache_lmdb_reap(&crowd.store->cache), CROWD / 2);
	assert_int_equal(cache_lmdb_reap(&crowd.store->cache), 0);
	close(crowd.stay[1]);
	for (int i = CROWD / 2; i < CROWD; i++)
		assert_int_equal(scratch_wait(pids[i]), 0);
	close(crowd.stay[0]);
	close(crowd.ready[0]);
	close(crowd.ready[1]);
	assert_true(store_has(*state, CACHE_POLICIES, "a", "1"));
}

#define MAX_READERS 4096

static void
a_full_table_of_readers_cannot_say(void **state)
{
	static struct cache_reader *readers[MAX_READERS];
	struct store *s = *state;
	struct span key = span_str("a");

	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	for (size_t i = 0; i < COUNT(readers); i++) {
		readers[i] = cache_reader_new(&s->cache);
		assert_int_equal(cache_get(&s->cache, readers[i],
		    CACHE_POLICIES, key, &s->buffer), CACHE_OK);
	}
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_BUSY);
	/* Writing needs no place. */
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "2"), CACHE_OK);
	cache_reader_free(&s->cache, &readers[0]);
	assert_true(store_has(s, CACHE_POLICIES, "a", "2"));
	for (size_t i = 1; i < COUNT(readers); i++)
		cache_reader_free(&s->cache, &readers[i]);
}

/* Not by us: closing lock.mdb in this process would drop its locks. */
static bool
take_parents_places(void *arg)
{
	const struct store *s = arg;
	pid_t parent = getppid(), pid;
	char path[SCRATCH_PATH];
	unsigned taken = 0;
	int fd;

	scratch_join(path, s->policies, "lock.mdb");
	fd = open(path, O_RDWR);
	for (off_t at = 0; pread(fd, &pid, sizeof(pid), at) == sizeof(pid);
	     at += 8) {
		if (pid != parent)
			continue;
		pid = 0;
		taken += pwrite(fd, &pid, sizeof(pid), at) == sizeof(pid);
	}
	return taken > 0;
}

static void
a_place_taken_away_is_replaced(void **state)
{
	struct store *s = *state;

	/* The transaction in the lost place cannot be freed. */
	LEAK_ON_PURPOSE_BEGIN();
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	for (int i = 0; i < 3; i++) {
		assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
		assert_int_equal(scratch_child(take_parents_places, s), 0);
	}
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
	LEAK_ON_PURPOSE_END();
}

/* By LMDB's own calls, so that the transaction is live at the end. */
static bool
die_while_reading(void *arg)
{
	const struct store *s = arg;
	MDB_env *env;
	MDB_txn *txn;

	if (mdb_env_create(&env) != 0 ||
	    mdb_env_open(env, s->answers, MDB_RDONLY, 0660) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
		return false;
	return raise(SIGKILL) != 0;
}

static void
a_reader_killed_in_a_transaction_is_reaped(void **state)
{
	struct store *s = *state;

	assert_true(store_fill(s, CACHE_ANSWERS, 0, 100));
	assert_int_equal(scratch_child(die_while_reading, s), 128 + SIGKILL);
	assert_true(store_fill(s, CACHE_ANSWERS, 0, 100));
	assert_int_equal(cache_lmdb_reap(&s->cache), 1);
	assert_int_equal(store_found(s, CACHE_ANSWERS, 0, 100), 100);
}

#define WRITERS 40
#define WRITER_ROUNDS 50

static enum cache_change
increment(void *arg, struct span old, struct span *replacement)
{
	unsigned *n = arg;

	*n = 0;
	if (old.len == sizeof(*n))
		memcpy(n, old.data, sizeof(*n));
	++*n;
	*replacement = span_of(n, sizeof(*n));
	return CACHE_REPLACE;
}

static bool
increment_often(void *arg)
{
	struct store *s = arg;
	unsigned n;

	for (int i = 0; i < WRITER_ROUNDS; i++) {
		if (cache_change(&s->cache, CACHE_ANSWERS, span_str("n"),
			increment, &n, 0) != CACHE_OK)
			return false;
	}
	return true;
}

static void
concurrent_changes_of_one_key_all_count(void **state)
{
	struct store *s = *state;
	pid_t pids[WRITERS];
	unsigned n = 0;

	for (int i = 0; i < WRITERS; i++)
		pids[i] = scratch_start(increment_often, s);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(scratch_wait(pids[i]), 0);
	assert_int_equal(store_get(s, CACHE_ANSWERS, "n"), CACHE_OK);
	memcpy(&n, s->buffer.data, sizeof(n));
	assert_int_equal(n, WRITERS * WRITER_ROUNDS);
}

/* ---- The whole of it --------------------------------------------------- */

#define MANY 100000

/* Without a commit for each. */
static bool
fill_at_once(void *arg)
{
	const struct store *s = arg;
	char text[64];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	if (mdb_env_create(&env) != 0 ||
	    mdb_env_set_mapsize(env, 64 << 20) != 0 ||
	    mdb_env_open(env, s->policies, 0, 0660) != 0 ||
	    mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		return false;
	for (unsigned i = 0; i < MANY; i++) {
		MDB_val key = { 10, text }, value = { sizeof(text), text };

		snprintf(text, sizeof(text), "%010u", i);
		if (mdb_put(txn, dbi, &key, &value, 0) != 0)
			return false;
	}
	return mdb_txn_commit(txn) == 0;
}

/* Kilobytes of this process's own memory, files not counted. */
static long
anonymous_memory(void)
{
	char line[128];
	long kilobytes = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "RssAnon: %ld", &kilobytes);
	if (file != NULL)
		fclose(file);
	return kilobytes;
}

struct listing {
	char last[16];
	unsigned count;
	long most;
};

static bool
list_one(void *arg, struct span key, struct span value)
{
	struct listing *listing = arg;

	assert_int_equal(key.len, 10);
	assert_int_equal(value.len, 64);
	assert_true(memcmp(key.data, listing->last, 10) > 0 ||
	    listing->count == 0);
	memcpy(listing->last, key.data, 10);
	if (listing->count++ % 10000 == 0 && anonymous_memory() > listing->most)
		listing->most = anonymous_memory();
	return true;
}

static void
listing_takes_no_memory(void **state)
{
	struct listing listing = { .count = 0 };
	struct store *s = *state;
	long before;

	if (WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("what the sanitizer takes would be counted");
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_NOTFOUND);
	assert_int_equal(scratch_child(fill_at_once, s), 0);
	before = anonymous_memory();
	assert_int_equal(cache_visit(&s->cache, CACHE_POLICIES,
	    span_of("", 0), list_one,
	    &listing), CACHE_OK);
	assert_int_equal(listing.count, MANY);
	assert_true(listing.most - before < 4096);
}

static bool
knows_all(enum cache_store store, struct span key, struct span value)
{
	(void)store;
	(void)key;
	(void)value;
	return true;
}

static bool
knows_policies_but_one(enum cache_store store, struct span key,
    struct span value)
{
	(void)value;
	return store == CACHE_POLICIES && !span_is(key, "key 000007");
}

static void
remember(void *arg, const char *text)
{
	char *out = arg;

	snprintf(out, 256, "%s", text);
}

static void
verify_finds_what_cannot_be_decoded(void **state)
{
	struct store *s = *state;
	struct mtasts_error err;
	char text[256] = "";
	size_t damage;

	assert_true(store_fill(s, CACHE_POLICIES, 0, 500));
	assert_int_equal(cache_lmdb_verify(&s->cache, knows_all, remember,
	    text, &damage, &err), MTASTS_OK);
	assert_int_equal(damage, 0);
	assert_true(store_fill(s, CACHE_ANSWERS, 0, 2));
	assert_int_equal(cache_lmdb_verify(&s->cache, knows_policies_but_one,
	    remember, text, &damage, &err), MTASTS_OK);
	assert_int_equal(damage, 3);
	assert_non_null(strstr(text, "key 000001"));
	/* The parent's environment was not the child's to close. */
	assert_int_equal(scratch_child(parent_holds_lock, s), 0);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, 500), 500);
}

static void
verify_without_a_cache_is_an_error(void **state)
{
	struct store *s = *state;
	struct mtasts_error err;
	size_t damage;

	assert_int_equal(rmdir(s->directory), 0);
	assert_int_equal(cache_lmdb_verify(&s->cache, knows_all, NULL, NULL,
	    &damage, &err), MTASTS_CACHE);
	assert_non_null(strstr(err.text, s->directory));
	assert_int_equal(cache_lmdb_compact(&s->cache, "/nonexistent/x", &err),
	    MTASTS_CACHE);
}

static void
a_compact_copy_has_it_all(void **state)
{
	struct store *s = *state;
	char copy[SCRATCH_PATH], data[SCRATCH_PATH];
	struct mtasts_error err;
	struct stat old, new;

	assert_true(store_fill(s, CACHE_POLICIES, 0, 1000));
	for (unsigned i = 100; i < 1000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key %06u", i);
		assert_int_equal(cache_delete(&s->cache, CACHE_POLICIES,
		    span_str(key)), CACHE_OK);
	}
	scratch_join(copy, s->path, "copy");
	assert_int_equal(cache_lmdb_compact(&s->cache, copy, &err), MTASTS_OK);
	assert_mode(s->path, "copy", 0640);
	scratch_join(data, s->policies, "data.mdb");
	assert_int_equal(stat(data, &old), 0);
	assert_int_equal(stat(copy, &new), 0);
	assert_true(new.st_size < old.st_size / 2);
	/* A file that is there is not overwritten, nor is a link followed. */
	assert_int_equal(cache_lmdb_compact(&s->cache, copy, &err),
	    MTASTS_SYSTEM);
	assert_int_equal(err.code, EEXIST);

	store_close(s);
	assert_int_equal(rename(copy, data), 0);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, 1000), 100);
	assert_int_equal(store_count(s, CACHE_POLICIES), 100);
}

#define with_store(test) \
	cmocka_unit_test_setup_teardown(test, store_make, store_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(nothing_is_opened_before_it_is_used),
		with_store(modes_are_right_whatever_the_umask),
		with_store(answers_are_not_needed_for_policies),
		with_store(policies_are_not_needed_for_answers),
		with_store(no_run_directory_configured_is_fine),
		with_store(what_appears_later_is_found),
		with_store(access_decides_what_is_possible),
		with_store(planted_things_are_refused),
		with_store(handles_of_a_directory_share_it),
		with_store(no_descriptor_survives_exec),
		with_store(threads_share_a_handle),
		with_store(a_map_grown_by_another_is_followed),
		with_store(a_replaced_environment_is_noticed),
		with_store(a_crowd_reads_at_once),
		with_store(a_full_table_of_readers_cannot_say),
		with_store(a_place_taken_away_is_replaced),
		with_store(a_reader_killed_in_a_transaction_is_reaped),
		with_store(concurrent_changes_of_one_key_all_count),
		with_store(listing_takes_no_memory),
		with_store(verify_finds_what_cannot_be_decoded),
		with_store(verify_without_a_cache_is_an_error),
		with_store(a_compact_copy_has_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
