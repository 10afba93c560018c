/*
 * The milter's socket and the thread that serves it.
 */
#ifndef MILTER_MILTER_DOOR_H
#define MILTER_MILTER_DOOR_H

#include "conf.h"

/* Open the socket; done before root is given up. */
bool milter_door_open(const struct conf *conf);

/* Serve it on a thread of its own; ended() is called by that thread when no more
 * is served. */
bool milter_door_start(void (*ended)(void));

/* Let it end; libmilter takes some seconds for it. */
void milter_door_stop(void);

/* Does a recipient wait for its reply? */
bool milter_door_is_busy(void);

#endif
