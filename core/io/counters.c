/*
 * counters: 64-bit numbers in <run directory>/counters, mapped by every process
 * and added to by atomic instructions.
 *
 * A mapping outlives fork() and stays shared. Where the file cannot be had, or
 * is not ours, a process counts for itself. Knows nothing of what it counts.
 *
 * Test: tests/unit/test_counters.c
 */
#include <config.h>

#include "io/counters.h"

#include "io/directory.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTERS_FILE_SIZE 4096
static const char magic[8] = { 'm', 't', 'a', 's', 't', 's', 'C', '1' };

/* What stands in the file; native byte order, it never leaves the host. */
struct page {
	char magic[sizeof(magic)];
	_Atomic uint64_t values[COUNTER_COUNT];
};
_Static_assert(sizeof(struct page) <= COUNTERS_FILE_SIZE, "fits its file");

struct counters {
	struct page *page; /* mapped, or own */
	struct page own;
};

/* Give an empty file its blocks, or the first write to its mapping on a full
 * disk would be a SIGBUS. False if the file is not to be mapped. */
static bool
file_prepare(int fd)
{
	static const char blank[sizeof(magic)];
	char start[sizeof(magic)];
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return false;
	if (sb.st_size == 0 && posix_fallocate(fd, 0, COUNTERS_FILE_SIZE) != 0)
		return false;
	if (sb.st_size != 0 && sb.st_size < COUNTERS_FILE_SIZE)
		return false;
	if (pread(fd, start, sizeof(start), 0) != sizeof(start))
		return false;
	/* Two may begin the file at once: both write the same. */
	if (memcmp(start, blank, sizeof(blank)) == 0)
		return pwrite(fd, magic, sizeof(magic), 0) == sizeof(magic);
	return memcmp(start, magic, sizeof(magic)) == 0;
}

static struct page *
page_map(const char *run_directory)
{
	void *map = MAP_FAILED;
	int dirfd, fd;

	if ((dirfd = directory_open(run_directory)) == -1)
		return NULL;
	fd = directory_file(dirfd, "counters", O_RDWR | O_CREAT);
	close(dirfd);
	if (fd == -1)
		return NULL;
	if (file_prepare(fd))
		map = mmap(NULL, COUNTERS_FILE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

enum mtasts_status
counters_new(const char *run_directory, struct counters **out)
{
	struct counters *counters;

	*out = NULL;
	if ((counters = calloc(1, sizeof(*counters))) == NULL)
		return MTASTS_NOMEM;
	if (run_directory != NULL)
		counters->page = page_map(run_directory);
	if (counters->page == NULL)
		counters->page = &counters->own;
	*out = counters;
	return MTASTS_OK;
}

void
counters_free(struct counters **counters)
{
	if (*counters == NULL)
		return;
	if ((*counters)->page != &(*counters)->own)
		munmap((*counters)->page, COUNTERS_FILE_SIZE);
	free(*counters);
	*counters = NULL;
}

void
counters_add(struct counters *counters, enum counter counter)
{
	if (counters == NULL || counter >= COUNTER_COUNT)
		return;
	atomic_fetch_add_explicit(&counters->page->values[counter], 1,
	    memory_order_relaxed);
}

uint64_t
counters_read(struct counters *counters, enum counter counter)
{
	if (counters == NULL || counter >= COUNTER_COUNT)
		return 0;
	return atomic_load_explicit(&counters->page->values[counter],
	    memory_order_relaxed);
}

const char *
counter_name(enum counter counter)
{
	static const char *const names[COUNTER_COUNT] = {
		[COUNTER_LOOKUPS] = "lookups",
		[COUNTER_HITS] = "hits",
		[COUNTER_MISSES] = "misses",
		[COUNTER_UNCHANGED] = "unchanged",
		[COUNTER_FETCHES] = "fetches",
		[COUNTER_FETCH_FAILURES] = "fetch_failures",
		[COUNTER_DNS_FAILURES] = "dns_failures",
		[COUNTER_EVALUATIONS] = "evaluations",
		[COUNTER_PASS] = "pass",
		[COUNTER_FAIL] = "fail",
		[COUNTER_TEMPERROR] = "temperror",
		[COUNTER_PROBES] = "probes",
		[COUNTER_REFRESHES] = "refreshes",
		[COUNTER_CONNECTIONS] = "connections",
		[COUNTER_CONNECTION_FAILURES] = "connection_failures",
	};

	return counter < COUNTER_COUNT ? names[counter] : "";
}
