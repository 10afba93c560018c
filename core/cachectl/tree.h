/*
 * An answer as a tree of steps, each with a mark: well, badly, in doubt. On a
 * terminal it is drawn; elsewhere the same words are labelled lines.
 */
#ifndef CACHECTL_TREE_H
#define CACHECTL_TREE_H

#include "cachectl/terminal.h"

enum mark {
	MARK_NONE, /* not a matter of well or badly */
	MARK_GOOD,
	MARK_BAD,
	MARK_DOUBT, /* could not be determined */
	MARK_IDLE,  /* nothing was to be done */
};

struct tree {
	struct tree_node *nodes;
	size_t count;
};

/* What it is all about. */
void tree_title(struct tree *tree, const char *label, const char *text);

/* A step; label lives as long as the tree. An empty text leaves the line to
 * the first part. */
void tree_step(struct tree *tree, enum mark mark, const char *label,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A further line of the step. */
void tree_more(struct tree *tree, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A part of the step, with a mark of its own. */
void tree_part(struct tree *tree, enum mark mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Write it to standard output, and empty it. */
void tree_put(struct tree *tree);

#endif
