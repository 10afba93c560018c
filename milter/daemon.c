/*
 * daemon: the order of things. As root: directories, the lock, the sockets. Then
 * the daemon's user, the background, the threads, the loop.
 *
 * SIGTERM and SIGINT end it, SIGUSR1 reads the configuration anew, SIGUSR2 logs
 * statistics; SIGHUP is ignored, for libmilter would end upon it.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "daemon.h"

#include "account.h"
#include "instance.h"
#include "listen.h"
#include "log.h"
#include "map_server.h"
#include "milter_door.h"
#include "pid_file.h"
#include "service.h"
#include "stats.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#define SOCKETS_MAX 32
#define STOP_TICK 100 /* milliseconds */
#define STOP_TICKS 45
#define QUIET_TICKS 3 /* libmilter writes a reply after the callback */

static struct {
	const struct conf_command *command;
	const struct conf *conf; /* of the start */
	struct event_base *base;
	int sockets[SOCKETS_MAX];
	int socket_count;
	bool sockets_given; /* by the service manager */
	bool milter_runs;
	int ended_fd; /* the milter's thread writes to it */
	int ready_fd; /* who started us reads it, or -1 */
	bool stopping;
} daemon_state = { .ended_fd = -1, .ready_fd = -1 };

/* ---- Doors --------------------------------------------------------------- */

static bool
open_milter(const struct account *account)
{
	const struct conf *conf = daemon_state.conf;
	const struct endpoint *address = &conf->milter.socket;
	struct listen_owner owner;

	if (address->kind == ENDPOINT_NONE)
		return true;
	return account_owner(account, conf->milter.socket_owner,
		   conf->milter.socket_group, conf->milter.socket_mode,
		   &owner) &&
	    !listen_is_taken(address) && milter_door_open(conf) &&
	    listen_own(address, &owner);
}

static bool
take_sockets(void)
{
	int first, count = service_sockets(&first);

	for (int i = 0; i < count && i < SOCKETS_MAX; i++)
		daemon_state.sockets[daemon_state.socket_count++] = first + i;
	daemon_state.sockets_given = count > 0;
	return daemon_state.sockets_given;
}

static bool
open_map(const struct account *account)
{
	const struct conf *conf = daemon_state.conf;
	struct listen_owner owner;
	bool ok;

	if (take_sockets())
		return true;
	ok = account_owner(account, conf->socketmap.socket_owner,
	    conf->socketmap.socket_group, conf->socketmap.socket_mode, &owner);
	for (size_t i = 0; ok && i < conf->socketmap.listen_count; i++)
		ok = listen_open(&conf->socketmap.listen[i], &owner,
		    daemon_state.sockets, &daemon_state.socket_count,
		    SOCKETS_MAX);
	return ok;
}

static void
remove_socket(const struct endpoint *address)
{
	if (address->kind == ENDPOINT_UNIX)
		unlink(address->path);
}

/* What a later start would otherwise find dead. */
static void
remove_sockets(void)
{
	const struct conf *conf = daemon_state.conf;

	remove_socket(&conf->milter.socket);
	for (size_t i = 0; !daemon_state.sockets_given &&
	     i < conf->socketmap.listen_count;
	     i++)
		remove_socket(&conf->socketmap.listen[i]);
}

/* ---- The background ------------------------------------------------------ */

/* Wait for the child's word, and pass it on as an exit status. */
static _Noreturn void
wait_for(int fd)
{
	char ready;

	_exit(read(fd, &ready, 1) == 1 ? EX_OK : EX_UNAVAILABLE);
}

static bool
go_to_background(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == -1)
		return false;
	if (pid > 0) {
		close(fds[1]);
		wait_for(fds[0]);
	}
	close(fds[0]);
	daemon_state.ready_fd = fds[1];
	return setsid() != -1 && chdir("/") == 0;
}

/* Nothing can go wrong any more that who started us should see. */
static void
say_ready(bool foreground)
{
	int fd;

	log_open(foreground);
	service_notify("READY=1");
	if (foreground)
		return;
	fd = open("/dev/null", O_RDWR);
	if (fd != -1) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	if (write(daemon_state.ready_fd, "", 1) != 1)
		log_write(MTASTS_LOG_WARNING, "event=nobody-waits");
	close(daemon_state.ready_fd);
}

/* ---- The end ------------------------------------------------------------- */

static void
end_if_done(void)
{
	if (daemon_state.stopping && !daemon_state.milter_runs &&
	    map_server_is_idle())
		event_base_loopbreak(daemon_state.base);
}

/* libmilter looks only now and then whether it should end: when no recipient has
 * waited for a while, it is not waited for. */
static void
on_stop_tick(evutil_socket_t fd, short what, void *arg)
{
	static int ticks, quiet;

	(void)fd;
	(void)what;
	(void)arg;
	quiet = milter_door_is_busy() ? 0 : quiet + 1;
	if (quiet >= QUIET_TICKS)
		daemon_state.milter_runs = false;
	if (++ticks < STOP_TICKS) {
		end_if_done();
		return;
	}
	log_write(MTASTS_LOG_WARNING, "event=stop-incomplete");
	event_base_loopbreak(daemon_state.base);
}

static void
start_ticking(void)
{
	const struct timeval tick = { 0, STOP_TICK * 1000 };
	struct event *event = event_new(daemon_state.base, -1, EV_PERSIST,
	    on_stop_tick, NULL);

	if (event == NULL || event_add(event, &tick) != 0)
		event_base_loopbreak(daemon_state.base);
}

