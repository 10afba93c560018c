/*
 * Does this MX host match this pattern (RFC 8461, 4.1; RFC 6125, 6.4)? Both in
 * lower case without a final dot. "*." stands for exactly one left-most label.
 */
#ifndef RULES_MXMATCH_H
#define RULES_MXMATCH_H

#include <stdbool.h>

bool mxmatch(const char *pattern, const char *host);

#endif
