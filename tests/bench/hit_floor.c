/*
 * Row 1, floor: LMDB alone. A read transaction is renewed, a value got and
 * copied, as what outlives the transaction has to be, and the transaction
 * reset.
 *
 *	hit_floor DIRECTORY DOMAINS LOOKUPS THREADS
 */
#include "bench.h"

#include <lmdb.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 4096

struct work {
	MDB_env *env;
	MDB_dbi dbi;
	unsigned domains, lookups;
};

static void
must(int rc, const char *what)
{
	if (rc != 0)
		bench_fail(what, mdb_strerror(rc));
}

static void
get(const struct work *work, MDB_txn *txn, char *name)
{
	static _Thread_local char copy[VALUE_MAX];
	MDB_val key = { strlen(name), name }, val;

	must(mdb_txn_renew(txn), "renew");
	must(mdb_get(txn, work->dbi, &key, &val), name);
	if (val.mv_size > sizeof(copy))
		bench_fail(name, "too long a value");
	memcpy(copy, val.mv_data, val.mv_size);
	mdb_txn_reset(txn);
	if (copy[0] == '\0')
		bench_fail(name, "no record");
}

static void
look_up(unsigned number, void *arg)
{
	const struct work *work = arg;
	uint32_t seed = number + 1;
	char name[BENCH_NAME_SIZE];
	MDB_txn *txn;

	must(mdb_txn_begin(work->env, NULL, MDB_RDONLY, &txn), "begin");
	mdb_txn_reset(txn);
	bench_begin();
	for (unsigned i = 0; i < work->lookups; i++) {
		bench_name(bench_random(&seed) % work->domains, name);
		get(work, txn, name);
	}
	bench_end();
	mdb_txn_abort(txn);
}

static void
open_env(struct work *work, const char *directory)
{
	char path[4096];
	MDB_txn *txn;

	snprintf(path, sizeof(path), "%s/answers", directory);
	must(mdb_env_create(&work->env), "environment");
	must(mdb_env_open(work->env, path, MDB_NOTLS, 0660), path);
	must(mdb_txn_begin(work->env, NULL, MDB_RDONLY, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, 0, &work->dbi), "database");
	mdb_txn_abort(txn);
}

int
main(int argc, char **argv)
{
	struct work work = { 0 };

	if (argc != 5)
		bench_fail(
		    "usage", "hit_floor DIRECTORY DOMAINS LOOKUPS THREADS");
	open_env(&work, argv[1]);
	work.domains = bench_number(argv[2]);
	work.lookups = bench_number(argv[3]);
	bench_threads(bench_number(argv[4]), work.lookups, look_up, &work);
	mdb_env_close(work.env);
	return 0;
}
