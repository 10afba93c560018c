/*
 * Fill a cache with so many domains, in no order of names: their policies, and
 * their answers or, with "expiring", none, and every other policy expired. By
 * LMDB alone, since a million stores are not what is to be measured here. Says
 * how long a record is.
 *
 *	fill DIRECTORY COUNT [expiring]
 */
#include "base/clock.h"
#include "bench.h"
#include "records.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_SIZE ((size_t)4 << 30)
#define COMMIT_EACH 256 /* as the product stores what it imports */
#define HOUR 3600
#define MONTH (30 * 24 * HOUR)
#define RECORD_SIZE 4096

typedef size_t encode_fn(unsigned i, int64_t now, void *buf, size_t size);

static bool expiring;

static size_t
encode_answer(unsigned i, int64_t now, void *buf, size_t size)
{
	struct records_memory memory;
	struct answer answer = records_answer(i, now, &memory);

	return answer_encode(&answer, buf, size);
}

static size_t
encode_entry(unsigned i, int64_t now, void *buf, size_t size)
{
	struct records_memory memory;
	struct entry entry = records_entry(
	    i, now, expiring && i % 2 == 1 ? MONTH : HOUR, &memory);

	return entry_encode(&entry, buf, size);
}

static void
must(int rc, const char *what)
{
	if (rc != 0)
		bench_fail(what, mdb_strerror(rc));
}

static MDB_env *
open_env(const char *directory, const char *name)
{
	char path[4096];
	MDB_env *env;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	mkdir(directory, 0750);
	if (mkdir(path, 0750) != 0)
		bench_fail(path, "cannot be made");
	must(mdb_env_create(&env), "environment");
	must(mdb_env_set_mapsize(env, MAP_SIZE), "map size");
	must(mdb_env_set_maxreaders(env, 4096), "readers");
	must(mdb_env_open(env, path, MDB_NOTLS | MDB_NOSYNC, 0660), path);
	return env;
}

static size_t
put(MDB_txn *txn, MDB_dbi dbi, unsigned i, int64_t now, encode_fn *encode)
{
	char name[BENCH_NAME_SIZE], octets[RECORD_SIZE];
	MDB_val key = { 0, name }, val = { 0, octets };

	bench_name(i, name);
	key.mv_size = strlen(name);
	val.mv_size = encode(i, now, octets, sizeof(octets));
	if (val.mv_size == 0)
		bench_fail(name, "cannot be encoded");
	must(mdb_put(txn, dbi, &key, &val, 0), "put");
	return val.mv_size;
}

/* Returns how long the last record was. */
static size_t
fill(const char *directory, const char *name, unsigned count, encode_fn *encode)
{
	MDB_env *env = open_env(directory, name);
	int64_t now = clock_wall(&clock_system);
	unsigned i = 0;
	size_t size = 0;

	while (i < count) {
		MDB_txn *txn;
		MDB_dbi dbi;

		must(mdb_txn_begin(env, NULL, 0, &txn), "transaction");
		must(mdb_dbi_open(txn, NULL, 0, &dbi), "database");
		do
			size = put(
			    txn, dbi, bench_shuffled(i, count), now, encode);
		while (++i < count && i % COMMIT_EACH != 0);
		must(mdb_txn_commit(txn), "commit");
	}
	mdb_env_close(env);
	return size;
}

int
main(int argc, char **argv)
{
	unsigned count;
	size_t policy, answer = 0;

	if (argc < 3)
		bench_fail("usage", "fill DIRECTORY COUNT [expiring]");
	count = bench_number(argv[2]);
	expiring = argc > 3;
	policy = fill(argv[1], "policies", count, encode_entry);
	if (!expiring)
		answer = fill(argv[1], "answers", count, encode_answer);
	printf("{\"policy\": %zu, \"answer\": %zu}\n", policy, answer);
	return 0;
}
