/*
 * io/cache_file, cache_mark, cache_walk: files cut short or full of noise are
 * set aside, and what kills one process does not kill the next for ever.
 */
#include <config.h>

#include "io/cache_file.h"
#include "support/store.h"
#include "support/table.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES 2000

static uint32_t seed = 20260101;

static uint32_t
noise(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static int
open_file(const char *directory, const char *name)
{
	char path[SCRATCH_PATH];
	int fd;

	scratch_join(path, directory, name);
	fd = open(path, O_RDWR);
	assert_int_not_equal(fd, -1);
	return fd;
}

static off_t
file_size(const char *directory, const char *name)
{
	int fd = open_file(directory, name);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

static void
cut_file(const char *directory, const char *name, off_t size)
{
	int fd = open_file(directory, name);

	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void
fill_with_noise(const char *directory, const char *name, off_t from, off_t to)
{
	int fd = open_file(directory, name);

	for (off_t at = from; at < to; at += 4) {
		uint32_t octets = noise();

		assert_int_equal(pwrite(fd, &octets, 4, at), 4);
	}
	close(fd);
}

static unsigned
count_damaged(const struct store *s)
{
	DIR *dir = opendir(s->directory);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, "policies.damaged-", 17) == 0;
	closedir(dir);
	return count;
}

static void
fill_and_close(struct store *s)
{
	store_close(s);
	store_open(s);
	assert_true(store_fill(s, CACHE_POLICIES, 0, ENTRIES / 20));
	store_close(s);
}

/* ---- Damage that the file's head shows ---------------------------------- */

static void
assert_set_aside(struct store *s, unsigned damaged)
{
	s->lines = 0;
	store_open(s);
	assert_int_equal(store_get(s, CACHE_POLICIES, "key 000000"),
	    CACHE_NOTFOUND);
	assert_true(s->lines > 0);
	assert_non_null(strstr(s->line, "set aside"));
	assert_int_equal(count_damaged(s), damaged);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "a", "1"));
}

static void
noise_is_set_aside_and_two_are_kept(void **state)
{
	struct store *s = *state;

	assert_int_equal(store_put(s, CACHE_ANSWERS, "a", "1"), CACHE_OK);
	for (unsigned i = 1; i <= 4; i++) {
		fill_and_close(s);
		fill_with_noise(s->policies, "data.mdb", 0,
		    file_size(s->policies, "data.mdb"));
		assert_set_aside(s, i < 2 ? i : 2);
		assert_true(store_has(s, CACHE_ANSWERS, "a", "1"));
	}
}

static void
one_damaged_meta_page_is_damage(void **state)
{
	struct store *s = *state;

	for (unsigned i = 0; i < 2; i++) {
		fill_and_close(s);
		fill_with_noise(s->policies, "data.mdb", 4096 * i, 4096 * i + 64);
		assert_set_aside(s, i + 1);
	}
}

static void
a_few_octets_are_no_data_file(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	cut_file(s->policies, "data.mdb", 1);
	assert_set_aside(s, 1);
	store_close(s);
	cut_file(s->policies, "data.mdb", 4096);
	assert_set_aside(s, 2);
}

static void
an_empty_file_is_begun_anew(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	cut_file(s->policies, "data.mdb", 0);
	cut_file(s->policies, "lock.mdb", 0);
	store_open(s);
	assert_int_equal(store_get(s, CACHE_POLICIES, "key 000000"),
	    CACHE_NOTFOUND);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_int_equal(count_damaged(s), 0);
}

static void
a_lock_file_of_noise_is_written_anew(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	fill_with_noise(s->policies, "lock.mdb", 0, 8192);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, ENTRIES / 20),
	    ENTRIES / 20);
	assert_int_equal(store_put(s, CACHE_POLICIES, "a", "1"), CACHE_OK);
	assert_int_equal(count_damaged(s), 0);
}

static void
who_cannot_rename_goes_without(void **state)
{
	struct store *s = *state;

	if (geteuid() == 0)
		SCRATCH_SKIP("root may always rename");
	fill_and_close(s);
	cut_file(s->policies, "data.mdb", 1);
	assert_int_equal(chmod(s->directory, 0555), 0);
	store_open(s);
	assert_int_equal(store_get(s, CACHE_POLICIES, "a"), CACHE_UNAVAILABLE);
	assert_int_equal(chmod(s->directory, 0755), 0);
	assert_int_equal(count_damaged(s), 0);
}

