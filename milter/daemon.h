/*
 * The daemon from its first socket to its end.
 */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include "conf.h"

/*
 * Open the doors, give up root, go to the background, serve, and end. Takes
 * *conf. Returns an exit status of sysexits.h.
 */
int daemon_run(const struct conf_command *command, struct conf **conf,
    bool foreground);

#endif
