/*
 * A gate that many pass and that is rarely shut: a lock of readers and a writer
 * in lanes, so that threads that pass side by side share no cache line.
 */
#ifndef IO_CACHE_GATE_H
#define IO_CACHE_GATE_H

#include <pthread.h>

#define GATE_LANES 8
#define GATE_WIDTH 128 /* octets: two cache lines, wherever the first begins */

struct cache_gate {
	union {
		pthread_rwlock_t lock;
		char apart[GATE_WIDTH];
	} lanes[GATE_LANES];
};

void cache_gate_init(struct cache_gate *gate);
void cache_gate_destroy(struct cache_gate *gate);

/* Pass: enter and leave on the same thread, not entered twice. */
void cache_gate_enter(struct cache_gate *gate);
void cache_gate_leave(struct cache_gate *gate);

/* Shut it: nobody is inside until it is opened. */
void cache_gate_shut(struct cache_gate *gate);
void cache_gate_open(struct cache_gate *gate);

#endif
