/*
 * cache_gate: see cache_gate.h. Whoever shuts it takes all lanes, in their
 * order.
 *
 * Test: tests/unit/test_cache_lmdb.c
 */
#include <config.h>

#include "io/cache_gate.h"

#include <stddef.h>
#include <stdint.h>

/* Of this thread. Not by data of its own: a library that is loaded late has to
 * allocate that. */
static pthread_rwlock_t *
lane(struct cache_gate *gate)
{
	uint64_t mixed = (uint64_t)pthread_self() * 0x9e3779b97f4a7c15u;

	return &gate->lanes[(mixed >> 32) % GATE_LANES].lock;
}

void
cache_gate_init(struct cache_gate *gate)
{
	pthread_rwlockattr_t attr;

	/* Who shuts it would otherwise wait for ever. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (size_t i = 0; i < GATE_LANES; i++)
		pthread_rwlock_init(&gate->lanes[i].lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

void
cache_gate_destroy(struct cache_gate *gate)
{
	for (size_t i = 0; i < GATE_LANES; i++)
		pthread_rwlock_destroy(&gate->lanes[i].lock);
}

void
cache_gate_enter(struct cache_gate *gate)
{
	pthread_rwlock_rdlock(lane(gate));
}

void
cache_gate_leave(struct cache_gate *gate)
{
	pthread_rwlock_unlock(lane(gate));
}

void
cache_gate_shut(struct cache_gate *gate)
{
	for (size_t i = 0; i < GATE_LANES; i++)
		pthread_rwlock_wrlock(&gate->lanes[i].lock);
}

void
cache_gate_open(struct cache_gate *gate)
{
	for (size_t i = 0; i < GATE_LANES; i++)
		pthread_rwlock_unlock(&gate->lanes[i].lock);
}
