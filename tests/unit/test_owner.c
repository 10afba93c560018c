/* api/owner: the cache's two directories, by the options (DESIGN 6). */
#include <config.h>

#include <sys/stat.h>
#include <unistd.h>

#include "mtasts.h"
#include "support/scratch.h"
#include "support/table.h"

static char path[SCRATCH_PATH], cache[SCRATCH_PATH], run[SCRATCH_PATH],
    target[SCRATCH_PATH];
static struct mtasts_options *options;

static int
make(void **state)
{
	(void)state;
	scratch_make(path);
	scratch_join(cache, path, "cache");
	scratch_join(run, path, "run/mtasts");
	scratch_join(target, path, "target");
	if (mtasts_options_new(&options) != MTASTS_OK ||
	    mtasts_options_set(options, "cache.directory", cache, NULL) !=
		MTASTS_OK ||
	    mtasts_options_set(options, "cache.run_directory", run, NULL) !=
		MTASTS_OK)
		return -1;
	return mtasts_options_set(options, "cache.user", "nobody", NULL) ==
		MTASTS_OK ?
	    0 :
	    -1;
}

static int
unmake(void **state)
{
	(void)state;
	mtasts_options_free(&options);
	scratch_remove(path);
	return 0;
}

static void
assert_is(const char *name, uid_t uid, mode_t mode)
{
	struct stat sb;

	assert_int_equal(lstat(name, &sb), 0);
	assert_true(S_ISDIR(sb.st_mode));
	assert_int_equal(sb.st_uid, uid);
	assert_int_equal(sb.st_mode & 07777, mode);
}

static void
root_makes_both_for_their_owner(void **state)
{
	struct mtasts_error err;
	char parent[SCRATCH_PATH];

	(void)state;
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(mtasts_make_directories(options, &err), MTASTS_OK);
	assert_is(cache, SCRATCH_NOBODY, 02750);
	assert_is(run, SCRATCH_NOBODY, 02750);
	scratch_join(parent, path, "run");
	assert_is(parent, 0, 0755);
	assert_int_equal(geteuid(), 0); /* it gives nothing up */
	/* What exists keeps its owner and mode. */
	assert_int_equal(chown(run, 0, 0), 0);
	assert_int_equal(chmod(run, 0700), 0);
	assert_int_equal(mtasts_make_directories(options, &err), MTASTS_OK);
	assert_is(run, 0, 0700);
}

static bool
make_as_nobody(void *arg)
{
	struct mtasts_error err;
	struct stat sb;

	(void)arg;
	return scratch_be_nobody() &&
	    mtasts_make_directories(options, &err) == MTASTS_OK &&
	    lstat(run, &sb) == 0 && sb.st_uid == SCRATCH_NOBODY &&
	    (sb.st_mode & 07777) == 02750;
}

static bool
fail_as_nobody(void *arg)
{
	struct mtasts_error err;

	(void)arg;
	return scratch_be_nobody() &&
	    mtasts_make_directories(options, &err) == MTASTS_SYSTEM &&
	    strstr(err.text, cache) != NULL;
}

static void
another_user_makes_them_where_he_may(void **state)
{
	struct mtasts_error err;

	(void)state;
	if (geteuid() != 0) {
		assert_int_equal(mtasts_make_directories(options, &err),
		    MTASTS_OK);
		assert_is(cache, geteuid(), 02750);
		return;
	}
	assert_int_equal(scratch_child(fail_as_nobody, NULL), 0);
	assert_int_equal(chown(path, SCRATCH_NOBODY, SCRATCH_NOBODY), 0);
	assert_int_equal(scratch_child(make_as_nobody, NULL), 0);
	assert_is(cache, SCRATCH_NOBODY, 02750);
}

/* Somebody who may write beside them plants a link for root to follow. */
static void
planted_links_are_not_followed(void **state)
{
	static const char *const names[] = { cache, run };
	struct mtasts_error err;
	char parent[SCRATCH_PATH];
	struct stat before, after;
	size_t i;

	(void)state;
	scratch_join(parent, path, "run");
	assert_int_equal(mkdir(parent, 0755), 0);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(stat(target, &before), 0);
	for (i = 0; i < COUNT(names); i++) {
		assert_int_equal(symlink(target, names[i]), 0);
		assert_int_equal(mtasts_make_directories(options, &err),
		    MTASTS_SYSTEM);
		ROW_TRUE(names[i], strstr(err.text, names[i]) != NULL);
		assert_int_equal(stat(target, &after), 0);
		ROW_INT(names[i], after.st_uid, before.st_uid);
		ROW_INT(names[i], after.st_gid, before.st_gid);
		ROW_INT(names[i], after.st_mode, before.st_mode);
		assert_int_equal(unlink(names[i]), 0);
	}
	/* One to nowhere makes nothing anywhere. */
	assert_int_equal(rmdir(target), 0);
	assert_int_equal(symlink(target, run), 0);
	assert_int_equal(mtasts_make_directories(options, &err),
	    MTASTS_SYSTEM);
	assert_int_not_equal(lstat(target, &after), 0);
}

static void
an_unknown_owner_is_a_configuration_error(void **state)
{
	struct mtasts_error err;

	(void)state;
	assert_int_equal(mtasts_options_set(options, "cache.user",
			     "no.such-user", NULL),
	    MTASTS_OK);
	assert_int_equal(mtasts_make_directories(options, &err),
	    MTASTS_CONFIG);
	assert_int_not_equal(access(cache, F_OK), 0);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(root_makes_both_for_their_owner),
		in_scratch(another_user_makes_them_where_he_may),
		in_scratch(planted_links_are_not_followed),
		in_scratch(an_unknown_owner_is_a_configuration_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
