/*
 * Did a process die while it was inside LMDB? A small mapped file beside the
 * data, a slot for each process, held by an open-file-description lock and
 * counting the calls under way. A slot whose lock is free and whose count is
 * not zero was left by a death inside a call: perhaps a crash on a damaged
 * page, perhaps a kill. The next to open looks before it leaps.
 *
 * Only a hint: without the file, or with all slots taken, nobody is marked.
 */
#ifndef IO_CACHE_MARK_H
#define IO_CACHE_MARK_H

#include <stdatomic.h>
#include <stdbool.h>

struct cache_mark {
	int fd;	   /* -1: no file */
	char *map; /* NULL: no file */
	atomic_uint *slot; /* ours, NULL: none */
};

/* Open or make the file below the environment's directory. */
void cache_mark_open(int dirfd, struct cache_mark *out);
void cache_mark_close(struct cache_mark *mark);

/* Has anybody died inside? True to one process at a time, until it settles the
 * matter or dies itself. */
bool cache_mark_is_suspect(struct cache_mark *mark);
void cache_mark_settle(struct cache_mark *mark);

/* Take a slot of our own; then mark calls. No system call, thread-safe. */
void cache_mark_claim(struct cache_mark *mark);
void cache_mark_enter(struct cache_mark *mark);
void cache_mark_leave(struct cache_mark *mark);

#endif
