/* A cache in LMDB below a directory of its own, and short calls to use it. */
#ifndef SUPPORT_STORE_H
#define SUPPORT_STORE_H

#include "io/cache_lmdb.h"
#include "support/scratch.h"

struct store {
	char path[SCRATCH_PATH];     /* everything */
	char directory[SCRATCH_PATH]; /* below it: of policies */
	char run[SCRATCH_PATH];	     /* and of answers */
	char policies[SCRATCH_PATH]; /* the environments themselves */
	char answers[SCRATCH_PATH];
	struct cache_lmdb_options options;
	struct log log;
	unsigned lines; /* logged */
	char line[512]; /* the last of them */
	struct cache cache;
	struct cache_reader *reader;
	struct cache_buffer buffer;
};

/* Group setup and teardown of a test: *state is a struct store. */
int store_make(void **state);
int store_unmake(void **state);

/* A handle and a reader of this process; made by store_make, too. */
void store_open(struct store *store);
void store_close(struct store *store);

/* Keys and values are text. */
enum cache_status store_put(struct store *store, enum cache_store which,
    const char *key, const char *value);
enum cache_status store_get(struct store *store, enum cache_store which,
    const char *key);
bool store_has(struct store *store, enum cache_store which, const char *key,
    const char *value);
uint64_t store_count(struct store *store, enum cache_store which);

/* Keys "key 000000" and so on, their value a repetition of the key. */
bool store_fill(struct store *store, enum cache_store which, unsigned from,
    unsigned to);
/* How many of those are there, with their value. */
unsigned store_found(struct store *store, enum cache_store which,
    unsigned from, unsigned to);

#endif
