/*
 * flight: open-file-description locks on bytes of <run directory>/fetch.lock.
 *
 * One byte for each name, far out in an empty file. The locks belong to the
 * descriptor: two takers inside one process are both granted, keeping them
 * apart is for the layer above. A child made by fork() shares its parent's
 * description, so it opens its own.
 *
 * Knows nothing of what is fetched. Without the file everybody may fetch.
 *
 * Test: tests/unit/test_flight.c
 */
#include <config.h>

/* SHA256() has OpenSSL set itself up, which without memory ends the process;
 * these need nothing of it. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "io/flight.h"

#include "io/directory.h"
#include "io/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
flight_take(const struct flight *flight, const char *domain)
{
	return flight->ops->take(flight->self, domain);
}

void
flight_give(const struct flight *flight, const char *domain)
{
	flight->ops->give(flight->self, domain);
}

struct flight_lock {
	char *run_directory;
	/* Generation of fork in the upper half, descriptor + 1 in the lower,
	 * in one word so that threads need no lock that fork could freeze. */
	_Atomic uint64_t open;
};

static uint64_t
open_pack(unsigned generation, int fd)
{
	return (uint64_t)generation << 32 | (uint32_t)(fd + 1);
}

static int
open_fd(uint64_t open)
{
	return (int)(uint32_t)open - 1;
}

static int
lock_file_open(const char *run_directory)
{
	int dirfd, fd;

	if ((dirfd = directory_open(run_directory)) == -1)
		return -1;
	fd = directory_file(dirfd, "fetch.lock", O_RDWR | O_CREAT);
	close(dirfd);
	return fd;
}

/* This process's own descriptor, or -1. */
static int
lock_fd(struct flight_lock *lock)
{
	uint64_t seen = atomic_load(&lock->open), mine;
	unsigned generation = fork_generation();
	int fd;

	if ((unsigned)(seen >> 32) == generation && open_fd(seen) != -1)
		return open_fd(seen);
	if ((fd = lock_file_open(lock->run_directory)) == -1)
		return -1;
	mine = open_pack(generation, fd);
	if (atomic_compare_exchange_strong(&lock->open, &seen, mine)) {
		/* The parent's: closing our copy leaves its locks alone. */
		if (open_fd(seen) != -1)
			close(open_fd(seen));
		return fd;
	}
	close(fd); /* another thread was faster */
	return open_fd(seen);
}

static struct flock
lock_byte(const char *domain, short type)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct flock byte = { .l_type = type, .l_whence = SEEK_SET };
	SHA256_CTX hash;
	uint64_t bits = 0;

	SHA256_Init(&hash);
	SHA256_Update(&hash, domain, strlen(domain));
	SHA256_Final(digest, &hash);
	for (size_t i = 0; i < 8; i++)
		bits = bits << 8 | digest[i];
	byte.l_start = (off_t)(bits >> 2);
	byte.l_len = 1;
	return byte;
}

static bool
lock_take(void *self, const char *domain)
{
#ifdef F_OFD_SETLK
	struct flock byte = lock_byte(domain, F_WRLCK);
	int fd = lock_fd(self);

	if (fd == -1 || fcntl(fd, F_OFD_SETLK, &byte) == 0)
		return true;
	return errno != EAGAIN && errno != EACCES;
#else
	(void)self;
	(void)domain;
	return true;
#endif
}

static void
lock_give(void *self, const char *domain)
{
#ifdef F_OFD_SETLK
	struct flock byte = lock_byte(domain, F_UNLCK);
	int fd = lock_fd(self);

	if (fd != -1)
		(void)fcntl(fd, F_OFD_SETLK, &byte);
#else
	(void)self;
	(void)domain;
#endif
}

static const struct flight_ops lock_ops = {
	.take = lock_take,
	.give = lock_give,
};

enum mtasts_status
flight_lock_new(const char *run_directory, struct flight *out)
{
	struct flight_lock *lock;

	*out = (struct flight){ 0 };
	if ((lock = calloc(1, sizeof(*lock))) == NULL)
		return MTASTS_NOMEM;
	if ((lock->run_directory = strdup(run_directory)) == NULL) {
		free(lock);
		return MTASTS_NOMEM;
	}
	fork_watch();
	atomic_init(&lock->open, open_pack(fork_generation(), -1));
	*out = (struct flight){ .ops = &lock_ops, .self = lock };
	return MTASTS_OK;
}

void
flight_lock_free(struct flight *flight)
{
	struct flight_lock *lock = flight->self;

	if (lock == NULL)
		return;
	if (open_fd(atomic_load(&lock->open)) != -1)
		close(open_fd(atomic_load(&lock->open)));
	free(lock->run_directory);
	free(lock);
	*flight = (struct flight){ 0 };
}
