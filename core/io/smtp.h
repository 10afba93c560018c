/*
 * Reading SMTP replies from a stream of octets (RFC 5321, 4.2): bounded, and
 * independent of how the octets arrive. Knows no sockets.
 */
#ifndef IO_SMTP_H
#define IO_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#define SMTP_LINE_MAX 1024 /* RFC 5321 says 512, hosts say more */
#define SMTP_LINES_MAX 64
#define SMTP_OCTETS_MAX 32768 /* of a whole connection */

enum smtp_event {
	SMTP_MORE,    /* the reply is not complete */
	SMTP_REPLY,   /* it is: code, text and starttls tell of it */
	SMTP_GARBAGE, /* not SMTP, or too much of it: flaw tells */
};

struct smtp {
	int code;	      /* of the reply being read */
	bool starttls;	      /* a line of it names the extension */
	char text[SMTP_LINE_MAX + 1]; /* its last line but the code; hostile */
	const char *flaw;     /* static, "" if none */

	bool complete; /* the latest call ended a reply */
	char line[SMTP_LINE_MAX];
	size_t len;
	size_t lines, octets;
};

void smtp_init(struct smtp *smtp);

/*
 * Read on. *used says how much of data belonged to the reply: after SMTP_REPLY
 * the rest came without being asked for. The next call begins the next reply.
 */
enum smtp_event smtp_read(struct smtp *smtp, const char *data, size_t len,
    size_t *used);

#endif
