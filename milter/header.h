/*
 * The header field that tells a later reader what was found.
 */
#ifndef MILTER_HEADER_H
#define MILTER_HEADER_H

#include "decision.h"

#define HEADER_SIZE 2048

/* What a transaction's recipients came to. */
struct header_summary {
	struct decision first; /* of the first recipient that was judged */
	size_t recipients;     /* accepted ones, judged or not */
	size_t judged;
	size_t pass, fail, temperror, none;
	bool shared;		/* one domain for all of them */
	char domain[512];	/* that of the first recipient, as written */
};

void header_begin(struct header_summary *summary);
/* A recipient that is accepted; decision NULL if it is none of ours. domain is
 * the address's own. */
void header_add(struct header_summary *summary, const char *domain,
    const struct decision *decision);
/* Is there something to tell under this setting? */
bool header_is_due(const struct header_summary *summary, enum conf_tag tag);
/* The field's value; lines after the first begin with a tab. */
void header_format(const struct header_summary *summary, char *buf,
    size_t size);

#endif
