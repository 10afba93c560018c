/*
 * Row 14, floor: the same by LMDB alone, with the same flags: an environment
 * that is synced and one that is not. Each store looks at what is there, puts
 * and commits.
 *
 *	store_floor DIRECTORY COUNT one|negative|forked|batched POLICY ANSWER
 *
 * POLICY and ANSWER are the lengths of the records.
 */
#include "bench.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP_SIZE ((size_t)1 << 30)
#define PROCESSES 100
#define BATCH 256 /* as the product has */
#define RECORD_MAX 4096

struct place {
	MDB_env *env;
	MDB_dbi dbi;
	size_t size; /* of a record */
};

static void
must(int rc, const char *what)
{
	if (rc != 0)
		bench_fail(what, mdb_strerror(rc));
}

static struct place
open_place(const char *directory, const char *name, unsigned flags, size_t size)
{
	struct place place = { .size = size };
	char path[4096];
	MDB_txn *txn;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	mkdir(path, 0750);
	must(mdb_env_create(&place.env), "environment");
	must(mdb_env_set_mapsize(place.env, MAP_SIZE), "map size");
	must(mdb_env_set_maxreaders(place.env, 4096), "readers");
	must(mdb_env_open(place.env, path, MDB_NOTLS | flags, 0660), path);
	must(mdb_txn_begin(place.env, NULL, MDB_RDONLY, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, 0, &place.dbi), "database");
	mdb_txn_abort(txn);
	return place;
}

static void
put(const struct place *place, MDB_txn *txn, unsigned i)
{
	static char octets[RECORD_MAX];
	char name[BENCH_NAME_SIZE];
	MDB_val key = { 0, name }, old, val = { place->size, octets };
	int rc;

	bench_name(i, name);
	key.mv_size = strlen(name);
	if ((rc = mdb_get(txn, place->dbi, &key, &old)) != MDB_NOTFOUND)
		must(rc, "get");
	must(mdb_put(txn, place->dbi, &key, &val, 0), "put");
}

/* So many, from number first on, in one transaction. */
static void
put_together(
    const struct place *place, unsigned first, unsigned count, unsigned of)
{
	MDB_txn *txn;

	must(mdb_txn_begin(place->env, NULL, 0, &txn), "begin");
	for (unsigned i = first; i < first + count && i < of; i++)
		put(place, txn, bench_shuffled(i, of));
	must(mdb_txn_commit(txn), "commit");
}

struct work {
	const char *directory;
	unsigned count;
	bool negative;
	size_t policy, answer;
};

static void
store_many(const struct work *work, unsigned from, unsigned count)
{
	struct place policies, answers;

	policies = open_place(work->directory, "policies", 0, work->policy);
	answers = open_place(work->directory, "answers",
	    MDB_NOSYNC | MDB_NOMETASYNC, work->answer);
	for (unsigned i = from; i < from + count; i++) {
		if (!work->negative)
			put_together(&policies, i, 1, work->count);
		put_together(&answers, i, 1, work->count);
	}
	mdb_env_close(policies.env);
	mdb_env_close(answers.env);
}

static void
store_batched(const struct work *work)
{
	struct place policies =
	    open_place(work->directory, "policies", 0, work->policy);

	for (unsigned i = 0; i < work->count; i += BATCH)
		put_together(&policies, i, BATCH, work->count);
	mdb_env_close(policies.env);
}

static void
store_forked(const struct work *work)
{
	unsigned each = work->count / PROCESSES;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid < 0)
			bench_fail("fork", "no process");
		if (pid == 0) {
			store_many(work, i * each, each);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

int
main(int argc, char **argv)
{
	struct bench_time start = bench_now();
	struct work work;

	if (argc != 6)
		bench_fail("usage",
		    "store_floor DIRECTORY COUNT one|negative|forked|batched "
		    "POLICY ANSWER");
	work = (struct work){ argv[1], bench_number(argv[2]),
		strcmp(argv[3], "negative") == 0, bench_number(argv[4]),
		bench_number(argv[5]) };
	mkdir(work.directory, 0750);
	if (strcmp(argv[3], "forked") == 0)
		store_forked(&work);
	else if (strcmp(argv[3], "batched") == 0)
		store_batched(&work);
	else
		store_many(&work, 0, work.count);
	bench_report(work.count, &start);
	return 0;
}
