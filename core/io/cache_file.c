/*
 * cache_file: judges a data file by its two meta pages, and sets damaged
 * environments aside.
 *
 * A file cut short opens well and then kills by SIGBUS, so its length is
 * compared with what its meta page says. LMDB may leave free pages at the end
 * unwritten: short is a suspicion, a root beyond the end is certain.
 *
 * Test: tests/unit/test_cache_damage.c
 */
#include <config.h>

#include "io/cache_file.h"

#include "io/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY_MODE 02750
#define DAMAGED_KEPT 2

#define META_PAGE_FLAG 0x08u
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NO_PAGE UINT64_MAX
#define DEPTH_MAX 32 /* a cursor's stack */

/* The first octets of a meta page, native byte order. */
struct tree {
	uint32_t pad; /* in the first tree: the page size */
	uint16_t flags;
	uint16_t depth;
	uint64_t branches;
	uint64_t leaves;
	uint64_t overflows;
	uint64_t entries;
	uint64_t root;
};

struct meta {
	uint64_t page_number;
	uint16_t page_pad;
	uint16_t page_flags;
	uint32_t page_bounds;
	uint32_t magic;
	uint32_t version;
	uint64_t address;
	uint64_t map_size;
	struct tree trees[2]; /* free pages; entries */
	uint64_t last_page;
	uint64_t txn;
};
_Static_assert(sizeof(struct meta) == 152, "as LMDB writes it on 64 bits");

static bool
meta_read(int fd, uint64_t offset, struct meta *out)
{
	ssize_t n = pread(fd, out, sizeof(*out), (off_t)offset);

	return n == (ssize_t)sizeof(*out) &&
	    (out->page_flags & META_PAGE_FLAG) != 0 &&
	    out->magic == META_MAGIC && out->version == META_VERSION;
}

static bool
page_size_is_sane(uint64_t size)
{
	return size >= 256 && size <= 65536 && (size & (size - 1)) == 0;
}

/* The newer meta page, as LMDB chooses it. */
static bool
meta_latest(int fd, struct meta *out)
{
	struct meta other;

	if (!meta_read(fd, 0, out) || !page_size_is_sane(out->trees[0].pad))
		return false;
	if (!meta_read(fd, out->trees[0].pad, &other))
		return false;
	if (other.txn > out->txn)
		*out = other;
	return page_size_is_sane(out->trees[0].pad);
}

static bool
tree_is_within(const struct tree *tree, uint64_t pages)
{
	if (tree->root == NO_PAGE)
		return tree->entries == 0;
	return tree->root >= 2 && tree->root < pages &&
	    tree->depth >= 1 && tree->depth <= DEPTH_MAX;
}

/* Others may write meanwhile. They make the file longer before they say so in a
 * meta page: its length is asked for afterwards. */
static enum cache_shape
shape_now(int fd)
{
	struct stat sb;
	struct meta meta;
	uint64_t pages;
	bool known = meta_latest(fd, &meta);

	if (fstat(fd, &sb) != 0)
		return CACHE_SHAPE_DAMAGED;
	if (sb.st_size == 0)
		return CACHE_SHAPE_NEW;
	if (sizeof(size_t) != sizeof(uint64_t))
		return CACHE_SHAPE_WHOLE; /* another layout: trust it */
	if (!known)
		return CACHE_SHAPE_DAMAGED;
	pages = (uint64_t)sb.st_size / meta.trees[0].pad;
	if (meta.last_page < 1 || meta.last_page > UINT64_MAX / 65536 - 1 ||
	    !tree_is_within(&meta.trees[0], pages) ||
	    !tree_is_within(&meta.trees[1], pages))
		return CACHE_SHAPE_DAMAGED;
	return pages > meta.last_page ? CACHE_SHAPE_WHOLE : CACHE_SHAPE_SHORT;
}

/* A file that another has just begun has half of its meta pages for a moment. */
enum cache_shape
cache_file_shape(int fd)
{
	const struct timespec moment = { 0, 10000000 };
	enum cache_shape shape = shape_now(fd);

	for (int i = 0; shape == CACHE_SHAPE_DAMAGED && i < 3; i++) {
		nanosleep(&moment, NULL);
		shape = shape_now(fd);
	}
	return shape;
}

/* fallocate never shortens, should a writer lengthen it meanwhile. */
void
cache_file_lengthen(int fd)
{
	struct meta meta;

	if (meta_latest(fd, &meta))
		(void)fallocate(fd, 0,
		    (off_t)((meta.last_page + 1) * meta.trees[0].pad - 1), 1);
}

static int
open_below(int parent, const char *name)
{
	return openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Set-group-ID comes from the parent. A service that may not set it itself (systemd's
 * RestrictSUIDSGID) is not to be asked to. */
static int
settle(int fd)
{
	struct stat sb;

	if (fstat(fd, &sb) == 0 && (sb.st_mode & 07777) == DIRECTORY_MODE)
		return 0;
	return fchmod(fd, DIRECTORY_MODE);
}

/* The parent's lock keeps makers and renamers apart. */
int
cache_file_directory(int parent, const char *name)
{
	int fd = open_below(parent, name);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (flock(parent, LOCK_EX) != 0)
		return -1;
	if (mkdirat(parent, name, DIRECTORY_MODE & 0777) == 0) {
		if ((fd = open_below(parent, name)) != -1 && settle(fd) != 0) {
			close(fd);
			fd = -1;
		}
	} else if (errno == EEXIST) {
		fd = open_below(parent, name);
	}
	(void)flock(parent, LOCK_UN);
	return fd;
}

static void
remove_damaged(int parent, const char *name)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "in-use" };
	int fd = open_below(parent, name);

	if (fd == -1)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(fd, files[i], 0);
	close(fd);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* The oldest of those set aside before, if there are more than are kept. */
static bool
oldest_damaged(int parent, const char *prefix, char *out, size_t size)
{
	int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy != -1 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	size_t count = 0;

	out[0] = '\0';
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		count++;
		if (out[0] == '\0' || strcmp(entry->d_name, out) < 0)
			snprintf(out, size, "%s", entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	else if (copy != -1)
		close(copy);
	return count > DAMAGED_KEPT;
}

static void
prune_damaged(int parent, const char *prefix)
{
	char name[256];

	for (int i = 0; i < 16; i++) {
		if (!oldest_damaged(parent, prefix, name, sizeof(name)))
			return;
		remove_damaged(parent, name);
	}
}

static bool
rename_damaged(int parent, const char *name, const char *prefix, char *to,
    size_t size)
{
	for (int i = 0; i < 100; i++) {
		snprintf(to, size, "%s%010lld.%02d", prefix,
		    (long long)time(NULL), i);
		if (renameat(parent, name, parent, to) == 0)
			return true;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return false;
	}
	return false;
}

bool
cache_file_set_aside(int parent, const char *name, const struct stat *seen,
    const struct log *log)
{
	char prefix[64], to[128];
	struct stat now;
	bool moved = true;

	snprintf(prefix, sizeof(prefix), "%s.damaged-", name);
	if (flock(parent, LOCK_EX) != 0)
		return false;
	/* Another process may have been faster: its fresh one stays. */
	if (fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == seen->st_dev && now.st_ino == seen->st_ino) {
		moved = rename_damaged(parent, name, prefix, to, sizeof(to));
		if (moved) {
			prune_damaged(parent, prefix);
			log_line(log, MTASTS_LOG_ERROR,
			    "cache=%s damaged, set aside as %s", name, to);
		}
	}
	(void)flock(parent, LOCK_UN);
	return moved;
}
