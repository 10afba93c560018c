/*
 * libmilter's callbacks.
 */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#include <libmilter/mfapi.h>

extern struct smfiDesc callbacks_description;

/* How many recipients are being judged at this moment. */
unsigned callbacks_busy(void);

#endif
