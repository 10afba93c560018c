/*
 * The background thread: an engine that every session of the process hands its
 * jobs to, so that a caller's deadline ends the caller's wait and not the work.
 */
#ifndef API_THREAD_H
#define API_THREAD_H

#include "api/job.h"

struct thread;

enum mtasts_status thread_new(struct mtasts *ctx, unsigned flags,
    struct thread **out, struct mtasts_error *err);
/* Ends the thread and waits for that. In a child process, where there is no
 * such thread, it is only forgotten. NULL is fine. */
void thread_free(struct thread **thread);

/* Is it of this process? */
bool thread_is_here(const struct thread *thread);

/*
 * Run job (domain, flags, evaluate, overridden with answer and source) and wait
 * for it, at most deadline milliseconds, negative for no limit. *in_time tells
 * whether its outcome was moved into job; if not, the work goes on without us.
 *
 * Returns the job's status, or MTASTS_NOMEM.
 */
enum mtasts_status thread_run(struct thread *thread, struct job *job,
    int deadline, bool *in_time);

#endif
