/*
 * child: fork, work, one pipe, and a parent that waits with a deadline.
 *
 * The child is a copy of Exim, perhaps of root's, with the message open and a
 * connection to somebody: it lets go of all that first. The lines it writes are
 *
 *	limit MILLISECONDS	how long the parent is to wait, from the fork on
 *	log TEXT
 *	answer TEXT		the last, and only whole with its newline
 *
 * Signals: Exim may ignore SIGCHLD, which we undo for the time, and has a handler
 * for SIGALRM, which only interrupts us; it looks at its flag later. The child
 * sets an alarm of its own, so that it ends even if the parent was killed.
 *
 * Knows neither Exim nor MTA-STS.
 *
 * Test: tests/unit/test_exim.c
 */
#include <config.h>

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_FD 3 /* the pipe, in the child */

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- The child ----------------------------------------------------------- */

static void
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* A word and a text as one line: whoever wrote the text kept newlines out, but
 * nothing depends on it. Written at once, the parent wakes up once. */
static void
write_line(const struct child *child, const char *word, const char *text)
{
	size_t before = strlen(word), len = strcspn(text, "\n");
	char *line = malloc(before + len + 1);

	if (line == NULL)
		return;
	memcpy(line, word, before);
	memcpy(line + before, text, len);
	line[before + len] = '\n';
	write_all(child->fd, line, before + len + 1);
	free(line);
}

void
child_limit(const struct child *child, int milliseconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", milliseconds);
	write_line(child, "limit ", text);
	alarm((unsigned)milliseconds / 1000 + 2);
}

void
child_log(const struct child *child, const char *line)
{
	write_line(child, "log ", line);
}

void
child_answer(const struct child *child, const char *text)
{
	write_line(child, "answer ", text);
}

int
child_elapsed(const struct child *child)
{
	return (int)(now() - child->started);
}

/* As a fresh process has them, but that a closed pipe is an error. */
static void
reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_from(int fd)
{
#ifdef HAVE_CLOSEFROM
	closefrom(fd);
#else
	long end = sysconf(_SC_OPEN_MAX);

	for (; fd < (end < 0 || end > 65536 ? 65536 : end); fd++)
		close(fd);
#endif
}

/* Nothing stays open but the pipe: not the message, not the log, not the peer,
 * who must not read what some library has to say in its last breath either. */
static bool
let_go(int fd)
{
	int null, i;

	if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0)
		return false;
	close_from(CHILD_FD + 1);
	for (i = 0; i < CHILD_FD; i++)
		close(i);
	null = open("/dev/null", O_RDWR);
	return null == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2;
}

static _Noreturn void
child_main(int fd, int64_t started, child_work_fn *work, void *arg)
{
	struct child child = { CHILD_FD, started };
	struct rlimit none = { 0, 0 };

	alarm(0);
	reset_signals();
	alarm(CHILD_START_LIMIT / 1000 + 2);
	setrlimit(RLIMIT_CORE, &none); /* it would have the message in it */
	if (let_go(fd) && fcntl(CHILD_FD, F_SETFD, FD_CLOEXEC) == 0)
		work(&child, arg);
	_exit(0);
}

/* ---- The parent ---------------------------------------------------------- */

/* A child at work, as the parent sees it. */
struct run {
	pid_t pid;
	int fd;
	int64_t started;
	int64_t until;
	bool limited; /* the child has named its limit */
	bool crashed;
	char *output;
	size_t len;
	struct child_result *result;
};

static void
fail(struct run *run, const char *what, int code)
{
	snprintf(run->result->failure, sizeof(run->result->failure), "%s%s%s",
	    what, code != 0 ? ": " : "", code != 0 ? strerror(code) : "");
}

static bool
start(struct run *run, child_work_fn *work, void *arg)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0) {
		fail(run, "no pipe", errno);
		return false;
	}
	run->until = run->started + CHILD_START_LIMIT;
	run->pid = fork();
	if (run->pid == 0)
		child_main(fds[1], run->started, work, arg);
	if (run->pid < 0) {
		fail(run, "no process", errno);
		close(fds[0]);
	}
	close(fds[1]);
	run->fd = fds[0];
	return run->pid > 0;
}