/* ---- Files cut short ---------------------------------------------------- */

static bool
finds_all_or_none(void *arg)
{
	struct store *s = arg;
	unsigned found;

	store_open(s);
	found = store_found(s, CACHE_POLICIES, 0, ENTRIES);
	return (found == 0 || found == ENTRIES / 2) &&
	    store_put(s, CACHE_POLICIES, "a", "1") == CACHE_OK &&
	    store_has(s, CACHE_POLICIES, "a", "1");
}

static void
copy_data(const struct store *s, const char *from, const char *to, off_t size)
{
	static char octets[1 << 20];
	char path[SCRATCH_PATH];
	int in, out;

	scratch_join(path, s->path, from);
	in = open(path, O_RDONLY);
	scratch_join(path, s->path, to);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0660);
	assert_true(in != -1 && out != -1);
	assert_int_equal(read(in, octets, (size_t)size), size);
	assert_int_equal(write(out, octets, (size_t)size), size);
	close(in);
	close(out);
}

/* Half of what was stored is deleted again, and of a large value at the end
 * nothing but free pages are left. */
static void
make_free_pages_at_the_end(struct store *s)
{
	static char large[200000];
	struct span key = span_str("large");

	assert_true(store_fill(s, CACHE_ANSWERS, 0, ENTRIES));
	for (unsigned i = ENTRIES / 2; i < ENTRIES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "key %06u", i);
		assert_int_equal(cache_delete(&s->cache, CACHE_ANSWERS,
		    span_str(name)), CACHE_OK);
	}
	assert_int_equal(cache_put(&s->cache, CACHE_ANSWERS, key,
	    span_of(large, sizeof(large)), 0), CACHE_OK);
	assert_int_equal(cache_delete(&s->cache, CACHE_ANSWERS, key), CACHE_OK);
	assert_true(store_fill(s, CACHE_ANSWERS, 0, 10));
}

static void
a_file_cut_anywhere_never_kills(void **state)
{
	unsigned kept = 0, lost = 0;
	struct store *s = *state;
	off_t size;

	store_close(s);
	s->options.size = 1;
	store_open(s);
	make_free_pages_at_the_end(s);
	store_close(s);
	/* What was quick to write unsynced is looked at as policies. */
	assert_int_equal(rename(s->answers, s->policies), 0);
	size = file_size(s->policies, "data.mdb");
	assert_true(size < 1 << 20);
	copy_data(s, "lib/policies/data.mdb", "whole", size);
	for (off_t cut = size; cut > 0; cut -= 4096 * 5 + 100) {
		unsigned damaged = count_damaged(s);

		copy_data(s, "whole", "lib/policies/data.mdb", cut);
		assert_int_equal(scratch_child(finds_all_or_none, s), 0);
		if (count_damaged(s) == damaged && damaged == 0)
			kept++;
		else
			lost++;
	}
	/* Free pages at the end need not be there; others must. */
	assert_true(kept > 3);
	assert_true(lost > 3);
}

static bool
outlives_a_cut(void *arg)
{
	struct store *s = arg;

	store_open(s);
	if (!store_has(s, CACHE_POLICIES, "key 000000",
		"key 000000key 000000key 000000key 000000"
		"key 000000key 000000key 000000key 000000"
		"key 000000key 000000key 000000key 000000"
		"key 000000key 000000key 000000key 000000"))
		return false;
	cut_file(s->policies, "data.mdb", 8192);
	/* The first miss or write sees it. */
	return store_put(s, CACHE_POLICIES, "a", "1") == CACHE_OK &&
	    store_has(s, CACHE_POLICIES, "a", "1") && count_damaged(s) == 1;
}

static void
a_file_cut_under_a_handle_is_noticed_by_a_write(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	assert_int_equal(scratch_child(outlives_a_cut, s), 0);
}

/* ---- Noise inside pages ------------------------------------------------- */

static bool
uses_everything(void *arg)
{
	struct store *s = arg;

	store_open(s);
	(void)store_found(s, CACHE_POLICIES, 0, ENTRIES / 20);
	for (unsigned i = 0; i < 5; i++)
		(void)store_fill(s, CACHE_POLICIES, i * 20, i * 20 + 1);
	return true;
}

