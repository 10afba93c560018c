/*
 * libmtasts, opened in the child: configuration, the right user, a session.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "child.h"
#include "mtasts.h"

struct library {
	const struct child *child;
	struct mtasts_options *options;
	struct mtasts *ctx;
	struct mtasts_session *session;
	struct mtasts_error err;
};

/* Evaluation ends at the match of names. */
#define LIBRARY_NO_PROBE 0x1u

/* False: err says what is wrong. Nothing is ever closed, the child ends. */
bool library_open(struct library *library, const struct child *child,
    unsigned flags);

/* Milliseconds that a call may take so that the parent still hears of it. */
int library_deadline(const struct library *library);

#endif
