/*
 * Preloaded into a program, it makes one allocation fail, whoever asks for it:
 * the program, libcurl, OpenSSL, c-ares or libc.
 *
 *	NOMEM_AT	the number of that allocation, from 1; 0 fails none
 *	NOMEM_AFTER	set: and so do all that follow
 *	NOMEM_TELL	set: the end of the program tells how many there were
 *
 * But for glibc's name service, which follows a NULL pointer where its tables
 * could not be had (nss_database.c), and nobody can keep it from that.
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, which need no dlsym() before there is memory. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long asked;
static long at = -1; /* not known yet */
static bool after;
/* Had without a call of libc's, which may want memory for it. */
static _Thread_local bool spared __attribute__((tls_model("initial-exec")));

static bool
fails(void)
{
	const char *text;
	long n;

	if (at == -1) {
		text = getenv("NOMEM_AT");
		at = text != NULL ? atol(text) : 0;
		after = getenv("NOMEM_AFTER") != NULL;
	}
	if (spared)
		return false;
	n = atomic_fetch_add(&asked, 1) + 1;
	if (at <= 0 || (n != at && (!after || n < at)))
		return false;
	errno = ENOMEM;
	return true;
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

EXPORT void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

#define SPARE(function, entry)                                              \
	EXPORT int function(const char *restrict name,                      \
	    struct entry *restrict out, char *restrict buf, size_t size,    \
	    struct entry **restrict result)                                 \
	{                                                                   \
		union {                                                     \
			void *found;                                        \
			int (*call)(const char *, struct entry *, char *,   \
			    size_t, struct entry **);                       \
		} libc = { dlsym(RTLD_NEXT, #function) };                   \
		int code;                                                   \
                                                                            \
		spared = true;                                              \
		code = libc.call(name, out, buf, size, result);             \
		spared = false;                                             \
		return code;                                                \
	}

SPARE(getpwnam_r, passwd)
SPARE(getgrnam_r, group)

/* To the descriptor: printf would allocate. */
__attribute__((destructor)) static void
tell(void)
{
	char digits[24], *d = digits + sizeof(digits);
	long n = asked;

	if (getenv("NOMEM_TELL") == NULL)
		return;
	*--d = '\n';
	do {
		*--d = (char)('0' + n % 10);
	} while ((n /= 10) > 0);
	(void)!write(STDERR_FILENO, d, (size_t)(digits + sizeof(digits) - d));
}
