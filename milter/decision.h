/*
 * What the milter does about one recipient: core's verdict and the configured
 * action, in a form that outlives the result.
 */
#ifndef MILTER_DECISION_H
#define MILTER_DECISION_H

#include "conf.h"
#include "reply.h"

#include <stddef.h>

enum action { ACTION_ACCEPT = 0, ACTION_TAG, ACTION_DEFER, ACTION_REJECT };

struct decision {
	enum action action;
	bool fails; /* what tag = fail shows */
	enum mtasts_mode mode;
	enum mtasts_verdict verdict;
	char domain[256]; /* escaped, as the sentence */
	char id[36];
	char host[256];	    /* an MX host that passes, "" if none */
	char sentence[512]; /* escaped for a reply or a header */
	char rcode[4];
	char xcode[12];
	char text[REPLY_SIZE]; /* for smfi_setreply, % doubled */
};

void decision_make(const struct conf *conf, const struct mtasts_result *result,
    struct decision *out);

/* The log line of a decision. */
void decision_log(const struct decision *decision,
    const struct mtasts_result *result, const char *queue_id);

#endif
