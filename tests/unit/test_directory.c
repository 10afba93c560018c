/* io/directory: owner, mode, no links, and no way back to root. */
#include <config.h>

#include "io/directory.h"

#include "support/scratch.h"
#include "support/table.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[SCRATCH_PATH], below[SCRATCH_PATH], target[SCRATCH_PATH];

static int
make(void **state)
{
	(void)state;
	scratch_make(path);
	scratch_join(below, path, "below");
	scratch_join(target, path, "target");
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	scratch_remove(path);
	return 0;
}

static void
assert_mode(const char *name, mode_t mode)
{
	struct stat sb;

	assert_int_equal(stat(name, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, mode);
}

static void
parents_are_made_whatever_the_umask(void **state)
{
	char parent[SCRATCH_PATH], name[SCRATCH_PATH];
	struct directory_options options = { 0 };
	mode_t mask = umask(0077);
	struct mtasts_error err;

	(void)state;
	scratch_join(parent, path, "a");
	scratch_join(name, parent, "b///");
	options.path = name;
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	umask(mask);
	assert_mode(parent, 0755);
	assert_mode(name, 02750);
	/* Once more is fine, and changes nothing. */
	assert_int_equal(chmod(name, 0700), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	assert_mode(name, 0700);
}

static void
root_gives_owner_and_group(void **state)
{
	struct directory_options options = { below, "nobody", "mail", NULL };
	struct mtasts_error err;
	struct group *group;
	struct stat sb;

	(void)state;
	if (geteuid() != 0 || (group = getgrnam("mail")) == NULL)
		SCRATCH_SKIP("not root");
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	assert_int_equal(stat(below, &sb), 0);
	assert_int_equal(sb.st_uid, SCRATCH_NOBODY);
	assert_int_equal(sb.st_gid, group->gr_gid);
	assert_mode(below, 02750);
}

static void
the_second_directory_gets_the_group_of_the_first(void **state)
{
	struct directory_options options = { below, "nobody", NULL, path };
	struct mtasts_error err;
	struct group *group;
	struct stat sb, own;

	(void)state;
	if (geteuid() != 0 || (group = getgrnam("mail")) == NULL)
		SCRATCH_SKIP("not root");
	assert_int_equal(chown(path, SCRATCH_NOBODY, group->gr_gid), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	assert_int_equal(stat(below, &sb), 0);
	assert_int_equal(sb.st_gid, group->gr_gid);
	assert_mode(below, 02750);

	/* But not of one that somebody else owns, or of none. */
	assert_int_equal(rmdir(below), 0);
	assert_int_equal(chown(path, 0, group->gr_gid), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	assert_int_equal(stat(below, &own), 0);
	assert_int_not_equal(own.st_gid, group->gr_gid);
	assert_int_equal(rmdir(below), 0);
	options.like = "/nonexistent";
	assert_int_equal(directory_make(&options, &err), MTASTS_OK);
	assert_int_equal(stat(below, &sb), 0);
	assert_int_equal(sb.st_gid, own.st_gid);
}

static void
an_unknown_name_is_a_configuration_error(void **state)
{
	struct directory_options user = { below, "no such user", NULL,
		NULL };
	struct directory_options group = { below, NULL, "no such group",
		NULL };
	struct mtasts_error err;

	(void)state;
	assert_int_equal(directory_make(&user, &err), MTASTS_CONFIG);
	assert_non_null(strstr(err.text, "no such user"));
	assert_int_equal(directory_make(&group, &err), MTASTS_CONFIG);
	assert_int_not_equal(access(below, F_OK), 0);
}

static void
a_link_or_a_file_is_no_directory(void **state)
{
	struct directory_options options = { .path = below };
	struct mtasts_error err;
	struct stat sb;

	(void)state;
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, below), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_SYSTEM);
	assert_non_null(strstr(err.text, below));
	assert_int_equal(directory_open(below), -1);
	assert_mode(target, 0700);

	assert_int_equal(unlink(below), 0);
	assert_int_equal(rmdir(target), 0);
	/* A link to nowhere makes nothing anywhere. */
	assert_int_equal(symlink(target, below), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_SYSTEM);
	assert_int_not_equal(lstat(target, &sb), 0);

	assert_int_equal(unlink(below), 0);
	assert_int_equal(mknod(below, S_IFREG | 0600, 0), 0);
	assert_int_equal(directory_make(&options, &err), MTASTS_SYSTEM);
	options.path = "";
	assert_int_equal(directory_make(&options, &err), MTASTS_SYSTEM);
}

static void
files_have_their_mode_whatever_the_umask(void **state)
{
	int dirfd = directory_open(path), fd;
	mode_t mask = umask(0777);

	(void)state;
	fd = directory_file(dirfd, "below", O_RDWR | O_CREAT);
	umask(mask);
	assert_int_not_equal(fd, -1);
	assert_mode(below, 0660);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(directory_file(dirfd, "missing", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
	close(dirfd);
}

static void
planted_things_are_refused(void **state)
{
	int dirfd = directory_open(path);
	struct stat sb;

	(void)state;
	assert_int_equal(symlink(target, below), 0);
	assert_int_equal(directory_file(dirfd, "below", O_RDWR | O_CREAT), -1);
	assert_int_not_equal(lstat(target, &sb), 0);
	assert_int_equal(unlink(below), 0);
	assert_int_equal(mkfifo(below, 0666), 0);
	assert_int_equal(directory_file(dirfd, "below", O_RDWR | O_CREAT), -1);
	assert_int_equal(directory_file(dirfd, "below", O_RDONLY), -1);
	assert_int_equal(unlink(below), 0);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(directory_file(dirfd, "below", O_RDONLY), -1);
	if (geteuid() == 0) {
		assert_int_equal(rmdir(below), 0);
		/* The null device: 1, 3. */
		assert_int_equal(mknod(below, S_IFCHR | 0666, 0x103), 0);
		assert_int_equal(directory_file(dirfd, "below", O_RDWR), -1);
	}
	close(dirfd);
}

static bool
become(void *arg)
{
	struct mtasts_error err;
	bool still_root = true;
	gid_t groups[4];

	(void)arg;
	return directory_become_owner(below, &still_root, &err) == MTASTS_OK &&
	    !still_root && getuid() == SCRATCH_NOBODY &&
	    getgid() == SCRATCH_NOBODY && getgroups(4, groups) == 1 &&
	    groups[0] == SCRATCH_NOBODY && setuid(0) != 0 && setgid(0) != 0;
}

static bool
stay(void *arg)
{
	struct mtasts_error err;
	bool still_root = false;

	(void)arg;
	return directory_become_owner(below, &still_root, &err) == MTASTS_OK &&
	    still_root && getuid() == 0;
}

static void
root_becomes_the_owner_for_good(void **state)
{
	(void)state;
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(scratch_child(stay, NULL), 0);
	assert_int_equal(chown(below, SCRATCH_NOBODY, SCRATCH_NOBODY), 0);
	assert_int_equal(scratch_child(become, NULL), 0);
}

static bool
nothing_happens(void *arg)
{
	struct mtasts_error err;
	bool still_root = true;

	(void)arg;
	return scratch_be_nobody() &&
	    directory_become_owner(below, &still_root, &err) == MTASTS_OK &&
	    !still_root && getuid() == SCRATCH_NOBODY;
}

static void
another_user_stays_who_he_is(void **state)
{
	(void)state;
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(scratch_child(nothing_happens, NULL), 0);
}

static void
a_missing_directory_has_no_owner(void **state)
{
	struct mtasts_error err;
	bool still_root;

	(void)state;
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(directory_become_owner(below, &still_root, &err),
	    MTASTS_SYSTEM);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(symlink(path, below), 0);
	assert_int_equal(directory_become_owner(below, &still_root, &err),
	    MTASTS_SYSTEM);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(parents_are_made_whatever_the_umask),
		in_scratch(root_gives_owner_and_group),
		in_scratch(the_second_directory_gets_the_group_of_the_first),
		in_scratch(an_unknown_name_is_a_configuration_error),
		in_scratch(a_link_or_a_file_is_no_directory),
		in_scratch(files_have_their_mode_whatever_the_umask),
		in_scratch(planted_things_are_refused),
		in_scratch(root_becomes_the_owner_for_good),
		in_scratch(another_user_stays_who_he_is),
		in_scratch(a_missing_directory_has_no_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