static void
stop(void)
{
	if (daemon_state.stopping)
		return;
	daemon_state.stopping = true;
	log_write(MTASTS_LOG_NOTICE, "event=stopping");
	service_notify("STOPPING=1");
	start_ticking();
	if (daemon_state.milter_runs)
		milter_door_stop();
	map_server_stop();
	end_if_done();
}

/* On the milter's thread. */
static void
milter_ended(void)
{
	const uint64_t one = 1;

	if (write(daemon_state.ended_fd, &one, sizeof(one)) < 0)
		return;
}

static void
on_milter_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	daemon_state.milter_runs = false;
	stop();
	end_if_done();
}

/* ---- Signals ------------------------------------------------------------- */

static void
tell_difference(const char *name)
{
	log_write(MTASTS_LOG_WARNING,
	    "event=reload option=%s reason=\"needs a restart to change\"",
	    name);
}

static void
reload(void)
{
	struct mtasts_error err;
	struct conf *fresh;

	if (conf_read(daemon_state.command, &fresh, &err) != MTASTS_OK) {
		log_write(MTASTS_LOG_ERROR,
		    "event=reload-failed reason=\"%s\"", err.text);
		return;
	}
	conf_compare(daemon_state.conf, fresh, tell_difference);
	if (instance_start(&fresh, &err) != MTASTS_OK) {
		log_write(MTASTS_LOG_ERROR,
		    "event=reload-failed reason=\"%s\"", err.text);
		return;
	}
	map_server_renew();
	log_write(MTASTS_LOG_NOTICE, "event=reloaded");
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	(void)arg;
	if (number == SIGUSR1)
		reload();
	else if (number == SIGUSR2)
		stats_log();
	else
		stop();
}

static bool
add_event(int fd, short what, event_callback_fn callback)
{
	struct event *event = event_new(daemon_state.base, fd,
	    (short)(what | EV_PERSIST), callback, NULL);

	return event != NULL && event_add(event, NULL) == 0;
}

static bool
prepare_loop(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	bool ok;

	daemon_state.base = event_base_new();
	daemon_state.ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ok = daemon_state.base != NULL && daemon_state.ended_fd != -1 &&
	    add_event(daemon_state.ended_fd, EV_READ, on_milter_ended);
	for (size_t i = 0; ok && i < sizeof(signals) / sizeof(signals[0]); i++)
		ok = add_event(signals[i], EV_SIGNAL, on_signal);
	return ok;
}

/* Until the loop takes them. SIGHUP stays so. */
static void
ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

/* ---- The start ----------------------------------------------------------- */

static int
open_all(void)
{
	const struct conf *conf = daemon_state.conf;
	struct mtasts_error err;
	struct account account;

	if (!account_find(conf, &account))
		return EX_NOUSER;
	if (geteuid() == 0 &&
	    mtasts_make_directories(conf->options, &err) != MTASTS_OK) {
		log_write(MTASTS_LOG_ERROR, "%s", err.text);
		return EX_CANTCREAT;
	}
	if (!pid_file_lock(conf->daemon.pid_file, account.uid, account.gid))
		return EX_TEMPFAIL;
	if (!open_milter(&account) || !open_map(&account))
		return EX_CANTCREAT;
	return account_become(&account) ? EX_OK : EX_NOPERM;
}

static int
start_all(struct conf **conf)
{
	struct mtasts_error err = { .text = "out of memory" };
	bool milter = (*conf)->milter.socket.kind != ENDPOINT_NONE;

	if (!pid_file_write())
		return EX_CANTCREAT;
	if (!prepare_loop())
		return EX_OSERR;
	if (instance_start(conf, &err) != MTASTS_OK) {
		log_write(MTASTS_LOG_ERROR, "%s", err.text);
		return err.status == MTASTS_CONFIG ? EX_CONFIG : EX_OSERR;
	}
	map_server_on_idle(end_if_done);
	if (!map_server_start(daemon_state.base, daemon_state.sockets,
		daemon_state.socket_count))
		return EX_OSERR;
	daemon_state.milter_runs = milter;
	return !milter || milter_door_start(milter_ended) ? EX_OK : EX_OSERR;
}

static int
serve(struct conf **conf, bool foreground)
{
	int status = start_all(conf);

	if (status != EX_OK)
		return status;
	say_ready(foreground);
	log_write(MTASTS_LOG_NOTICE, "event=started version=%s",
	    mtasts_library_version());
	event_base_dispatch(daemon_state.base);
	map_server_renew();
	instance_stop();
	log_write(MTASTS_LOG_NOTICE, "event=stopped");
	return EX_OK;
}

int
daemon_run(const struct conf_command *command, struct conf **conf,
    bool foreground)
{
	struct mtasts_error err;
	struct conf *started;
	int status;

	if (conf_read(command, &started, &err) != MTASTS_OK)
		return EX_CONFIG;
	daemon_state.command = command;
	daemon_state.conf = started;
	ignore_signals();
	umask(027);
	status = open_all();
	if (status != EX_OK)
		return status;
	if (!foreground && !go_to_background())
		status = EX_OSERR;
	else
		status = serve(conf, foreground);
	remove_sockets();
	pid_file_remove();
	return status;
}
