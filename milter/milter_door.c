/*
 * milter_door: libmilter opened, run and stopped.
 *
 * libmilter takes SIGTERM and SIGHUP for itself where it can: it runs on a thread
 * that has every signal blocked, and the process ignores SIGHUP.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "milter_door.h"

#include "callbacks.h"
#include "log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define BACKLOG 128

bool
milter_door_open(const struct conf *conf)
{
	char address[2 * ENDPOINT_SIZE];
	mode_t mask;
	bool opened;

	endpoint_format(&conf->milter.socket, address, sizeof(address));
	if (smfi_register(callbacks_description) != MI_SUCCESS ||
	    smfi_setconn(address) != MI_SUCCESS) {
		log_write(MTASTS_LOG_ERROR, "milter socket %s: not usable",
		    address);
		return false;
	}
	smfi_setbacklog(BACKLOG);
	mask = umask((mode_t)(~conf->milter.socket_mode & 0777));
	opened = smfi_opensocket(true) == MI_SUCCESS;
	umask(mask);
	if (!opened)
		log_write(MTASTS_LOG_ERROR, "milter socket %s: cannot be opened",
		    address);
	return opened;
}

static void *
serve(void *arg)
{
	void (*const *ended)(void) = arg;

	if (smfi_main() != MI_SUCCESS)
		log_write(MTASTS_LOG_ERROR, "event=milter-ended");
	(*ended)();
	return NULL;
}

static bool
start_thread(void *(*run)(void *), void *arg)
{
	sigset_t all, old;
	pthread_t id;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&id, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error == 0)
		pthread_detach(id);
	return error == 0;
}

bool
milter_door_start(void (*ended)(void))
{
	static void (*callback)(void);

	callback = ended;
	return start_thread(serve, &callback);
}

/* smfi_stop waits for a lock that libmilter holds for seconds. */
static void *
stop(void *arg)
{
	smfi_stop();
	return arg;
}

void
milter_door_stop(void)
{
	(void)start_thread(stop, NULL);
}

bool
milter_door_is_busy(void)
{
	return callbacks_busy() > 0;
}
