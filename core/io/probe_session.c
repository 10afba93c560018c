/*
 * probe_session: one connection, from the socket to QUIT. What is said in clear is
 * probe_dialogue's, the handshake probe_tls's.
 *
 * What was found is decided before the QUIT, which is politeness: it waits for
 * an answer a moment, and no failure of it counts. Silence is
 * PROBE_CONNECT_FAILED, so that a blocked port never looks like an attack.
 *
 * Whoever is on the path may put octets between the STARTTLS reply and the
 * handshake; a server never speaks there, so any are a failure (RFC 3207, 6).
 *
 * Test: tests/unit/test_probe.c
 */
#include <config.h>

#include "io/probe_session.h"

#include "base/text.h"
#include "io/probe_dialogue.h"
#include "io/probe_tls.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMTP_PORT 25
/* Milliseconds for the answer to QUIT. */
#define QUIT_PATIENCE 1000
#define COMMAND_SIZE 300

enum stage {
	STAGE_CONNECT,
	STAGE_GREETING,
	STAGE_EHLO,
	STAGE_STARTTLS,
	STAGE_HANDSHAKE,
	STAGE_QUIT,
	STAGE_OVER,
};

struct probe_session {
	struct probe_session_options options;
	probe_session_fn *fn;
	void *arg;
	struct probe_session **out;
	enum stage stage;
	int fd;
	struct timer timer; /* gives up; once over, reports */
	struct dialogue dialogue;
	struct probe_tls tls;
	bool secure; /* the handshake is done */
	char command[COMMAND_SIZE];
	size_t len, sent;

	enum probe_status status;
	char detail[PROBE_DETAIL_SIZE];
};

/* ---- The end ------------------------------------------------------------ */

static void
close_down(struct probe_session *s)
{
	struct timers timers = loop_timers(s->options.loop);

	timer_stop(&timers, &s->timer);
	probe_tls_end(&s->tls);
	if (s->fd >= 0) {
		(void)loop_watch(s->options.loop, s->fd, 0, NULL, NULL);
		close(s->fd);
		s->fd = -1;
	}
}

static void
report(void *arg)
{
	struct probe_session *s = arg;

	*s->out = NULL;
	s->fn(s->arg, s->status, s->detail);
	free(s);
}

static void
over(struct probe_session *s)
{
	struct timers timers = loop_timers(s->options.loop);

	close_down(s);
	s->stage = STAGE_OVER;
	timer_start(&timers, &s->timer,
	    clock_monotonic(loop_clock(s->options.loop)), report, s);
}

/* Decided, and nobody to say goodbye to. */
static void
fail(struct probe_session *s, enum probe_status status, const char *words)
{
	s->status = status;
	(void)text_escaped(s->detail, sizeof(s->detail), words, strlen(words));
	over(s);
}

static void
fail_errno(struct probe_session *s, int number)
{
	switch (number) {
	case ECONNREFUSED:
		fail(s, PROBE_CONNECT_FAILED, "connection refused");
		return;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
		fail(s, PROBE_CONNECT_FAILED, "unreachable");
		return;
	case ECONNRESET:
	case EPIPE:
		fail(s, PROBE_CONNECT_FAILED, "connection reset");
		return;
	case ETIMEDOUT:
		fail(s, PROBE_CONNECT_FAILED, "timeout in connect");
		return;
	default:
		fail(s, PROBE_CONNECT_FAILED, "cannot connect");
		return;
	}
}

static const char *
timeout_words(enum stage stage)
{
	switch (stage) {
	case STAGE_CONNECT:
		return "timeout in connect";
	case STAGE_GREETING:
		return "timeout before the greeting";
	case STAGE_EHLO:
		return "timeout after EHLO";
	case STAGE_STARTTLS:
		return "timeout after STARTTLS";
	case STAGE_HANDSHAKE:
		return "timeout in the TLS handshake";
	case STAGE_QUIT:
	case STAGE_OVER:
		break;
	}
	return "timeout";
}

static void
give_up(void *arg)
{
	struct probe_session *s = arg;

	if (s->stage == STAGE_QUIT)
		over(s);
	else
		fail(s, PROBE_CONNECT_FAILED, timeout_words(s->stage));
}

/* ---- Talking ------------------------------------------------------------ */

static void on_ready(void *arg, int fd, unsigned events);

static void
wait_for(struct probe_session *s, unsigned events)
{
	if (loop_watch(s->options.loop, s->fd, events, on_ready, s) !=
	    MTASTS_OK)
		fail(s, PROBE_NOMEM, "");
}

static void
command(struct probe_session *s, enum stage stage, const char *verb,
    const char *argument)
{
	struct text text;

	text_init(&text, s->command, sizeof(s->command));
	text_printf(&text, "%s%s\r\n", verb, argument);
	s->len = text.len;
	s->sent = 0;
	s->stage = stage;
	wait_for(s, LOOP_WRITE);
}

/* Decided; leave as one should. */
static void
quit(struct probe_session *s)
{
	struct timers timers = loop_timers(s->options.loop);
	int64_t at = clock_monotonic(loop_clock(s->options.loop)) +
	    QUIT_PATIENCE;

	if (at < s->options.deadline)
		timer_start(&timers, &s->timer, at, give_up, s);
	command(s, STAGE_QUIT, "QUIT", "");
}

