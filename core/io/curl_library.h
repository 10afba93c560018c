/*
 * libcurl, loaded by name when the first transfer wants it: with what it stands
 * upon it is some twenty libraries, and the dynamic linker would take longer
 * over them than a cached answer takes. Most processes end without a transfer.
 *
 * The types are those of curl/curl.h, so that calls are checked as ever.
 */
#ifndef IO_CURL_LIBRARY_H
#define IO_CURL_LIBRARY_H

#include <curl/curl.h>

#include "mtasts.h"

struct curl_library {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_version_info) *version_info;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_info_read) *multi_info_read;
};

/* Its functions; to be called once curl_library_load has succeeded. */
extern struct curl_library libcurl;

/*
 * Load and initialise it, once a process; from any thread. MTASTS_NOMEM, or
 * MTASTS_SYSTEM with the reason if it is not there, or another library than we
 * were built for. Who calls again has another try.
 */
enum mtasts_status curl_library_load(struct mtasts_error *err);

#endif
