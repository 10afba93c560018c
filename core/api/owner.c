/*
 * Directories made, and root left behind: no process opens the cache as root.
 *
 * Test: tests/unit/test_owner.c.
 */
#include "api/options.h"
#include "base/error.h"
#include "io/directory.h"

enum mtasts_status
mtasts_make_directories(const struct mtasts_options *options,
    struct mtasts_error *err)
{
	struct directory_options directory = { options->cache.directory,
		options->cache.user, options->cache.group, NULL };
	struct directory_options run = { options->cache.run_directory,
		options->cache.user, options->cache.group,
		options->cache.directory };
	enum mtasts_status status = directory_make(&directory, err);

	return status == MTASTS_OK ? directory_make(&run, err) : status;
}

enum mtasts_status
mtasts_become_owner(const struct mtasts_options *options, bool *still_root,
    struct mtasts_error *err)
{
	enum mtasts_status status = mtasts_make_directories(options, err);

	*still_root = false;
	if (status == MTASTS_OK)
		status = directory_become_owner(options->cache.directory,
		    still_root, err);
	return status;
}
