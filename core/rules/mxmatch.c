/*
 * mxmatch: one mx pattern against the name of one MX host (RFC 8461, 4.1).
 *
 * "*." stands for one whole label, no more and no less (RFC 6125, 6.4.3). Knows
 * no public suffixes: a broad pattern is its owner's risk (RFC 8461, 10.4).
 * Case and final dots are gone before: domain_host() and policy_parse() see to
 * it.
 *
 * Test: tests/unit/test_mxmatch.c, tests/property/prop_mxmatch.c
 */
#include "rules/mxmatch.h"

#include <string.h>

bool
mxmatch(const char *pattern, const char *host)
{
	const char *parent;

	if (strncmp(pattern, "*.", 2) != 0)
		return strcmp(pattern, host) == 0;
	parent = strchr(host, '.');
	if (parent == NULL || parent == host || parent[1] == '\0')
		return false;
	return strcmp(pattern + 1, parent) == 0;
}
