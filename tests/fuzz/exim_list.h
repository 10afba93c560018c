/*
 * A host list as Exim reads it, for what rules/ignore writes: items between
 * semicolons, "!" before what is not to be ignored, the first that applies
 * decides. Expressions are matched by PCRE2, as Exim does.
 */
#ifndef FUZZ_EXIM_LIST_H
#define FUZZ_EXIM_LIST_H

#include <stdbool.h>

/* Does the list keep this host, which is not the local one? Fails for a list of
 * another form than ours. */
bool exim_list_keeps(const char *list, const char *host);

#endif