static void
sprinkle_noise(const struct store *s, off_t size)
{
	for (int i = 0; i < 6; i++) {
		off_t at = 8192 + noise() % (size - 8192 - 600) / 4 * 4;

		fill_with_noise(s->policies, "data.mdb", at,
		    at + (i % 2 ? 16 : 600));
	}
}

/* Some processes may die of it; there is an end to that, and nobody needs to
 * do anything about it. */
static void
noise_inside_pages_kills_a_few_at_most(void **state)
{
	struct store *s = *state;
	unsigned all = 0;
	off_t size;

	fill_and_close(s);
	size = file_size(s->policies, "data.mdb");
	copy_data(s, "lib/policies/data.mdb", "whole", size);
	for (unsigned round = 0; round < 20; round++) {
		unsigned deaths = 0, lives = 0;

		scratch_remove(s->policies);
		assert_int_equal(mkdir(s->policies, 0700), 0);
		copy_data(s, "whole", "lib/policies/data.mdb", size);
		sprinkle_noise(s, size);
		while (lives < 2 && deaths < 5) {
			if (scratch_child(uses_everything, s) == 0)
				lives++;
			else
				deaths++;
		}
		assert_true(deaths < 3);
		all += deaths;
	}
	print_message("# %u processes died of noise in 20 files\n", all);
}

static void
note(void *arg, const char *text)
{
	unsigned *count = arg;

	(void)text;
	++*count;
}

static void
verify_reports_noise_and_lives(void **state)
{
	struct store *s = *state;
	struct mtasts_error err;
	unsigned reported = 0;
	size_t damage;
	off_t size;

	fill_and_close(s);
	size = file_size(s->policies, "data.mdb");
	store_open(s);
	assert_int_equal(cache_lmdb_verify(&s->cache, NULL, note, &reported,
	    &damage, &err), MTASTS_OK);
	assert_int_equal(damage, 0);
	fill_with_noise(s->policies, "data.mdb", 8192, size);
	assert_int_equal(cache_lmdb_verify(&s->cache, NULL, note, &reported,
	    &damage, &err), MTASTS_OK);
	assert_true(damage > 0);
	assert_int_equal(reported, damage);
}

/* ---- Death inside a call ------------------------------------------------ */

static void
mark_slot(const struct store *s, unsigned slot, uint32_t value)
{
	int fd = open_file(s->policies, "in-use");

	assert_int_equal(pwrite(fd, &value, 4, slot * 32), 4);
	close(fd);
}

static uint32_t
read_slot(const struct store *s, unsigned slot)
{
	int fd = open_file(s->policies, "in-use");
	uint32_t value = 0;

	assert_int_equal(pread(fd, &value, 4, slot * 32), 4);
	close(fd);
	return value;
}

static void
a_death_inside_loses_nothing_of_a_sound_file(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	mark_slot(s, 7, 1);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, ENTRIES / 20),
	    ENTRIES / 20);
	assert_int_equal(read_slot(s, 7), 0);
	assert_int_equal(count_damaged(s), 0);
}

static void
a_death_inside_has_the_next_look_at_every_page(void **state)
{
	struct store *s = *state;
	off_t size;

	fill_and_close(s);
	size = file_size(s->policies, "data.mdb");
	fill_with_noise(s->policies, "data.mdb", 8192, size);
	mark_slot(s, 7, 1);
	assert_set_aside(s, 1);
}

static void
an_in_use_file_of_noise_does_no_harm(void **state)
{
	struct store *s = *state;

	fill_and_close(s);
	fill_with_noise(s->policies, "in-use", 0, 16384);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, ENTRIES / 20),
	    ENTRIES / 20);
	store_close(s);
	cut_file(s->policies, "in-use", 3);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, ENTRIES / 20),
	    ENTRIES / 20);
	assert_int_equal(count_damaged(s), 0);
}

#define KILLS 50
#define KILLED_AT_ONCE 5

static bool
write_until_killed(void *arg)
{
	struct store *s = arg;

	srandom((unsigned)getpid());
	for (;;) {
		unsigned n = 1000 + (unsigned)random() % 500;

		if (!store_fill(s, CACHE_POLICIES, n, n + 1))
			return false;
	}
}

