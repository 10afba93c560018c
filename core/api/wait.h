/*
 * Waiting for the background thread.
 */
#ifndef API_WAIT_H
#define API_WAIT_H

#include "api/thread.h"

/*
 * Run job (domain, flags, evaluate, overridden with answer and source) on the
 * thread and wait for it, at most deadline milliseconds, negative for no limit.
 * *in_time tells whether its outcome was moved into job; if not, the work goes
 * on without us.
 *
 * Returns the job's status, or MTASTS_NOMEM.
 */
enum mtasts_status wait_for_job(struct thread *thread, struct job *job,
    int deadline, bool *in_time);

#endif
