/*
 * Work done in a short-lived child, that answers with lines of text: nothing of
 * it outlives the call, its crash is not ours, and its time is bounded.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_START_LIMIT 5000 /* milliseconds until the child has named its own */
#define CHILD_LIMIT_MAX 60000
#define CHILD_OUTPUT_MAX (256 * 1024) /* octets of all lines */

/* The child's end. */
struct child {
	int fd;
	int64_t started; /* monotonic milliseconds, when the parent forked */
};

/* To the parent: how long it is to wait, in all; lines of text without a
 * newline, and last, the answer. What cannot be written is lost. */
void child_limit(const struct child *child, int milliseconds);
void child_log(const struct child *child, const char *line);
void child_answer(const struct child *child, const char *text);

/* Milliseconds since the parent forked. */
int child_elapsed(const struct child *child);

/* Runs in the child. It ends when this returns. */
typedef void child_work_fn(const struct child *child, void *arg);

/* Runs in the parent, for each line that the child logged. */
typedef void child_log_fn(const char *line);

/* What came of it. The caller frees output; answer leads into it. */
struct child_result {
	char *output;
	const char *answer; /* NULL: there is none, failure says why */
	char failure[120];
};

/* Do the work. Returns when it has answered, ended, or used up its time; never
 * leaves a process behind that it could not kill. */
void child_run(child_work_fn *work, void *arg, child_log_fn *log,
    struct child_result *result);

#endif