static void
killed_writers_lose_nothing_that_was_stored(void **state)
{
	struct store *s = *state;
	pid_t pids[KILLED_AT_ONCE];
	struct mtasts_error err;
	unsigned reported = 0;
	size_t damage;

	assert_true(store_fill(s, CACHE_POLICIES, 0, 100));
	for (int i = 0; i < KILLS / KILLED_AT_ONCE; i++) {
		for (int j = 0; j < KILLED_AT_ONCE; j++)
			pids[j] = scratch_start(write_until_killed, s);
		usleep(5000 + noise() % 30000);
		for (int j = 0; j < KILLED_AT_ONCE; j++) {
			kill(pids[j], SIGKILL);
			assert_int_equal(scratch_wait(pids[j]),
			    128 + SIGKILL);
		}
		assert_int_equal(store_found(s, CACHE_POLICIES, 0, 100), 100);
		assert_true(store_fill(s, CACHE_POLICIES, 0, 5));
	}
	store_close(s);
	store_open(s);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, 100), 100);
	assert_int_equal(cache_lmdb_verify(&s->cache, NULL, note, &reported,
	    &damage, &err), MTASTS_OK);
	assert_int_equal(damage, 0);
	assert_int_equal(count_damaged(s), 0);
}

static bool
grow(void *arg)
{
	struct store *s = arg;

	for (unsigned n = 0; n < 1500; n++)
		if (!store_fill(s, CACHE_POLICIES, n, n + 1))
			return false;
	return true;
}

static bool
has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	assert_int_equal(waitid(P_PID, (id_t)pid, &info,
			     WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == pid;
}

/* Whoever opens the file while another writes to it must not think so. */
static void
a_file_that_grows_is_not_damaged(void **state)
{
	struct store *s = *state;
	pid_t writer;
	int fd;

	assert_true(store_fill(s, CACHE_POLICIES, 0, 1));
	fd = open_file(s->policies, "data.mdb");
	writer = scratch_start(grow, s);
	while (!has_ended(writer))
		assert_int_not_equal(cache_file_shape(fd),
		    CACHE_SHAPE_DAMAGED);
	close(fd);
	assert_int_equal(scratch_wait(writer), 0);
}

/* The last of them is killed for. */
static enum cache_change
put_or_die(void *arg, struct span old, struct span *replacement)
{
	(void)old;
	if (arg == NULL)
		raise(SIGKILL);
	*replacement = span_str(arg);
	return CACHE_REPLACE;
}

static bool
die_among_changes(void *arg)
{
	struct store *s = arg;
	char value[] = "new";
	struct cache_item items[] = {
		{ span_str("key 000000"), value, CACHE_OK },
		{ span_str("another key"), value, CACHE_OK },
		{ span_str("key 000001"), NULL, CACHE_OK },
	};

	cache_change_all(&s->cache, CACHE_POLICIES, items, COUNT(items),
	    put_or_die, 0);
	return true;
}

static void
changes_made_together_are_all_made_or_none(void **state)
{
	struct store *s = *state;

	assert_true(store_fill(s, CACHE_POLICIES, 0, 10));
	assert_int_equal(scratch_child(die_among_changes, s), 128 + SIGKILL);
	assert_int_equal(store_found(s, CACHE_POLICIES, 0, 10), 10);
	assert_int_equal(store_count(s, CACHE_POLICIES), 10);
	assert_true(store_fill(s, CACHE_POLICIES, 10, 20));
	assert_int_equal(count_damaged(s), 0);
}

#define with_store(test) \
	cmocka_unit_test_setup_teardown(test, store_make, store_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(noise_is_set_aside_and_two_are_kept),
		with_store(one_damaged_meta_page_is_damage),
		with_store(a_few_octets_are_no_data_file),
		with_store(an_empty_file_is_begun_anew),
		with_store(a_lock_file_of_noise_is_written_anew),
		with_store(who_cannot_rename_goes_without),
		with_store(a_file_cut_anywhere_never_kills),
		with_store(a_file_cut_under_a_handle_is_noticed_by_a_write),
		with_store(noise_inside_pages_kills_a_few_at_most),
		with_store(verify_reports_noise_and_lives),
		with_store(a_death_inside_loses_nothing_of_a_sound_file),
		with_store(a_death_inside_has_the_next_look_at_every_page),
		with_store(an_in_use_file_of_noise_does_no_harm),
		with_store(killed_writers_lose_nothing_that_was_stored),
		with_store(a_file_that_grows_is_not_damaged),
		with_store(changes_made_together_are_all_made_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
