/*
 * What an MX host says before TLS, and what it is told next. Knows no sockets
 * and no time; the octets come from anybody.
 */
#ifndef IO_PROBE_DIALOGUE_H
#define IO_PROBE_DIALOGUE_H

#include "io/probe.h"
#include "io/smtp.h"

enum dialogue_step {
	DIALOGUE_LISTEN,    /* the reply is not complete */
	DIALOGUE_EHLO,	    /* say EHLO */
	DIALOGUE_STARTTLS,  /* say STARTTLS */
	DIALOGUE_HANDSHAKE, /* nothing is left to say in clear */
	DIALOGUE_QUIT,	    /* decided: say QUIT */
	DIALOGUE_LEAVE,	    /* decided, and nobody to say goodbye to */
};

struct dialogue {
	struct smtp smtp;
	enum dialogue_step said; /* what the reply is to; LISTEN: nothing */
	/* Once decided. */
	enum probe_status status;
	char detail[PROBE_DETAIL_SIZE]; /* escaped */
};

void dialogue_begin(struct dialogue *dialogue);

/*
 * What the host sent, all that has come. After DIALOGUE_QUIT its answer is
 * heard, and changes nothing; after DIALOGUE_HANDSHAKE and DIALOGUE_LEAVE there
 * is nothing more to hear.
 */
enum dialogue_step dialogue_hear(
    struct dialogue *dialogue, const char *data, size_t len);

#endif
