/*
 * An engine: a loop and the ports upon it, for one thread. A session has its
 * own, the background thread another. Made by the first miss, because libcurl,
 * c-ares and OpenSSL have no business in a hit.
 */
#ifndef API_ENGINE_H
#define API_ENGINE_H

#include "api/context.h"
#include "eval/walk.h"
#include "io/loop.h"

struct engine {
	struct mtasts *ctx;
	unsigned generation; /* of the process, see io/fork.h */
	struct loop *loop;
	struct dns dns;
	struct https https;
	struct probe probe;
	struct flight flight;
	struct cache_reader *reader;
	struct lookup_env lookups;
	struct walk_env walks;
};

enum mtasts_status engine_new(struct mtasts *ctx, struct engine **out,
    struct mtasts_error *err);
/* NULL is fine. An engine of a parent process is abandoned, not freed. */
void engine_free(struct engine **engine);

#endif
