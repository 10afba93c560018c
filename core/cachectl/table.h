/*
 * Columns that are fitted to a terminal. Where no terminal is, they keep their
 * width and nothing is cut.
 */
#ifndef CACHECTL_TABLE_H
#define CACHECTL_TABLE_H

#include "cachectl/terminal.h"

struct column {
	const char *heading;
	int width; /* what it needs; after table_fit what it gets, 0: hidden */
	int least; /* what it can be cut to, its heading at least; 0: it cannot
		    */
	bool right;
};

/* Widen each column to its heading and its cell. */
void table_measure(
    struct column *columns, size_t count, const char *const *cells);

/* Cut columns, the last first, until a row fits; then hide the last ones. */
void table_fit(struct column *columns, size_t count, int screen);

/* A row; cells that do not fit are cut, and say so, if cut. */
void table_put(const struct column *columns, size_t count,
    const char *const *cells, bool cut);

/* The headings as such a row. */
void table_put_headings(const struct column *columns, size_t count,
    const struct terminal *terminal);

#endif
