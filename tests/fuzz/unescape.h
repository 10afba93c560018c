/* Undo text_escape, octet by octet. Fails where an escape is torn. */
#ifndef FUZZ_UNESCAPE_H
#define FUZZ_UNESCAPE_H

#include <stddef.h>

/* out has room for strlen(s) octets. Returns how many they are. */
size_t unescape(const char *s, char *out);

#endif
