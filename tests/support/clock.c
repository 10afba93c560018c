/*
 * Preloaded into a program, it sets the clocks that the program reads.
 *
 *	CLOCK_AHEAD	seconds that the wall clock is ahead; negative: behind
 *	CLOCK_FILE	a file that holds that number, as eight octets of this
 *			machine's, and may be written to at any time
 *	CLOCK_SPEED	both clocks run so many times as fast, from now on
 *
 * What waits for a while waits as long as ever. libfaketime does all this and
 * more, but looks for libc's functions when it is first asked, and a sanitizer
 * asks while it looks for them itself: they wait for each other for ever. Here
 * the kernel is asked, and nobody else.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

/* Before these are set a sanitizer has asked already, and had the kernel's. */
static int64_t speed = 1;
static int64_t began[2]; /* both clocks' nanoseconds then */
static _Atomic int64_t constant;
static const _Atomic int64_t *ahead = &constant; /* seconds */

static int64_t
kernel_time(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	syscall(SYS_clock_gettime, id, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static bool
is_wall(clockid_t id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
}

static bool
is_set(clockid_t id)
{
	return is_wall(id) || id == CLOCK_MONOTONIC ||
	    id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW ||
	    id == CLOCK_BOOTTIME;
}

static int64_t
time_now(clockid_t id)
{
	const int64_t begin = began[is_wall(id)];
	int64_t now = begin + (kernel_time(id) - begin) * speed;

	if (is_wall(id))
		now += atomic_load(ahead) * SECOND;
	return now;
}

static const _Atomic int64_t *
map_number(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map;

	if (fd < 0)
		abort();
	map = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	close(fd);
	return map;
}

__attribute__((constructor)) static void
set_clocks(void)
{
	const char *seconds = getenv("CLOCK_AHEAD");
	const char *file = getenv("CLOCK_FILE");
	const char *factor = getenv("CLOCK_SPEED");

	if (seconds != NULL)
		constant = atoll(seconds);
	if (file != NULL)
		ahead = map_number(file);
	began[true] = kernel_time(CLOCK_REALTIME);
	began[false] = kernel_time(CLOCK_MONOTONIC);
	if (factor != NULL)
		speed = atoll(factor);
}

#define EXPORT __attribute__((visibility("default")))

EXPORT int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t now;

	if (!is_set(id))
		return (int)syscall(SYS_clock_gettime, id, ts);
	now = time_now(id);
	ts->tv_sec = now / SECOND;
	ts->tv_nsec = now % SECOND;
	return 0;
}

EXPORT int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	const int64_t now = time_now(CLOCK_REALTIME);

	(void)zone;
	tv->tv_sec = now / SECOND;
	tv->tv_usec = now % SECOND / 1000;
	return 0;
}

EXPORT time_t
time(time_t *out)
{
	const time_t now = time_now(CLOCK_REALTIME) / SECOND;

	if (out != NULL)
		*out = now;
	return now;
}
