/*
 * io/cache_lmdb: what a hit costs. No system call: made in a child that the
 * kernel kills at its first one. No allocation: malloc is counted. And what a
 * store of that costs which may be lost: no waiting for the disk.
 */
#include <config.h>

#include "io/cache_lmdb.h"
#include "support/sanitizer.h"
#include "support/scratch.h"
#include "support/table.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#if WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER
#include <sanitizer/allocator_interface.h>
#endif
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HITS 10000

struct world {
	struct cache cache;
	struct cache_reader *reader;
	struct cache_buffer buffer;
	char path[SCRATCH_PATH];
};

static enum cache_status
hit(struct world *w, enum cache_store store)
{
	return cache_get(&w->cache, w->reader, store, span_str("example.com"),
	    &w->buffer);
}

static int
make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct cache_lmdb_options options = { 0 };
	static char value[2000];

	*state = w;
	scratch_make(w->path);
	options.directory = options.run_directory = w->path;
	options.size = 4 << 20;
	if (cache_lmdb_new(&options, &w->cache, NULL) != MTASTS_OK)
		return -1;
	w->reader = cache_reader_new(&w->cache);
	for (int i = 0; i < CACHE_STORES; i++)
		cache_put(&w->cache, (enum cache_store)i,
		    span_str("example.com"), span_of(value, sizeof(value)), 0);
	return 0;
}

static int
unmake(void **state)
{
	struct world *w = *state;

	cache_reader_free(&w->cache, &w->reader);
	cache_buffer_free(&w->buffer);
	cache_lmdb_free(&w->cache);
	scratch_remove(w->path);
	free(w);
	return 0;
}

static void
leave_at_once(int status)
{
	syscall(SYS_exit, status); /* the only exit that strict mode knows */
}

static bool
hit_without_system_calls(void *arg)
{
	struct world *w = arg;
	int misses = 0;

	if (hit(w, CACHE_ANSWERS) != CACHE_OK ||
	    hit(w, CACHE_POLICIES) != CACHE_OK ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		return false;
	for (int i = 0; i < HITS; i++)
		misses += hit(w, i % 2 ? CACHE_ANSWERS : CACHE_POLICIES) !=
		    CACHE_OK;
	leave_at_once(misses == 0 ? 0 : 2);
	return false;
}

static void
a_hit_makes_no_system_call(void **state)
{
	if (WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("a thread of the sanitizer's outlives the child");
	assert_int_equal(scratch_child(hit_without_system_calls, *state), 0);
}

static volatile unsigned long allocations;

#if WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER
static void
on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	allocations++;
}

static void
on_free(const volatile void *p)
{
	(void)p;
}

/* A sanitizer has an allocator of its own, which tells. */
static void
count_allocations(void)
{
	assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc,
			on_free) > 0);
}
#else
#ifdef __GLIBC__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((visibility("default"))) void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *
calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *
realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}
#endif

static void
count_allocations(void)
{
}
#endif

static void
a_hit_allocates_nothing(void **state)
{
	struct world *w = *state;
	unsigned long before, misses = 0;

	count_allocations();
	before = allocations;
	/* The first one opens: that it is counted shows that we count. */
	assert_int_equal(hit(w, CACHE_ANSWERS), CACHE_OK);
	assert_int_equal(hit(w, CACHE_POLICIES), CACHE_OK);
	if (allocations == before)
		SCRATCH_SKIP("malloc is not ours to count");
	before = allocations;
	for (int i = 0; i < HITS; i++)
		misses += hit(w, i % 2 ? CACHE_ANSWERS : CACHE_POLICIES) !=
		    CACHE_OK;
	assert_int_equal(allocations, before);
	assert_int_equal(misses, 0);
}

/* From now on whoever waits for the disk is killed. */
static bool
forbid_waiting(void)
{
	static const unsigned calls[] = { SYS_fsync, SYS_fdatasync, SYS_msync,
		SYS_sync, SYS_syncfs, SYS_sync_file_range };
	struct sock_filter rules[2 * COUNT(calls) + 2];
	struct sock_fprog program = { COUNT(rules), rules };
	struct sock_filter *rule = rules;

	*rule++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT(calls); i++) {
		*rule++ = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		*rule++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_KILL_PROCESS);
	}
	*rule = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool
store_without_waiting(struct world *w, enum cache_store store)
{
	return forbid_waiting() &&
	    cache_put(&w->cache, store, span_str("other.example"),
		span_str("value"), 0) == CACHE_OK &&
	    cache_delete(&w->cache, store, span_str("example.com")) == CACHE_OK;
}

static bool
store_answers(void *arg)
{
	return store_without_waiting(arg, CACHE_ANSWERS);
}

static bool
store_policies(void *arg)
{
	return store_without_waiting(arg, CACHE_POLICIES);
}

static void
only_policies_wait_for_the_disk(void **state)
{
	assert_int_equal(scratch_child(store_answers, *state), 0);
	assert_int_equal(scratch_child(store_policies, *state), 128 + SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_hit_makes_no_system_call,
		    make, unmake),
		cmocka_unit_test_setup_teardown(a_hit_allocates_nothing, make,
		    unmake),
		cmocka_unit_test_setup_teardown(only_policies_wait_for_the_disk,
		    make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
