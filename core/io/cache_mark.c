/*
 * cache_mark: the file <environment>/in-use, see cache_mark.h.
 *
 * Catches a death by signal inside an LMDB call, in any process of the host, if
 * nobody else holds the dead one's descriptor (a child it forked). Does not see
 * why it died. Knows no LMDB.
 *
 * Test: tests/unit/test_cache_damage.c
 */
#include <config.h>

#include "io/cache_mark.h"

#include "io/directory.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A slot is half a cache line; more processes than slots go unmarked. */
#define MARK_SLOTS 512
#define MARK_SLOT_SIZE 32
#define MARK_FILE_SIZE (MARK_SLOTS * MARK_SLOT_SIZE)

static atomic_uint *
slot_at(const struct cache_mark *mark, int i)
{
	void *place = mark->map + (ptrdiff_t)i * MARK_SLOT_SIZE;

	return place;
}

static bool
slot_lock(const struct cache_mark *mark, int i, short type)
{
#ifdef F_OFD_SETLK
	struct flock byte = { .l_type = type, .l_whence = SEEK_SET };

	byte.l_start = i;
	byte.l_len = 1;
	return fcntl(mark->fd, F_OFD_SETLK, &byte) == 0;
#else
	(void)mark;
	(void)i;
	(void)type;
	return false;
#endif
}

/* Blocks before a mapping: a write to a hole on a full disk is a SIGBUS. */
static bool
file_prepare(int fd)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return false;
	return sb.st_size >= MARK_FILE_SIZE ||
	    posix_fallocate(fd, 0, MARK_FILE_SIZE) == 0;
}

void
cache_mark_open(int dirfd, struct cache_mark *out)
{
	void *map;
	int fd;

	*out = (struct cache_mark){ .fd = -1 };
	if ((fd = directory_file(dirfd, "in-use", O_RDWR | O_CREAT)) == -1)
		return;
	if (!file_prepare(fd))
		goto fail;
	map = mmap(NULL, MARK_FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (map == MAP_FAILED)
		goto fail;
	out->fd = fd;
	out->map = map;
	return;
fail:
	close(fd);
}

void
cache_mark_close(struct cache_mark *mark)
{
	if (mark->map == NULL)
		return;
	munmap(mark->map, MARK_FILE_SIZE);
	close(mark->fd); /* and with it the locks */
	*mark = (struct cache_mark){ .fd = -1 };
}

bool
cache_mark_is_suspect(struct cache_mark *mark)
{
	bool suspect = false;

	for (int i = 0; mark->map != NULL && i < MARK_SLOTS; i++) {
		if (atomic_load(slot_at(mark, i)) == 0)
			continue;
		/* Its lock is kept until cache_mark_settle. */
		suspect = slot_lock(mark, i, F_WRLCK) || suspect;
	}
	return suspect;
}

void
cache_mark_settle(struct cache_mark *mark)
{
	for (int i = 0; mark->map != NULL && i < MARK_SLOTS; i++) {
		if (atomic_load(slot_at(mark, i)) == 0 ||
		    !slot_lock(mark, i, F_WRLCK))
			continue;
		atomic_store(slot_at(mark, i), 0);
		slot_lock(mark, i, F_UNLCK);
	}
}

void
cache_mark_claim(struct cache_mark *mark)
{
	int start = (int)(getpid() % MARK_SLOTS);

	for (int n = 0; mark->map != NULL && n < MARK_SLOTS; n++) {
		int i = (start + n) % MARK_SLOTS;

		if (atomic_load(slot_at(mark, i)) != 0 ||
		    !slot_lock(mark, i, F_WRLCK))
			continue;
		if (atomic_load(slot_at(mark, i)) == 0) {
			mark->slot = slot_at(mark, i);
			return;
		}
		slot_lock(mark, i, F_UNLCK); /* its owner died just now */
	}
}

void
cache_mark_enter(struct cache_mark *mark)
{
	if (mark->slot != NULL)
		atomic_fetch_add_explicit(mark->slot, 1, memory_order_relaxed);
}

void
cache_mark_leave(struct cache_mark *mark)
{
	if (mark->slot != NULL)
		atomic_fetch_sub_explicit(mark->slot, 1, memory_order_relaxed);
}
