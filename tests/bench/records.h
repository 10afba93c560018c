/*
 * The records of domain i, as an ordinary discovery would have stored them:
 * mode enforce, two patterns.
 */
#ifndef BENCH_RECORDS_H
#define BENCH_RECORDS_H

#include "rules/answer.h"
#include "rules/entry.h"

/* What the views lead into. */
struct records_memory {
	char mx[64];
	char raw[256];
};

/* Fetched so many seconds ago, with max_age of a week. */
struct entry records_entry(
    unsigned i, int64_t now, int64_t age, struct records_memory *memory);

/* Asked a minute ago, fresh for a day. */
struct answer records_answer(
    unsigned i, int64_t now, struct records_memory *memory);

#endif