static void handshake(struct probe_session *s);

static void
begin_tls(struct probe_session *s)
{
	char c;

	if (recv(s->fd, &c, 1, MSG_PEEK) > 0) {
		fail(s, PROBE_TLS_FAILED, "plaintext after STARTTLS");
	} else if (!probe_tls_begin(&s->tls, s->options.ctx, s->fd,
		       s->options.host)) {
		fail(s, PROBE_NOMEM, "");
	} else {
		s->stage = STAGE_HANDSHAKE;
		handshake(s);
	}
}

static void
take_finding(struct probe_session *s)
{
	s->status = s->dialogue.status;
	memcpy(s->detail, s->dialogue.detail, sizeof(s->detail));
}

static void
on_heard(struct probe_session *s, const char *data, size_t len)
{
	switch (dialogue_hear(&s->dialogue, data, len)) {
	case DIALOGUE_LISTEN:
		return;
	case DIALOGUE_EHLO:
		command(s, STAGE_EHLO, "EHLO ", s->options.helo);
		return;
	case DIALOGUE_STARTTLS:
		command(s, STAGE_STARTTLS, "STARTTLS", "");
		return;
	case DIALOGUE_HANDSHAKE:
		begin_tls(s);
		return;
	case DIALOGUE_QUIT:
		take_finding(s);
		quit(s);
		return;
	case DIALOGUE_LEAVE:
		take_finding(s);
		over(s);
		return;
	}
}

static void
hear(struct probe_session *s)
{
	char buf[2048];
	ssize_t n = recv(s->fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		on_heard(s, buf, (size_t)n);
	else if (s->stage == STAGE_QUIT)
		over(s);
	else if (n < 0)
		fail_errno(s, errno);
	else
		fail(s, PROBE_CONNECT_FAILED, "connection closed");
}

static void
speak(struct probe_session *s)
{
	ssize_t n = send(s->fd, s->command + s->sent, s->len - s->sent,
	    MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && s->stage == STAGE_QUIT) {
		over(s);
		return;
	}
	if (n < 0) {
		fail_errno(s, errno);
		return;
	}
	s->sent += (size_t)n;
	if (s->sent == s->len)
		wait_for(s, LOOP_READ);
}

/* ---- Talking over TLS --------------------------------------------------- */

static unsigned
tls_events(enum probe_tls_state state)
{
	return state == PROBE_TLS_WRITE ? LOOP_WRITE : LOOP_READ;
}

static void
handshake(struct probe_session *s)
{
	enum probe_tls_state state;

	state = probe_tls_handshake(&s->tls, &s->status, s->detail);
	if (state == PROBE_TLS_BROKEN) {
		over(s);
	} else if (state == PROBE_TLS_DONE) {
		s->secure = true;
		quit(s);
	} else {
		wait_for(s, tls_events(state));
	}
}

static void
quit_secure(struct probe_session *s)
{
	enum probe_tls_state state;

	if (s->sent < s->len) {
		state = probe_tls_write(&s->tls, s->command, s->len);
		if (state == PROBE_TLS_DONE) {
			s->sent = s->len;
			state = PROBE_TLS_READ;
		}
	} else {
		state = probe_tls_drain(&s->tls);
	}
	if (state == PROBE_TLS_DONE || state == PROBE_TLS_BROKEN)
		over(s);
	else
		wait_for(s, tls_events(state));
}

/* ---- The socket --------------------------------------------------------- */

static void
on_connected(struct probe_session *s)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		fail_errno(s, error);
		return;
	}
	s->stage = STAGE_GREETING;
	wait_for(s, LOOP_READ);
}

static void
on_ready(void *arg, int fd, unsigned events)
{
	struct probe_session *s = arg;

	(void)fd;
	if (s->stage == STAGE_CONNECT)
		on_connected(s);
	else if (s->stage == STAGE_HANDSHAKE)
		handshake(s);
	else if (s->secure)
		quit_secure(s);
	else if ((events & LOOP_WRITE) != 0)
		speak(s);
	else
		hear(s);
}

static void
dial(struct probe_session *s)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(&s->options.address, SMTP_PORT,
	    &sa);

	s->fd = socket(s->options.address.family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 ||
	    (connect(s->fd, (const struct sockaddr *)&sa, len) != 0 &&
		errno != EINPROGRESS)) {
		fail_errno(s, errno);
		return;
	}
	wait_for(s, LOOP_WRITE);
}

enum mtasts_status
probe_session_start(const struct probe_session_options *options,
    probe_session_fn *fn, void *arg, struct probe_session **out)
{
	struct timers timers = loop_timers(options->loop);
	struct probe_session *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return MTASTS_NOMEM;
	s->options = *options;
	s->fn = fn;
	s->arg = arg;
	s->out = out;
	s->fd = -1;
	dialogue_begin(&s->dialogue);
	timer_start(&timers, &s->timer, options->deadline, give_up, s);
	*out = s;
	dial(s);
	return MTASTS_OK;
}

void
probe_session_cancel(struct probe_session **session)
{
	struct probe_session *s = *session;

	if (s == NULL)
		return;
	*session = NULL;
	close_down(s);
	free(s);
}
