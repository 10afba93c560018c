/* The HTTPS port by libcurl with OpenSSL. */
#ifndef IO_HTTPS_CURL_H
#define IO_HTTPS_CURL_H

#include "io/dns.h"
#include "io/https.h"
#include "io/loop.h"

struct https_curl_options {
	const char *ca_file; /* NULL with ca_path NULL: the built-in roots */
	const char *ca_path;
	const char *proxy;   /* NULL: none, whatever the environment says */
	struct guard guard;  /* over addresses; a proxy's is not asked about */
	int timeout;	     /* milliseconds for the whole, 60 s */
	size_t body_max;     /* octets, 65536 */
};

/* Load libcurl now, for a process that lives long and wants to know at its start
 * whether it can fetch. Otherwise the first transfer does. */
enum mtasts_status https_curl_load(struct mtasts_error *err);

/* dns is borrowed and must outlive it; the strings and networks likewise. */
enum mtasts_status https_curl_new(struct loop *loop, const struct dns *dns,
    const struct https_curl_options *options, struct https *out,
    struct mtasts_error *err);
void https_curl_free(struct https *https);

#endif
