/*
 * What every unit test needs: cmocka with its includes, and checks that name
 * the row of the table they fail in.
 */
#ifndef SUPPORT_TABLE_H
#define SUPPORT_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal with its length: it may hold NULs. */
#define OCTETS(literal) (literal), sizeof(literal) - 1

#define ROW_TRUE(row, condition)                                          \
	do {                                                              \
		if (!(condition))                                         \
			fail_msg("row %s: %s", (row), #condition);        \
	} while (0)

#define ROW_INT(row, got, want)                                           \
	do {                                                              \
		long long got_ = (long long)(got);                        \
		long long want_ = (long long)(want);                      \
		if (got_ != want_)                                        \
			fail_msg("row %s: %s is %lld, not %lld", (row),   \
			    #got, got_, want_);                           \
	} while (0)

#define ROW_STR(row, got, want)                                           \
	do {                                                              \
		const char *got_ = (got), *want_ = (want);                \
		if (strcmp(got_, want_) != 0)                             \
			fail_msg("row %s: %s is \"%s\", not \"%s\"",      \
			    (row), #got, got_, want_);                    \
	} while (0)

/* A copy in memory of exactly its size, so that a sanitizer sees one octet read
 * too many. The caller frees it. */
static inline char *
exact_copy(const void *data, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);

	if (copy == NULL)
		abort();
	/* Of an empty input not even the first octet may be read: whatever it
	 * is, no expectation is met by it. */
	copy[0] = '\xaa';
	if (len != 0)
		memcpy(copy, data, len);
	return copy;
}

#endif
