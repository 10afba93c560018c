/*
 * The socket map's server: connections on the loop, answers in order.
 */
#ifndef MILTER_MAP_SERVER_H
#define MILTER_MAP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>

/* Serve connections of these listening sockets on base. */
bool map_server_start(struct event_base *base, const int *fds, int count);
/* After a reload: let go of the old instance. */
void map_server_renew(void);
/* Accept nobody any more, answer what was asked, close. */
void map_server_stop(void);
/* Are all connections closed? */
bool map_server_is_idle(void);
/* Called on the loop when the last connection closes after map_server_stop. */
void map_server_on_idle(void (*idle)(void));

#endif
