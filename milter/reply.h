/*
 * Text for an SMTP reply.
 */
#ifndef MILTER_REPLY_H
#define MILTER_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_SIZE 440 /* a reply line has 512 octets (RFC 5321, 4.5.3.1.5) */

/*
 * Printable ASCII as it is, everything else octet by octet as \xHH. With
 * percent a % is doubled, as smfi_setreply wants it. What does not fit in size is
 * left out, never half an escape. Returns the length.
 */
size_t reply_escape(char *buf, size_t size, const char *text, bool percent);

#endif
