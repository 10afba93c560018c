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
	struct cache_buffer memory; /* what is recalled, for a moment; never
				     * smaller than RECALL_SIZE_MAX */
	struct engine *engine;	    /* made by the first miss without a thread */
	struct mtasts_result result;
};

/*
 * The steps of a lookup, for whoever runs the job: session.c itself, and the
 * background thread. job has its flags and what is to be done; the answer ends up
 * in the session's result.
 */

/* What needs no engine: true with the answer, or with MTASTS_NOMEM in *status. */
bool session_known(struct mtasts_session *session, const char *domain,
    struct job *job, enum mtasts_status *status);
/* How long to wait for the job: 0, not at all. */
int session_patience(struct mtasts_session *session, const struct job *job,
    unsigned flags, int deadline);
/* The outcome of a job, moved out of it. */
void session_take(struct mtasts_session *session, struct job *job);
/* What the cache holds: nobody may be asked, or nobody could be, or nobody
 * answered in time. */
void session_take_cached(struct mtasts_session *session, struct job *job,
    enum mtasts_reason reason);

/* The engine of a session or of the context's own work, made if need be, anew
 * after fork. */
enum mtasts_status session_engine(struct mtasts_session *session,
    struct engine **out, struct mtasts_error *err);

#endif
