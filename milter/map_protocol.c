/*
 * map_protocol: netstrings (https://cr.yp.to/proto/netstrings.txt) of at most
 * MAP_REQUEST_MAX octets, parsed as they come, in any pieces.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "map_protocol.h"

#include <string.h>

/* The digits of the length; no more of them than the limit has, no zero in
 * front. Stops at what is not a digit. */
static enum netstring_status
parse_length(const char *data, size_t size, size_t *length, size_t *digits)
{
	size_t i;

	*length = 0;
	for (i = 0; i < size && data[i] >= '0' && data[i] <= '9'; i++) {
		if (i > 0 && data[0] == '0')
			return NETSTRING_BAD;
		*length = *length * 10 + (size_t)(data[i] - '0');
		if (*length > MAP_REQUEST_MAX)
			return NETSTRING_BAD;
	}
	*digits = i;
	if (i == size)
		return NETSTRING_MORE;
	return i > 0 && data[i] == ':' ? NETSTRING_OK : NETSTRING_BAD;
}

enum netstring_status
netstring_parse(const char *data, size_t size, const char **payload,
    size_t *len, size_t *used)
{
	enum netstring_status status;
	size_t digits;

	status = parse_length(data, size, len, &digits);
	if (status != NETSTRING_OK)
		return status;
	*payload = data + digits + 1;
	*used = digits + 1 + *len + 1;
	if (size < *used)
		return NETSTRING_MORE;
	/* A NUL would end the request early. */
	if (data[*used - 1] != ',' || memchr(*payload, '\0', *len) != NULL)
		return NETSTRING_BAD;
	return NETSTRING_OK;
}

size_t
netstring_header(size_t len, char buf[static 16])
{
	size_t rest = len, digits = 1, i;

	for (; rest > 9; rest /= 10)
		digits++;
	for (i = digits; i > 0; len /= 10)
		buf[--i] = (char)('0' + len % 10);
	buf[digits] = ':';
	return digits + 1;
}

void
map_request_split(char *request, const char **name, const char **key)
{
	char *space = strchr(request, ' ');

	*name = request;
	*key = "";
	if (space == NULL)
		return;
	*space = '\0';
	*key = space + 1;
}
