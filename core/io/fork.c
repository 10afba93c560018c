/*
 * fork: counts the forks between this process and the one that began.
 *
 * Knows nothing of what its users do about it. A child made by a bare clone()
 * or vfork() goes unnoticed; such a child may only exec.
 *
 * Test: tests/unit/test_flight.c, tests/unit/test_cache_fork.c
 */
#include <config.h>

#include "io/fork.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
count_child(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void
register_handler(void)
{
	pthread_atfork(NULL, NULL, count_child);
}

void
fork_watch(void)
{
	pthread_once(&once, register_handler);
}

unsigned
fork_generation(void)
{
	return atomic_load_explicit(&generation, memory_order_relaxed);
}
