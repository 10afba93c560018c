/*
 * Where a door listens: unix:PATH, local:PATH, inet:PORT@HOST, inet:HOST:PORT,
 * and inet6: in the same two forms.
 */
#ifndef MILTER_ENDPOINT_H
#define MILTER_ENDPOINT_H

#include <stdbool.h>

#define ENDPOINT_SIZE 256

enum endpoint_kind {
	ENDPOINT_NONE = 0, /* the door stays closed */
	ENDPOINT_UNIX,
	ENDPOINT_INET,
	ENDPOINT_INET6,
};

struct endpoint {
	enum endpoint_kind kind;
	char path[ENDPOINT_SIZE]; /* of ENDPOINT_UNIX */
	char host[ENDPOINT_SIZE]; /* "" means any */
	char port[8];
};

/* False if it is none of these forms. */
bool endpoint_parse(const char *text, struct endpoint *out);

/* As libmilter wants it: unix:PATH or inet:PORT@HOST. */
void endpoint_format(const struct endpoint *address, char *buf,
    unsigned long size);

#endif
