/*
 * curl_library: see curl_library.h. The one place where libcurl is found and
 * initialised.
 *
 * Its name is the one that configure's own program was linked with, and is
 * looked for where the dynamic linker looks for any library of ours. It stays
 * loaded.
 *
 * Test: tests/unit/test_curl_library.c
 */
#include <config.h>

#include "io/curl_library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define OLDEST 0x075700 /* as configure asks for */

struct curl_library libcurl;

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define FUNCTION(name) { "curl_" #name, offsetof(struct curl_library, name) }
	FUNCTION(global_init),
	FUNCTION(version_info),
	FUNCTION(easy_init),
	FUNCTION(easy_setopt),
	FUNCTION(easy_getinfo),
	FUNCTION(easy_strerror),
	FUNCTION(easy_cleanup),
	FUNCTION(slist_append),
	FUNCTION(slist_free_all),
	FUNCTION(multi_init),
	FUNCTION(multi_cleanup),
	FUNCTION(multi_add_handle),
	FUNCTION(multi_remove_handle),
	FUNCTION(multi_perform),
	FUNCTION(multi_poll),
	FUNCTION(multi_info_read),
#undef FUNCTION
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all below */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool usable;

/* ---- Loading ------------------------------------------------------------ */

/* The dynamic linker tells by words what it ran out of. */
static bool
is_memory(int error, const char *text)
{
	return error == ENOMEM || strstr(text, "out of memory") != NULL ||
	    strstr(text, strerror(ENOMEM)) != NULL;
}

static enum mtasts_status
unloadable(struct mtasts_error *err)
{
	int error = errno;
	const char *text = dlerror();

	if (text == NULL)
		text = "no reason is given";
	if (is_memory(error, text))
		return error_nomem(err, LIBCURL_SONAME);
	return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_HTTPS, 0,
	    "libcurl cannot be loaded: %s", text);
}

static bool
find_functions(void *handle)
{
	void *function;
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		function = dlsym(handle, functions[i].name);
		if (function == NULL)
			return false;
		memcpy((char *)&libcurl + functions[i].offset, &function,
		    sizeof(function));
	}
	return true;
}

/* Options that it does not know, or an SSL_CTX that is none, would be taken for
 * something else later. */
static enum mtasts_status
check_kind(struct mtasts_error *err)
{
	const curl_version_info_data *info =
	    libcurl.version_info(CURLVERSION_NOW);
	const char *tls = info->ssl_version != NULL ? info->ssl_version : "";

	if (info->version_num < OLDEST)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_HTTPS, 0,
		    "%s is of version %s, which is too old", LIBCURL_SONAME,
		    info->version);
	if (strncmp(tls, "OpenSSL/", strlen("OpenSSL/")) != 0)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_HTTPS, 0,
		    "%s speaks TLS by \"%s\", not by OpenSSL", LIBCURL_SONAME,
		    tls);
	return MTASTS_OK;
}

/* Not a second time: OpenSSL goes on without the names of what it had no memory
 * for, and does not look for them again. */
static enum mtasts_status
initialise(struct mtasts_error *err)
{
	static bool tried;
	static CURLcode result;

	if (!tried) {
		errno = 0;
		result = libcurl.global_init(CURL_GLOBAL_DEFAULT);
		if (result == CURLE_OK && errno == ENOMEM)
			result = CURLE_OUT_OF_MEMORY;
		tried = true;
	}
	if (result == CURLE_OUT_OF_MEMORY)
		return error_nomem(err, LIBCURL_SONAME);
	if (result != CURLE_OK)
		return error_set(err, MTASTS_SYSTEM, MTASTS_STAGE_HTTPS,
		    (int)result, "libcurl cannot be initialised: %s",
		    libcurl.easy_strerror(result));
	return MTASTS_OK;
}

static enum mtasts_status
load(struct mtasts_error *err)
{
	enum mtasts_status status;
	void *handle;

	errno = 0;
	handle = dlopen(LIBCURL_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return unloadable(err);
	status = find_functions(handle) ? MTASTS_OK : unloadable(err);
	if (status == MTASTS_OK)
		status = check_kind(err);
	if (status != MTASTS_OK) {
		dlclose(handle);
		return status;
	}
	return initialise(err);
}

/* ---- Once a process ----------------------------------------------------- */

static void
take(void)
{
	pthread_mutex_lock(&lock);
}

static void
give(void)
{
	pthread_mutex_unlock(&lock);
}

/* A child has all of it or nothing, and a lock that somebody holds who is
 * there. */
static void
register_handlers(void)
{
	pthread_atfork(take, give, give);
}

enum mtasts_status
curl_library_load(struct mtasts_error *err)
{
	enum mtasts_status status = MTASTS_OK;

	pthread_once(&once, register_handlers);
	take();
	if (!usable)
		status = load(err);
	usable = status == MTASTS_OK;
	give();
	return status;
}
