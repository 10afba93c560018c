/*
 * The socket map's protocol: netstrings, and in a request a map's name and a key.
 */
#ifndef MILTER_MAP_PROTOCOL_H
#define MILTER_MAP_PROTOCOL_H

#include <stddef.h>

#define MAP_REQUEST_MAX 10000 /* octets, as Postfix's queries */
#define MAP_HEADER_MAX 6      /* the length's digits and the colon */

enum netstring_status {
	NETSTRING_OK,
	NETSTRING_MORE, /* so far it is the beginning of one */
	NETSTRING_BAD,	/* it never will be */
};

/*
 * Look for a netstring at data.
 *
 * *payload, *len  its content, with NETSTRING_OK
 * *used           octets to leave behind, with NETSTRING_OK
 */
enum netstring_status netstring_parse(const char *data, size_t size,
    const char **payload, size_t *len, size_t *used);

/* "LENGTH:" for a payload; the comma is the caller's. Returns its length. */
size_t netstring_header(size_t len, char buf[static 16]);

/*
 * Take a request apart, in place: "NAME KEY", ended by a NUL. The key may be
 * empty; a name alone has an empty one.
 */
void map_request_split(char *request, const char **name, const char **key);

#endif
