/*
 * What systemd wants to hear, and gives: sd_notify(3), sd_listen_fds(3).
 */
#ifndef MILTER_SERVICE_H
#define MILTER_SERVICE_H

/* Tell the service manager, if there is one: "READY=1". */
void service_notify(const char *state);

/* The sockets that were handed over; the first is *first. Returns how many. */
int service_sockets(int *first);

#endif
