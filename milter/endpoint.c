/*
 * endpoint: the text of a socket's address taken apart.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
copy(char *out, size_t size, const char *text, size_t len)
{
	if (len >= size)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static bool
is_port(const char *port)
{
	size_t digits = strspn(port, "0123456789");
	long number = strtol(port, NULL, 10);

	return digits > 0 && port[digits] == '\0' && number > 0 &&
	    number < 65536;
}

/* A host may stand in brackets, as IPv6 addresses do in URLs. */
static bool
take_host(const char *text, size_t len, struct endpoint *out)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	return copy(out->host, sizeof(out->host), text, len);
}

/* PORT, PORT@HOST or HOST:PORT. */
static bool
parse_inet(const char *text, struct endpoint *out)
{
	const char *at = strchr(text, '@');
	const char *colon = strrchr(text, ':');

	if (at != NULL)
		return copy(out->port, sizeof(out->port), text,
			   (size_t)(at - text)) &&
		    is_port(out->port) && take_host(at + 1, strlen(at + 1), out);
	if (colon != NULL)
		return is_port(colon + 1) &&
		    copy(out->port, sizeof(out->port), colon + 1,
			strlen(colon + 1)) &&
		    take_host(text, (size_t)(colon - text), out);
	return is_port(text) &&
	    copy(out->port, sizeof(out->port), text, strlen(text));
}

static const struct {
	const char *prefix;
	enum endpoint_kind kind;
} kinds[] = {
	{ "unix:", ENDPOINT_UNIX },
	{ "local:", ENDPOINT_UNIX },
	{ "inet:", ENDPOINT_INET },
	{ "inet6:", ENDPOINT_INET6 },
};

bool
endpoint_parse(const char *text, struct endpoint *out)
{
	memset(out, 0, sizeof(*out));
	if (text[0] == '\0' || strcmp(text, "none") == 0)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, len) != 0)
			continue;
		out->kind = kinds[i].kind;
		text += len;
		if (out->kind == ENDPOINT_UNIX)
			return text[0] == '/' &&
			    copy(out->path, 108, text, strlen(text));
		return parse_inet(text, out);
	}
	return false;
}

void
endpoint_format(const struct endpoint *address, char *buf, unsigned long size)
{
	switch (address->kind) {
	case ENDPOINT_NONE:
		snprintf(buf, size, "none");
		break;
	case ENDPOINT_UNIX:
		snprintf(buf, size, "unix:%s", address->path);
		break;
	case ENDPOINT_INET:
	case ENDPOINT_INET6:
		snprintf(buf, size, "%s:%s%s%s",
		    address->kind == ENDPOINT_INET ? "inet" : "inet6",
		    address->port, address->host[0] != '\0' ? "@" : "",
		    address->host);
		break;
	}
}
