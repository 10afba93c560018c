/*
 * What the TXT record and the policy have in common: the names of their fields
 * (RFC 8461, 3.1 and 3.2, sts-ext-name), and how to show a piece of hostile
 * input in a message.
 */
#ifndef RULES_FIELD_H
#define RULES_FIELD_H

#include "base/span.h"

#define FIELD_NAME_MAX 32

/* Takes what looks like a name. False if there is no well-formed one; *name is
 * set in any case. */
bool field_name(struct span *rest, struct span *name);

/* A piece of input for a message: escaped, and cut where it gets long. */
struct field_shown {
	char text[64];
};
struct field_shown field_show(struct span span);

#endif