/* The first line moves the deadline. */
static void
take_limit(struct run *run)
{
	long limit;

	if (run->limited || memchr(run->output, '\n', run->len) == NULL)
		return;
	run->limited = true;
	if (strncmp(run->output, "limit ", 6) != 0)
		return;
	limit = strtol(run->output + 6, NULL, 10);
	if (limit > 0 && limit <= CHILD_LIMIT_MAX)
		run->until = run->started + limit;
}

/* Is the pipe readable before the deadline? */
static bool
await(struct run *run)
{
	struct pollfd poll_fd = { run->fd, POLLIN, 0 };
	int64_t left;
	int n;

	while ((left = run->until - now()) > 0) {
		n = poll(&poll_fd, 1, (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR) {
			fail(run, "cannot wait", errno);
			return false;
		}
	}
	fail(run, "no answer in time", 0);
	return false;
}

/* Read up to the end, or to a failure. */
static void
collect(struct run *run)
{
	ssize_t n = 1;

	while (n != 0 && await(run)) {
		n = read(run->fd, run->output + run->len,
		    CHILD_OUTPUT_MAX - run->len);
		if (n > 0) {
			run->len += (size_t)n;
			run->output[run->len] = '\0';
			take_limit(run);
		} else if (n < 0 && errno != EINTR) {
			fail(run, "cannot read", errno);
			return;
		}
		if (run->len == CHILD_OUTPUT_MAX) {
			fail(run, "too long an answer", 0);
			return;
		}
	}
}

/* Whatever it is doing, it ends here. What has ended by itself keeps its
 * status: it is ours alone to be waited for (see child_run). */
static void
reap(struct run *run)
{
	int status;
	pid_t pid;

	close(run->fd);
	kill(run->pid, SIGKILL);
	do
		pid = waitpid(run->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (run->result->failure[0] == '\0' && pid == run->pid &&
	    WIFSIGNALED(status)) {
		snprintf(run->result->failure, sizeof(run->result->failure),
		    "ended by signal %d", WTERMSIG(status));
		run->crashed = true;
	}
}

/* Hand out the lines. Only a whole last one is an answer. */
static void
read_lines(struct run *run, child_log_fn *log)
{
	char *line = run->output, *end;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (strncmp(line, "log ", 4) == 0)
			log(line + 4);
		else if (strncmp(line, "answer ", 7) == 0 && end[1] == '\0')
			run->result->answer = line + 7;
	}
	if (run->result->answer == NULL && run->result->failure[0] == '\0')
		fail(run, "no answer", 0);
}

/* With SIGCHLD ignored a child is gone with its process number, and kill() could
 * meet another. A handler is left alone: it does not wait for what is ours. */
static void
keep_children(struct sigaction *old)
{
	struct sigaction keep = { .sa_handler = SIG_DFL };

	sigaction(SIGCHLD, NULL, old);
	if (old->sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &keep, NULL);
}

static void
attempt(struct run *run, child_work_fn *work, void *arg, child_log_fn *log)
{
	run->len = 0;
	run->output[0] = '\0';
	run->limited = run->crashed = false;
	run->result->failure[0] = '\0';
	if (!start(run, work, arg))
		return;
	collect(run);
	reap(run);
	read_lines(run, log);
}

/* A crash is tried again, once: a damaged cache is not used a second time. */
void
child_run(child_work_fn *work, void *arg, child_log_fn *log,
    struct child_result *result)
{
	struct run run = { .result = result, .started = now() };
	struct sigaction old;

	*result = (struct child_result){ 0 };
	result->output = run.output = malloc(CHILD_OUTPUT_MAX + 1);
	if (run.output == NULL) {
		fail(&run, "no memory", 0);
		return;
	}
	keep_children(&old);
	attempt(&run, work, arg, log);
	if (run.crashed && result->answer == NULL)
		attempt(&run, work, arg, log);
	sigaction(SIGCHLD, &old, NULL);
}
