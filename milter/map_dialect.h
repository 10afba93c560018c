/*
 * What the socket map answers: a table of dialects, by the map's name.
 */
#ifndef MILTER_MAP_DIALECT_H
#define MILTER_MAP_DIALECT_H

#include <mtasts.h>

#define MAP_ANSWER_MAX 100000 /* octets that Postfix reads */
#define MAP_DOMAIN_SIZE 512

struct map_dialect;

/* A question: whose policy, and for the dialect that asks it, which server. */
struct map_question {
	const struct map_dialect *dialect;
	char domain[MAP_DOMAIN_SIZE];
	char server[MAP_DOMAIN_SIZE];
};

/* What an answer says, for the counters and the log. */
enum map_answer_kind {
	MAP_ANSWER_NONE,     /* no policy to enforce */
	MAP_ANSWER_ENFORCED, /* go on, and verify */
	MAP_ANSWER_REFUSED,  /* not this server */
	MAP_ANSWER_TEMP,
};

/*
 * Understand a request's name and key.
 *
 * Returns false if there is nothing to look up: the answer is written at once.
 */
bool map_dialect_ask(const char *name, const char *key,
    struct map_question *out, char *answer, size_t size);

/* A server's name in letters, digits and .-_:[]; others are shown as ?. */
void map_dialect_plain(char *buf, size_t size, const char *server);

/* Is this a map's name that we know? */
bool map_dialect_knows(const char *name);

/* The answer, given the result of a lookup, or NULL if it failed. */
enum map_answer_kind map_dialect_answer(const struct map_question *question,
    const struct mtasts_result *result, char *answer, size_t size);

#endif
