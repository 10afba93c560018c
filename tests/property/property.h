/*
 * What property tests share: numbers that look random and are the same on every
 * run, and inputs made from a corpus.
 */
#ifndef PROPERTY_PROPERTY_H
#define PROPERTY_PROPERTY_H

#include "support/table.h"

/* A generator (xorshift). MTASTS_SEED in the environment gives another seed. */
struct random {
	uint64_t state;
};

/* Also prints the seed, as a comment of the test's output. */
struct random random_start(void);
uint32_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit); /* limit > 0 */
bool random_one_in(struct random *random, uint32_t n);

/* len octets from an alphabet. */
void random_octets(struct random *random, const char *alphabet, char *out,
    size_t len);

/* Must hold of every input. data has exactly len octets, so that a sanitizer
 * sees one read too many. */
typedef void property_fn(const char *data, size_t len);

/*
 * Check every file of a folder below tests/, "fuzz/corpus/policy" for instance:
 * the whole, every prefix, and a number of mutations. Fails without any file.
 */
void property_corpus(const char *folder, property_fn *check);
size_t property_count(const char *folder);

/* A teardown for such a test: names the file that a check failed with. */
int property_blame(void **state);

/* Check one input in memory of exactly its size. */
void property_input(property_fn *check, const char *data, size_t len);

#endif
