/*
 * cache_walk: reads every entry and the list of free pages in a child, and
 * tries a write that is not committed.
 *
 * The child reports by lines through a pipe and ends them with a full stop; if
 * that is missing it died. Its exit status is not asked for: the process that
 * the library lives in may reap all children.
 *
 * Finds pages that cannot be read, keys out of order, entries that are missing
 * or too many, free pages outside the file, values that cannot be decoded. Does
 * not find noise that looks like a value, nor a page that is both free and in
 * use.
 *
 * Test: tests/unit/test_cache_damage.c
 */
#include <config.h>

#include "io/cache_walk.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALK_SECONDS 600 /* of a child that hangs */
#define LINE_SIZE 1024

/* ---- In the child ------------------------------------------------------ */

struct stroll {
	const struct cache_walk *walk;
	MDB_env *mdb;
	MDB_dbi dbi;
	MDB_txn *txn;
	FILE *out;
	unsigned char touched; /* so that reading is not optimised away */
};

static void say(struct stroll *stroll, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct stroll *stroll, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stroll->out, fmt, ap);
	va_end(ap);
	fputc('\n', stroll->out);
	fflush(stroll->out);
}

static void
touch(struct stroll *stroll, const MDB_val *val)
{
	const volatile unsigned char *octets = val->mv_data;

	for (size_t i = 0; i < val->mv_size; i++)
		stroll->touched ^= octets[i];
}

static bool
is_after(const MDB_val *key, const char *last, size_t last_len)
{
	size_t shorter = key->mv_size < last_len ? key->mv_size : last_len;
	int order = memcmp(key->mv_data, last, shorter);

	return order > 0 || (order == 0 && key->mv_size > last_len);
}

static void
check_entry(struct stroll *stroll, const MDB_val *key, const MDB_val *val)
{
	const struct cache_walk *walk = stroll->walk;
	struct span k = span_of(key->mv_data, key->mv_size);
	struct span v = span_of(val->mv_data, val->mv_size);
	char name[LINE_SIZE / 2];

	touch(stroll, val);
	if (walk->check != NULL && !walk->check(walk->store, k, v))
		say(stroll, "the value of %s cannot be decoded",
		    text_escaped(name, sizeof(name), k.data, k.len));
}

/* Stops at the first thing that is wrong with the tree itself. */
static bool
walk_entries(struct stroll *stroll, MDB_cursor *cursor, size_t expected)
{
	char last[CACHE_KEY_MAX];
	size_t last_len = 0, count = 0;
	MDB_val key, val;
	int rc;

	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0) {
		if (key.mv_size == 0 || key.mv_size > CACHE_KEY_MAX ||
		    val.mv_size > CACHE_VALUE_MAX) {
			say(stroll, "entry %zu has an impossible size", count);
			return false;
		}
		if (!is_after(&key, last, last_len) || count == expected) {
			say(stroll, "entry %zu is out of order", count);
			return false;
		}
		memcpy(last, key.mv_data, key.mv_size);
		last_len = key.mv_size;
		check_entry(stroll, &key, &val);
		count++;
	}
	if (rc != MDB_NOTFOUND) {
		say(stroll, "behind entry %zu: %s", count, mdb_strerror(rc));
		return false;
	}
	if (count != expected)
		say(stroll, "%zu entries where %zu are counted", count,
		    expected);
	return count == expected;
}

/* A record of the list: how many, then page numbers, falling. */
static bool
free_record_is_sound(const MDB_val *val, size_t last_page)
{
	const size_t *ids = val->mv_data;
	size_t room = val->mv_size / sizeof(*ids), above = last_page + 1;

	if (room == 0 || ids[0] > room - 1)
		return false;
	for (size_t i = 1; i <= ids[0]; i++) {
		if (ids[i] < 2 || ids[i] >= above)
			return false;
		above = ids[i];
	}
	return true;
}

