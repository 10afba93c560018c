/*
 * What the child asks of libmtasts, and the words it answers in.
 */
#ifndef QUERY_H
#define QUERY_H

#include "child.h"

#include <stdbool.h>

/* One question. Strings are the caller's; NULL is an empty one. */
struct query {
	const char *domain;
	const char *host;
	bool recheck;
};

/* Each a child_work_fn; arg is a struct query. */
void query_policy(const struct child *child, void *arg);
void query_check(const struct child *child, void *arg);
void query_match(const struct child *child, void *arg);

/* And one whose arg is a struct mtasts_connection: what became of mail. The
 * answer is its log line. */
void query_note(const struct child *child, void *arg);

#endif
