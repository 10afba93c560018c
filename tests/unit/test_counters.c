/* io/counters: shared between processes, or the process's own. */
#include <config.h>

#include "io/counters.h"

#include "support/scratch.h"
#include "support/table.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[SCRATCH_PATH];

static int
make(void **state)
{
	(void)state;
	scratch_make(path);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	scratch_remove(path);
	return 0;
}

#define CHILDREN 20
#define EACH 1000

static bool
count_hits(void *arg)
{
	for (int i = 0; i < EACH; i++)
		counters_add(arg, COUNTER_HITS);
	return true;
}

static bool
open_and_count(void *arg)
{
	struct counters *counters;

	(void)arg;
	return counters_new(path, &counters) == MTASTS_OK &&
	    count_hits(counters);
}

static void
processes_share_their_counts(void **state)
{
	struct counters *counters, *again;
	pid_t pids[CHILDREN];

	(void)state;
	assert_int_equal(counters_new(path, &counters), MTASTS_OK);
	/* Half inherit the mapping, half make their own. */
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = scratch_start(i % 2 ? count_hits : open_and_count,
		    counters);
	for (int i = 0; i < CHILDREN; i++)
		assert_int_equal(scratch_wait(pids[i]), 0);
	assert_int_equal(counters_read(counters, COUNTER_HITS),
	    CHILDREN * EACH);
	assert_int_equal(counters_read(counters, COUNTER_MISSES), 0);
	counters_free(&counters);
	assert_null(counters);
	assert_int_equal(counters_new(path, &again), MTASTS_OK);
	assert_int_equal(counters_read(again, COUNTER_HITS), CHILDREN * EACH);
	counters_free(&again);
}

static void
the_file_may_be_shared_by_the_group(void **state)
{
	struct counters *counters;
	char file[SCRATCH_PATH];
	struct stat sb;
	mode_t mask = umask(0777);

	(void)state;
	assert_int_equal(counters_new(path, &counters), MTASTS_OK);
	umask(mask);
	scratch_join(file, path, "counters");
	assert_int_equal(stat(file, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0660);
	counters_free(&counters);
}

static void
assert_counts_for_itself(const char *directory)
{
	struct counters *one, *two;

	assert_int_equal(counters_new(directory, &one), MTASTS_OK);
	assert_int_equal(counters_new(directory, &two), MTASTS_OK);
	counters_add(one, COUNTER_PASS);
	assert_int_equal(counters_read(one, COUNTER_PASS), 1);
	assert_int_equal(counters_read(two, COUNTER_PASS), 0);
	counters_free(&one);
	counters_free(&two);
}

static void
write_file(const char *name, const char *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0660);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void
without_a_file_a_process_counts_for_itself(void **state)
{
	char missing[SCRATCH_PATH];

	(void)state;
	scratch_join(missing, path, "missing");
	assert_counts_for_itself(missing);
	assert_counts_for_itself(NULL);
}

static void
a_file_of_something_else_is_left_alone(void **state)
{
	static char noise[8192];
	char file[SCRATCH_PATH], other[SCRATCH_PATH];
	struct stat sb;

	(void)state;
	memset(noise, 'x', sizeof(noise));
	scratch_join(file, path, "counters");
	write_file(file, noise, sizeof(noise));
	assert_counts_for_itself(path);
	write_file(file, "mtastsC1", 8); /* cut short: mapping it would kill */
	assert_counts_for_itself(path);

	scratch_join(other, path, "other");
	write_file(other, "", 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink(other, file), 0);
	assert_counts_for_itself(path);
	assert_int_equal(stat(other, &sb), 0);
	assert_int_equal(sb.st_size, 0);

	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0660), 0);
	assert_counts_for_itself(path);
}

static void
every_counter_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		assert_true(strlen(counter_name((enum counter)i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    counter_name((enum counter)i),
			    counter_name((enum counter)j));
	}
	assert_string_equal(counter_name(COUNTER_COUNT), "");
}

static void
no_counters_at_all_are_fine(void **state)
{
	struct counters *none = NULL;

	(void)state;
	counters_add(NULL, COUNTER_HITS);
	assert_int_equal(counters_read(NULL, COUNTER_HITS), 0);
	counters_free(&none);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(processes_share_their_counts),
		in_scratch(the_file_may_be_shared_by_the_group),
		in_scratch(without_a_file_a_process_counts_for_itself),
		in_scratch(a_file_of_something_else_is_left_alone),
		cmocka_unit_test(every_counter_has_a_name_of_its_own),
		cmocka_unit_test(no_counters_at_all_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
