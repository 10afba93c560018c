/*
 * Where a door listens: unix:PATH, local:PATH, inet:PORT@HOST, inet:HOST:PORT,
 * and inet6: in the same two forms.
 */
#ifndef MILTER_ADDRESS_H
#define MILTER_ADDRESS_H

#include <stdbool.h>

#define ADDRESS_SIZE 256

enum address_kind {
	ADDRESS_NONE = 0, /* the door stays closed */
	ADDRESS_UNIX,
	ADDRESS_INET,
	ADDRESS_INET6,
};

struct address {
	enum address_kind kind;
	char path[ADDRESS_SIZE]; /* of ADDRESS_UNIX */
	char host[ADDRESS_SIZE]; /* "" means any */
	char port[8];
};

/* False if it is none of these forms. */
bool address_parse(const char *text, struct address *out);

/* As libmilter wants it: unix:PATH or inet:PORT@HOST. */
void address_format(const struct address *address, char *buf,
    unsigned long size);

#endif
