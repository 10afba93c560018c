/*
 * Row 2, floor: what a fresh process pays for one value of an LMDB environment,
 * from opening to closing it.
 *
 *	open_floor ENVIRONMENT KEY
 */
#include "bench.h"

#include <lmdb.h>
#include <string.h>

static void
must(int rc, const char *what)
{
	if (rc != 0)
		bench_fail(what, mdb_strerror(rc));
}

int
main(int argc, char **argv)
{
	struct bench_time start = bench_now();
	MDB_val key, val;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	if (argc != 3)
		bench_fail("usage", "open_floor ENVIRONMENT KEY");
	must(mdb_env_create(&env), "environment");
	must(mdb_env_open(env, argv[1], MDB_NOTLS, 0660), argv[1]);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, 0, &dbi), "database");
	key = (MDB_val){ strlen(argv[2]), argv[2] };
	must(mdb_get(txn, dbi, &key, &val), argv[2]);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	bench_report(1, &start);
	return 0;
}
