/*
 * The inside of struct mtasts_session: what one thread needs for its lookups.
 */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "api/engine.h"
#include "api/result.h"

struct mtasts_session {
	struct mtasts *ctx;
	struct cache_reader *reader;
	struct cache_buffer buffer; /* what result.answer leads into; never smaller
				     * than ANSWER_SIZE_MAX */
	struct engine *engine;	    /* made by the first miss without a thread */
	struct mtasts_result result;
};

/* The engine of a session or of the context's own work, made if need be, anew
 * after fork. */
enum mtasts_status session_engine(struct mtasts_session *session,
    struct engine **out, struct mtasts_error *err);

#endif