static bool
walk_free(struct stroll *stroll, MDB_cursor *cursor, size_t last_page)
{
	MDB_val key, val;
	int rc;

	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0) {
		if (key.mv_size != sizeof(size_t) ||
		    !free_record_is_sound(&val, last_page)) {
			say(stroll, "the list of free pages is damaged");
			return false;
		}
	}
	if (rc != MDB_NOTFOUND)
		say(stroll, "in the list of free pages: %s", mdb_strerror(rc));
	return rc == MDB_NOTFOUND;
}

static bool
walk_read(struct stroll *stroll)
{
	MDB_cursor *entries, *pages;
	MDB_envinfo info;
	MDB_stat stat;
	int rc;

	if ((rc = mdb_txn_begin(stroll->mdb, NULL, MDB_RDONLY,
		 &stroll->txn)) != 0 ||
	    (rc = mdb_env_info(stroll->mdb, &info)) != 0 ||
	    (rc = mdb_stat(stroll->txn, stroll->dbi, &stat)) != 0 ||
	    (rc = mdb_cursor_open(stroll->txn, 0, &pages)) != 0 ||
	    (rc = mdb_cursor_open(stroll->txn, stroll->dbi, &entries)) != 0) {
		say(stroll, "cannot be read: %s", mdb_strerror(rc));
		return false;
	}
	/* info may be newer than the transaction: its last page is larger. */
	return walk_entries(stroll, entries, stat.ms_entries) &&
	    walk_free(stroll, pages, info.me_last_pgno);
}

/* Take some pages from the free list, as any write does, and give up. */
static void
try_write(struct stroll *stroll)
{
	static char room[16384];
	char name[] = "\001trial";
	MDB_val key = { sizeof(name), name }, val = { sizeof(room), room };
	MDB_txn *txn;
	int rc;

	if ((rc = mdb_txn_begin(stroll->mdb, NULL, 0, &txn)) == 0) {
		rc = mdb_put(txn, stroll->dbi, &key, &val, 0);
		mdb_txn_abort(txn);
	}
	if (rc != 0 && rc != MDB_MAP_FULL)
		say(stroll, "cannot be written: %s", mdb_strerror(rc));
}

static void
on_child_assert(MDB_env *mdb, const char *text)
{
	(void)mdb;
	(void)text;
	_exit(3);
}

/* Die quietly, and of everything. */
static void
be_mortal(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL,
		SIGALRM, SIGPIPE, SIGTERM };
	const struct rlimit none = { 0, 0 };
	sigset_t all;

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setrlimit(RLIMIT_CORE, &none);
	alarm(WALK_SECONDS);
}

static void
child(const struct cache_walk *walk, int fd)
{
	struct stroll stroll = { .walk = walk };
	int rc;

	be_mortal();
	if ((stroll.out = fdopen(fd, "w")) == NULL)
		_exit(1);
	rc = cache_env_open_mdb(walk->dirfd, walk->place, walk->read_only,
	    &stroll.mdb, &stroll.dbi);
	if (rc != 0) {
		say(&stroll, "cannot be opened: %s", mdb_strerror(rc));
	} else {
		mdb_env_set_assert(stroll.mdb, on_child_assert);
		if (walk_read(&stroll) && !walk->read_only)
			try_write(&stroll);
		mdb_txn_abort(stroll.txn);
	}
	say(&stroll, ".");
	_exit(0);
}

/* ---- In the parent ----------------------------------------------------- */

/* Pass lines on until the pipe ends. True if the last was a full stop. */
static bool
listen_to(FILE *in, struct cache_walk *walk)
{
	char line[LINE_SIZE];

	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			return true;
		walk->damage++;
		if (walk->report != NULL)
			walk->report(walk->arg, line);
	}
	return false;
}

bool
cache_walk(struct cache_walk *walk)
{
	FILE *in;
	pid_t pid;
	int fds[2];

	walk->damage = 0;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	if ((pid = fork()) == 0)
		child(walk, fds[1]);
	close(fds[1]);
	if (pid == -1 || (in = fdopen(fds[0], "r")) == NULL) {
		close(fds[0]);
		return false;
	}
	if (!listen_to(in, walk)) {
		walk->damage++;
		if (walk->report != NULL)
			walk->report(walk->arg, "reading it kills");
	}
	fclose(in);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	return true;
}
