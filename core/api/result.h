/*
 * A session's latest answer. Read by the functions of mtasts.h.
 */
#ifndef API_RESULT_H
#define API_RESULT_H

#include "api/job.h"

/* A name that is no domain is shown escaped, and cut. */
#define RESULT_NAME_SIZE 512

struct mtasts_session;

struct mtasts_result {
	struct mtasts_session *session; /* NULL: a result of no session */
	char domain[RESULT_NAME_SIZE];
	struct answer answer; /* leads into the session's buffer */
	enum mtasts_source source;
	struct evaluation *evaluation; /* room; NULL after a lookup */
	struct evaluation room;
	struct mtasts_host hosts[EVAL_HOSTS_MAX];
};

/* Empty it for the next call, and give it its name. */
void result_clear(struct mtasts_result *result);
void result_name(struct mtasts_result *result, const char *name);

/* The evaluation that room holds is the result's from now on. */
void result_evaluated(struct mtasts_result *result);

/* Take over a finished job's outcome, of the evaluation a copy; *bytes is what
 * answer leads into then, for the caller to free. */
void result_take(struct mtasts_result *result, struct job *job, char **bytes);

#endif
