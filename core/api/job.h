/*
 * A job: one lookup or evaluation on an engine, from a normalised domain to
 * everything a result is made of.
 */
#ifndef API_JOB_H
#define API_JOB_H

#include "api/engine.h"

struct job;
typedef void job_done_fn(struct job *job);

struct job {
	/* Set by the user. */
	struct engine *engine;
	char domain[DOMAIN_SIZE];
	unsigned flags;
	bool evaluate;
	bool overridden; /* answer and source are given, there is no lookup */
	job_done_fn *done; /* called once, perhaps from within job_start */
	void *arg;

	/* The outcome, valid from done on and until job_clear. */
	enum mtasts_status status; /* MTASTS_OK or MTASTS_NOMEM */
	struct answer answer;	   /* leads into bytes */
	enum mtasts_source source;
	char *bytes;
	size_t len;
	struct evaluation *evaluation; /* NULL for a lookup */

	/* Inside. */
	struct lookup *lookup;
	struct walk *walk;
	bool rechecked;
	bool finished;
};

/* Give it what the administrator wrote for its domain, if anything. */
void job_override(struct job *job, const struct overrides *overrides);
void job_start(struct job *job);
/* Nobody waits any longer and nobody goes on: done is called now. */
void job_expire(struct job *job);
/* Frees what the job owns; done will not be called. */
void job_clear(struct job *job);

#endif
