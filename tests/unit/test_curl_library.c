/* libcurl, loaded by name. Each test has a process of its own, into which
 * nobody has loaded it yet. */
#include <config.h>

#include "io/curl_library.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/sanitizer.h"
#include "support/scratch.h"

#define THREADS 8
#define ROUNDS 20

/* Among what this process has mapped. */
static bool
is_mapped(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[4096];
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, "/libcurl") != NULL;
	fclose(file);
	return found;
}

static bool
is_usable(void)
{
	CURL *easy = libcurl.easy_init();
	bool ok = easy != NULL &&
	    libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;

	libcurl.easy_cleanup(easy);
	return ok;
}

static bool
loads(void *arg)
{
	struct mtasts_error err;

	(void)arg;
	return !is_mapped() && curl_library_load(&err) == MTASTS_OK &&
	    is_mapped() && is_usable() &&
	    curl_library_load(NULL) == MTASTS_OK;
}

static void
nobody_has_it_who_does_not_ask(void **state)
{
	(void)state;
	assert_int_equal(scratch_child(loads, NULL), 0);
}

/* Fails under a limit, and succeeds without it. */
static bool
loads_after(unsigned resource, rlim_t limit, struct mtasts_error *err)
{
	struct rlimit old, low;
	enum mtasts_status status;

	if (getrlimit(resource, &old) != 0)
		return false;
	low = (struct rlimit){ limit, old.rlim_max };
	if (setrlimit(resource, &low) != 0)
		return false;
	status = curl_library_load(err);
	return setrlimit(resource, &old) == 0 && status != MTASTS_OK &&
	    status == err->status &&
	    curl_library_load(NULL) == MTASTS_OK && is_usable();
}

static bool
loads_after_descriptors(void *arg)
{
	struct mtasts_error err;

	(void)arg;
	return loads_after(RLIMIT_NOFILE, 3, &err) &&
	    err.status == MTASTS_SYSTEM &&
	    strstr(err.text, "libcurl cannot be loaded: " LIBCURL_SONAME) !=
		NULL;
}

static void
without_descriptors_it_says_so_and_tries_again(void **state)
{
	(void)state;
	assert_int_equal(scratch_child(loads_after_descriptors, NULL), 0);
}

/* Where there is no room to map it, the dynamic linker does not say why. */
static bool
loads_after_memory(void *arg)
{
	struct mtasts_error err;

	(void)arg;
	return loads_after(RLIMIT_AS, 1, &err) &&
	    (err.status == MTASTS_NOMEM || err.status == MTASTS_SYSTEM) &&
	    strstr(err.text, LIBCURL_SONAME) != NULL;
}

static void
without_memory_it_says_so_and_tries_again(void **state)
{
	(void)state;
	if (WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("a sanitizer needs addresses without end");
	assert_int_equal(scratch_child(loads_after_memory, NULL), 0);
}

static void *
load_in_thread(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)(curl_library_load(NULL) == MTASTS_OK &&
	    is_usable());
}

static bool
loads_in_threads(void *arg)
{
	pthread_t threads[THREADS];
	void *ok;
	bool all = true;
	int i;

	(void)arg;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, load_in_thread, NULL) !=
		    0)
			return false;
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ok);
		all = all && ok != NULL;
	}
	return all;
}

static void
threads_load_it_once(void **state)
{
	(void)state;
	assert_int_equal(scratch_child(loads_in_threads, NULL), 0);
}

static bool
loads_in_child(void *arg)
{
	(void)arg;
	alarm(60);
	return curl_library_load(NULL) == MTASTS_OK && is_usable();
}

/* The child is made at any moment of another thread's loading. */
static bool
forks_while_loading(void *arg)
{
	pthread_t thread;
	bool ok;

	if (pthread_create(&thread, NULL, load_in_thread, NULL) != 0)
		return false;
	usleep(*(const unsigned *)arg * 300);
	ok = scratch_child(loads_in_child, NULL) == 0;
	pthread_join(thread, NULL);
	return ok;
}

static void
a_child_of_a_process_that_loads_it_loads_it(void **state)
{
	unsigned i;

	(void)state;
	if (WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("a sanitizer does not survive it");
	for (i = 0; i < ROUNDS; i++)
		assert_int_equal(scratch_child(forks_while_loading, &i), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_has_it_who_does_not_ask),
		cmocka_unit_test(
		    without_descriptors_it_says_so_and_tries_again),
		cmocka_unit_test(without_memory_it_says_so_and_tries_again),
		cmocka_unit_test(threads_load_it_once),
		cmocka_unit_test(a_child_of_a_process_that_loads_it_loads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
