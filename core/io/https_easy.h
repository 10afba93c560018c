/*
 * One GET by libcurl, from its options to its verdict. Knows no DNS, no timers
 * and nobody who waits.
 */
#ifndef IO_HTTPS_EASY_H
#define IO_HTTPS_EASY_H

#include "io/address.h"
#include "io/https.h"
#include "io/https_reader.h"

struct curl_slist;
struct ssl_ctx_st;
struct x509_store_st;

/* A host with more addresses than this has the first ones tried. */
#define HTTPS_ADDRESSES_MAX 16

/* Borrowed for the life of the GET. */
struct https_easy_options {
	const char *host; /* lower case, no final dot */
	const char *path; /* from its slash on */
	const char *proxy; /* NULL: none, and the addresses are used */
	const struct guard *guard;
	struct x509_store_st *roots;
	int connect_timeout; /* milliseconds, for all addresses together */
	size_t body_max;
};

/* Zeroed means not begun. */
struct https_easy {
	struct https_easy_options options;
	void *multi, *easy;
	struct curl_slist *resolve;
	char *error; /* libcurl's own words */
	struct https_reader reader;
	struct ssl_ctx_st *ctx; /* while it knows us */
	bool closed;  /* the host ended TLS, not just TCP */
	bool guarded; /* the guard refused a socket */
};

/* Begin, in a multi handle. owner is what https_easy_owner says of the easy
 * handle when it has finished. Returns MTASTS_OK or MTASTS_NOMEM;
 * https_easy_end it either way. */
enum mtasts_status https_easy_begin(struct https_easy *e,
    const struct https_easy_options *options, const struct address *addresses,
    size_t count, void *multi, void *owner);
/* What has been read is kept until https_easy_free. */
void https_easy_end(struct https_easy *e);
void https_easy_free(struct https_easy *e);

void *https_easy_owner(void *easy);

/* What a finished GET came to; code is libcurl's. */
enum https_status https_easy_result(struct https_easy *e, int code,
    const char **detail);

/* The address spoken to, "" if none. */
void https_easy_address(const struct https_easy *e,
    char out[ADDRESS_TEXT_SIZE]);

#endif
