/*
 * Answers to Exim: "key=value" pairs as ${extract} reads them, bounded.
 *
 * Values are words of our own, or text in quotes without what could end them:
 * ${extract} would undo an escape, so that nothing is escaped but replaced.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

/* Everything but the list of hosts. */
#define ANSWER_WORDS_SIZE 1024
#define ANSWER_REASON_MAX 400 /* octets; what is longer ends in "..." */

struct answer {
	char *buf;
	size_t size;
	size_t len;
	bool cut; /* something did not fit, and nothing was put since */
};

void answer_init(struct answer *answer, char *buf, size_t size);

/* Words of ours as they are: the first of an answer. */
void answer_text(struct answer *answer, const char *text);

/* A word of ours. */
void answer_word(struct answer *answer, const char *key, const char *value);

/* key="value", the value known to be harmless. */
void answer_quoted(struct answer *answer, const char *key, const char *value);

/* reason="…": two texts, from wherever, with ": " between them if there are
 * two. */
void answer_reason(struct answer *answer, const char *text,
    const char *detail);

/* Any text as one harmless line: a quote becomes an apostrophe; backslash,
 * dollar, braces, backquote and what is not printable ASCII a question mark. */
void answer_clean(char *buf, size_t size, const char *text);

#endif
