/*
 * The background thread: an engine that everybody in the process hands tasks to,
 * so that a caller's deadline ends the caller's wait and not the work.
 */
#ifndef API_THREAD_H
#define API_THREAD_H

#include <pthread.h>

#include "api/job.h"

struct thread;
struct task;

struct task_ops {
	/* On the thread: do it. */
	void (*begin)(struct task *task);
	/* On the thread, which ends: leave and go, perhaps before begin. */
	void (*abandon)(struct task *task);
};

/* Embedded in what is to be done there, from thread_post to thread_leave. */
struct task {
	const struct task_ops *ops;
	struct thread *thread;
	/* Inside. */
	struct loop_call call;
	struct task *next, **link;
};

enum mtasts_status thread_new(struct mtasts *ctx, unsigned flags,
    struct thread **out, struct mtasts_error *err);
/* Ends the thread and waits for that. In a child process, where there is no
 * such thread, it is only forgotten. NULL is fine. */
void thread_free(struct thread **thread);

/* Is it of this process? */
bool thread_is_here(const struct thread *thread);

/* Hand over a task, from any thread. */
void thread_post(struct thread *thread, struct task *task);

/* On the thread: the task is done, and its owner's again. */
void thread_leave(struct task *task);

/* What tasks work with, on the thread. */
struct engine *thread_engine(struct thread *thread);
struct mtasts_session *thread_session(struct thread *thread);

/* Over what a task shares with another thread. */
pthread_mutex_t *thread_mutex(struct thread *thread);

#endif
