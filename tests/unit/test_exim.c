/*
 * exim-dlfunc: the module, loaded as Exim loads it, by a program that has what
 * it needs of Exim's: a string copier, a log, a flag.
 *
 * The program also stands before two functions of the library, so that a test may
 * say what happens in the child: mtasts_options_load (which the module calls for
 * the configuration), and mtasts_lookup. Answers come from overrides, without a
 * network.
 */
#include <config.h>

#include "mtasts.h"

#include "support/scratch.h"
#include "support/table.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int dlfunc(unsigned char **yield, int argc, unsigned char *argv[]);

static void *module;
static char directory[SCRATCH_PATH];

/* ---- What Exim has ------------------------------------------------------- */

#pragma GCC visibility push(default)
extern unsigned debug_selector;
unsigned char *string_copyn_function(const unsigned char *s, int n);
void log_write(unsigned selector, int flags, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void debug_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
#pragma GCC visibility pop

unsigned debug_selector;

static char logged[4096]; /* lines, each with its newline */
static char copied[512 * 1024];

unsigned char *
string_copyn_function(const unsigned char *s, int n)
{
	assert_in_range(n, 0, sizeof(copied) - 1);
	memcpy(copied, s, (size_t)n);
	copied[n] = '\0';
	return (unsigned char *)copied;
}

void
log_write(unsigned selector, int flags, const char *format, ...)
{
	size_t len = strlen(logged);
	va_list ap;

	assert_int_equal(selector, 0);
	assert_int_equal(flags, 1);
	va_start(ap, format);
	vsnprintf(logged + len, sizeof(logged) - len - 1, format, ap);
	va_end(ap);
	strcat(logged, "\n");
}

void
debug_printf(const char *format, ...)
{
	fail_msg("%s is printed without being asked for", format);
}

/* ---- What happens in the child ------------------------------------------- */

typedef enum mtasts_status lookup_fn(struct mtasts_session *session,
    const char *domain, unsigned flags, int deadline,
    const struct mtasts_result **result, struct mtasts_error *err);

static struct {
	const char *config_error;
	const char *timeout;
	void (*at_load)(void);
	void (*at_lookup)(const char *domain, int deadline);
} child;

static void
set(struct mtasts_options *options, const char *name, const char *value)
{
	enum mtasts_status (*real)(struct mtasts_options *, const char *,
	    const char *, struct mtasts_error *);
	struct mtasts_error err;

	*(void **)&real = dlsym(module, "mtasts_options_set");
	if (real(options, name, value, &err) != MTASTS_OK)
		_exit(3);
}

enum mtasts_status
mtasts_options_load(struct mtasts_options *options, const char *file,
    struct mtasts_error *err)
{
	char path[SCRATCH_PATH];

	if (file != NULL)
		_exit(3);
	if (child.at_load != NULL)
		child.at_load();
	if (child.config_error != NULL) {
		snprintf(err->text, sizeof(err->text), "%s",
		    child.config_error);
		return MTASTS_CONFIG;
	}
	scratch_join(path, directory, "cache");
	set(options, "cache.directory", path);
	scratch_join(path, directory, "run");
	set(options, "cache.run_directory", path);
	scratch_join(path, directory, "overrides");
	set(options, "policy.overrides", path);
	set(options, "cache.user", "nobody");
	set(options, "dns.servers", "127.0.0.1");
	set(options, "dns.timeout", "100ms");
	set(options, "exim.lookup_timeout",
	    child.timeout != NULL ? child.timeout : "10s");
	return MTASTS_OK;
}

enum mtasts_status
mtasts_lookup(struct mtasts_session *session, const char *domain,
    unsigned flags, int deadline, const struct mtasts_result **result,
    struct mtasts_error *err)
{
	lookup_fn *real;

	if (child.at_lookup != NULL)
		child.at_lookup(domain, deadline);
	*(void **)&real = dlsym(module, "mtasts_lookup");
	return real(session, domain, flags, deadline, result, err);
}

/* ---- Calling ------------------------------------------------------------- */

#define ARGUMENTS_MAX 20

static const char *
call_count(const char *name, int argc, const char *const *given)
{
	unsigned char *argv[ARGUMENTS_MAX + 1] = { NULL }, *yield = NULL;
	dlfunc *function;
	char copy[16384];
	size_t used = 0;

	for (int i = 0; i < ARGUMENTS_MAX && given[i] != NULL; i++) {
		size_t size = strlen(given[i]) + 1;

		assert_true(used + size <= sizeof(copy));
		argv[i] = (unsigned char *)memcpy(copy + used, given[i], size);
		used += size;
	}
	*(void **)&function = dlsym(module, name);
	assert_non_null(function);
	logged[0] = '\0';
	assert_int_equal(function(&yield, argc, argv), 0);
	assert_non_null(yield);
	assert_null(strpbrk((char *)yield, "\n\r"));
	/* Nothing is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return (char *)yield;
}

static const char *
call_list(const char *name, const char *const *given)
{
	int argc = 0;

	while (given[argc] != NULL)
		argc++;
	return call_count(name, argc, given);
}

#define CALL(name, ...) \
	call_list(name, (const char *const[ARGUMENTS_MAX + 1]){ __VA_ARGS__ })

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
write_overrides(void)
{
	char path[SCRATCH_PATH];
	FILE *file;

	scratch_join(path, directory, "overrides");
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("enforce.test enforce mx=mx1.enforce.test,*.mx.enforce.test\n"
	      "testing.test testing mx=mx.testing.test\n"
	      "none.test none\n"
	      "xn--bcher-kva.test enforce mx=mx.example.test\n"
	      "skip.test skip\n"
	      "long.test enforce mx=a.a.a.a.a.a.a.a.a", file);
	for (int i = 0; i < 12000; i++)
		fprintf(file, ",*.h%d.a", i);
	fputs("\n", file);
	assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/.libs/mtasts.so",
	    getenv("abs_top_builddir") != NULL ? getenv("abs_top_builddir") :
						 ".");
	module = dlopen(path, RTLD_LAZY);
	if (module == NULL)
		fprintf(stderr, "%s\n", dlerror());
	scratch_make(directory);
	write_overrides();
	return module == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	memset(&child, 0, sizeof(child));
	return 0;
}

#define LIST "<; !@[] ; !^(?i)(?:mx1[.]enforce[.]test" \
	     "|[a-z0-9_-]+[.]mx[.]enforce[.]test)$ ; *"

/* ---- Answers ------------------------------------------------------------- */

static void
a_policy_is_told_in_words_of_our_own(void **state)
{
	static const struct {
		const char *domain, *answer;
	} rows[] = {
		{ "enforce.test", "mode=enforce ignore=\"" LIST "\"" },
		{ "ENFORCE.Test.", "mode=enforce ignore=\"" LIST "\"" },
		{ "testing.test", "mode=testing" },
		{ "none.test", "mode=none" },
		{ "skip.test", "mode=none reason=\"override-skip\"" },
		{ "b\xc3\xbc" "cher.test",
		    "mode=enforce ignore=\"<; !@[] ; "
		    "!^(?i)(?:mx[.]example[.]test)$ ; *\"" },
		{ "", "mode=none reason=\"not-a-domain: name-invalid\"" },
		{ "localhost",
		    "mode=none reason=\"not-a-domain: single-label\"" },
		{ "[192.0.2.1]",
		    "mode=none reason=\"not-a-domain: address-literal\"" },
		{ "a b\n\"${.test",
		    "mode=none reason=\"not-a-domain: name-invalid\"" },
		{ "\xff\xfe.test",
		    "mode=none reason=\"not-a-domain: name-invalid\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW_STR(rows[i].domain, CALL("mtasts_query", rows[i].domain),
		    rows[i].answer);
		ROW_STR(rows[i].domain, CALL("mtasts_query", rows[i].domain,
		    "recheck"), rows[i].answer);
	}
}

static void
a_policy_with_too_long_a_list_defers(void **state)
{
	(void)state;
	assert_string_equal(CALL("mtasts_query", "long.test"),
	    "mode=defer reason=\"the policy has too many mx patterns\"");
	/* The policy itself is no trouble. */
	assert_string_equal(CALL("mtasts_match", "long.test", "x.h11999.a"),
	    "yes");
}

static void
hosts_are_matched(void **state)
{
	static const struct {
		const char *domain, *host, *answer;
	} rows[] = {
		{ "enforce.test", "mx1.enforce.test", "yes" },
		{ "enforce.test", "MX1.Enforce.test.", "yes" },
		{ "enforce.test", "a.mx.enforce.test", "yes" },
		{ "enforce.test", "a.b.mx.enforce.test", "no" },
		{ "enforce.test", "mx2.enforce.test", "no" },
		{ "enforce.test", "", "no" },
		{ "testing.test", "other.test", "no" },
		{ "none.test", "other.test", "yes" },
		{ "skip.test", "other.test", "yes" },
		{ "localhost", "other.test", "yes" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_STR(rows[i].host, CALL("mtasts_match", rows[i].domain,
		    rows[i].host), rows[i].answer);
}

static void
a_check_has_a_verdict(void **state)
{
	(void)state;
	assert_string_equal(CALL("mtasts_check", "skip.test"),
	    "verdict=none mode=none reason=\"no MTA-STS policy applies to skip.test "
	    "(override-skip)\"");
}

static void
the_version_is_told(void **state)
{
	(void)state;
	assert_string_equal(CALL("mtasts_version", NULL), MTASTS_VERSION);
}

/* With eight arguments argc is garbage; sixteen was seen. */
static void
unlikely_arguments_get_an_answer(void **state)
{
	static const char *const names[] = { "mtasts_query", "mtasts_check",
		"mtasts_match", "mtasts_event", "mtasts_version" };
	static const char *const many[ARGUMENTS_MAX + 1] = { "a", "b", "c",
		"d", "e", "f", "g", "h" };
	static const int counts[] = { -1, 0, 7, 8, 16, 1000000 };
	char *huge = malloc(10241);

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', 10240);
	huge[10240] = '\0';
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t j = 0; j < COUNT(counts); j++)
			call_count(names[i], counts[j], many);
		CALL(names[i], huge, huge[0] == 'x' ? "" : huge);
	}
	assert_string_equal(call_count("mtasts_query", 16, many),
	    "mode=defer reason=\"mtasts_query takes a domain\"");
	assert_string_equal(call_count("mtasts_check", 0, many),
	    "verdict=temperror mode=none "
	    "reason=\"mtasts_check takes a domain\"");
	assert_string_equal(call_count("mtasts_match", 1, many), "no");
	assert_string_equal(CALL("mtasts_query", huge),
	    "mode=none reason=\"not-a-domain: name-too-long\"");
	free(huge);
}

/* ---- Children that come to grief ----------------------------------------- */

static void
hang(const char *domain, int deadline)
{
	(void)domain;
	(void)deadline;
	for (;;)
		pause();
}

static void
hang_at_load(void)
{
	for (;;)
		pause();
}

static void
crash(const char *domain, int deadline)
{
	(void)domain;
	(void)deadline;
	kill(getpid(), SIGSEGV);
	hang(domain, deadline);
}

/* Close everything, and do not end. */
static void
linger(const char *domain, int deadline)
{
	close(3);
	hang(domain, deadline);
}

static void
leave(const char *domain, int deadline)
{
	(void)domain;
	(void)deadline;
	_exit(0);
}

static void
say(const char *text)
{
	if (write(3, text, strlen(text)) < 0)
		_exit(3);
}

static void
say_half(const char *domain, int deadline)
{
	say("answer mode=none");
	leave(domain, deadline);
}

static void
say_more(const char *domain, int deadline)
{
	say("answer mode=none\nanswer mode=none\nanswer x");
	leave(domain, deadline);
}

static void
say_too_much(const char *domain, int deadline)
{
	(void)domain;
	(void)deadline;
	for (;;)
		say("answer mode=none\n");
}

static void
say_nonsense(const char *domain, int deadline)
{
	say("\n\n limit\nlimit 99999999999999999999\nmode=none\n");
	leave(domain, deadline);
}

#define FAILED(why) "mode=defer reason=\"mtasts cannot answer: " why "\""

static void
without_an_answer_mail_is_deferred(void **state)
{
	static const struct {
		const char *name;
		void (*at_lookup)(const char *domain, int deadline);
		const char *answer;
	} rows[] = {
		{ "hang", hang, FAILED("no answer in time") },
		{ "crash", crash, FAILED("ended by signal 11") },
		{ "leave", leave, FAILED("no answer") },
		{ "say half", say_half, FAILED("no answer") },
		{ "say more", say_more, FAILED("no answer") },
		{ "say too much", say_too_much,
		    FAILED("too long an answer") },
		{ "say nonsense", say_nonsense, FAILED("no answer") },
		{ "linger", linger, FAILED("ended by signal 9") },
	};
	int64_t start;

	(void)state;
	child.timeout = "1s";
	for (size_t i = 0; i < COUNT(rows); i++) {
		child.at_lookup = rows[i].at_lookup;
		start = now();
		ROW_STR(rows[i].name, CALL("mtasts_query", "enforce.test"),
		    rows[i].answer);
		ROW_TRUE(rows[i].name, now() - start < 1900);
		ROW_TRUE(rows[i].name, strstr(logged, "mtasts: mode=defer"));
		ROW_STR(rows[i].name, CALL("mtasts_match", "enforce.test",
		    "mx1.enforce.test"), "no");
	}
}

static void
a_configuration_that_hangs_is_left(void **state)
{
	int64_t start = now();

	(void)state;
	child.at_load = hang_at_load;
	assert_string_equal(CALL("mtasts_query", "enforce.test"),
	    FAILED("no answer in time"));
	assert_in_range(now() - start, 4900, 6000);
}

static char crashed_once[SCRATCH_PATH];

static void
crash_once(const char *domain, int deadline)
{
	int fd = open(crashed_once, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (fd >= 0)
		crash(domain, deadline);
}

static void
a_crash_is_tried_again(void **state)
{
	(void)state;
	snprintf(crashed_once, sizeof(crashed_once), "%s",
	    "/tmp/mtasts-crash-XXXXXX");
	assert_non_null(mkdtemp(crashed_once));
	assert_int_equal(chmod(crashed_once, 0777), 0);
	strcat(crashed_once, "/it");
	child.at_lookup = crash_once;
	assert_string_equal(CALL("mtasts_query", "testing.test"),
	    "mode=testing");
	unlink(crashed_once);
	*strrchr(crashed_once, '/') = '\0';
	rmdir(crashed_once);
}

static void
a_wrong_configuration_defers_and_says_why(void **state)
{
	(void)state;
	child.config_error = "/etc/mtasts.conf:3: \"${x}\" \\ `y` \x1b[1m"
			     "\nmode=none";
	assert_string_equal(CALL("mtasts_query", "enforce.test"),
	    "mode=defer reason=\"/etc/mtasts.conf:3: '??x?' ? ?y? ?[1m"
	    "?mode=none\"");
	assert_string_equal(CALL("mtasts_match", "none.test", "x.test"),
	    "no");
	child.config_error = "";
	assert_string_equal(CALL("mtasts_check", "enforce.test"),
	    "verdict=temperror mode=none reason=\"\"");
}

/* ---- What surrounds us --------------------------------------------------- */

static bool
query_without_descriptors(void *arg)
{
	struct rlimit limit = { 0, 0 };

	setrlimit(RLIMIT_NOFILE, &limit);
	return strcmp(CALL("mtasts_query", "enforce.test"), arg) == 0;
}

static bool
query_without_processes(void *arg)
{
	struct rlimit limit = { 0, 0 };

	if (geteuid() == 0 && !scratch_be_nobody())
		return false;
	setrlimit(RLIMIT_NPROC, &limit);
	return strcmp(CALL("mtasts_query", "enforce.test"), arg) == 0;
}

static void
full_tables_defer(void **state)
{
	static char files[] = FAILED("no pipe: Too many open files");
	static char processes[] =
	    FAILED("no process: Resource temporarily unavailable");

	(void)state;
	assert_int_equal(scratch_child(query_without_descriptors, files), 0);
	assert_int_equal(scratch_child(query_without_processes, processes), 0);
}

static volatile sig_atomic_t alarms;

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void
wait_a_little(const char *domain, int deadline)
{
	struct timespec ts = { 0, 300000000 };

	(void)domain;
	(void)deadline;
	while (nanosleep(&ts, &ts) != 0)
		;
}

/* Exim has a handler for SIGALRM, and may have a timer running. */
static void
alarms_disturb_nobody(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm }, old;
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, none = { 0 };

	(void)state;
	alarms = 0;
	child.at_lookup = wait_a_little;
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_string_equal(CALL("mtasts_query", "testing.test"),
	    "mode=testing");
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_true(alarms > 10);
}

static void
an_ignored_sigchld_stays_ignored(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, after;

	(void)state;
	sigaction(SIGCHLD, &ignore, &old);
	assert_string_equal(CALL("mtasts_query", "testing.test"),
	    "mode=testing");
	sigaction(SIGCHLD, &old, &after);
	assert_ptr_equal(after.sa_handler, SIG_IGN);
}

/* From inside: who and what the child is. */
static void
tell(const char *domain, int deadline)
{
	uid_t real, effective, saved;
	struct sigaction action;
	struct dirent *entry;
	DIR *fds;
	int open_fds = 0, handlers = 0;
	sigset_t mask;

	(void)domain;
	(void)deadline;
	fds = opendir("/proc/self/fd");
	while (fds != NULL && (entry = readdir(fds)) != NULL)
		open_fds += entry->d_name[0] != '.';
	for (int sig = 1; sig < NSIG; sig++)
		handlers += sig != SIGPIPE &&
		    sigaction(sig, NULL, &action) == 0 &&
		    action.sa_handler != SIG_DFL;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	getresuid(&real, &effective, &saved);
	dprintf(3, "answer fds=%d root=%d supplementary=%d handlers=%d "
		   "blocked=%d terminal=%d\n",
	    open_fds - 1, real == 0 || effective == 0 || saved == 0,
	    getuid() == SCRATCH_NOBODY ? getgroups(0, NULL) > 1 : 0, handlers,
	    sigismember(&mask, SIGALRM), isatty(0) || isatty(1) || isatty(2));
	_exit(0);
}

static void
the_child_has_let_go_of_everything(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm }, old;
	sigset_t mask, before;
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	child.at_lookup = tell;
	sigaction(SIGALRM, &action, &old);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	sigprocmask(SIG_BLOCK, &mask, &before);
	/* 0, 1, 2, the pipe, and what the library has of its counters' map. */
	assert_string_equal(CALL("mtasts_query", "enforce.test"),
	    "fds=4 root=0 supplementary=0 handlers=0 blocked=0 terminal=0");
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGALRM, &old, NULL);
	close(fd);
}

/* What may be written by others below a directory, in lines. */
static int
open_to_others(const char *path)
{
	char inner[SCRATCH_PATH];
	struct dirent *entry;
	DIR *dir = opendir(path);
	struct stat sb;
	int found = 0;

	if (lstat(path, &sb) == 0 && (sb.st_mode & S_IWOTH) != 0) {
		print_message("%s has mode %o\n", path, sb.st_mode);
		found++;
	}
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		scratch_join(inner, path, entry->d_name);
		found += open_to_others(inner);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* Nothing answers here, but that is remembered: the cache is made. */
static void
an_open_umask_opens_nothing(void **state)
{
	char path[SCRATCH_PATH];
	mode_t old = umask(0);

	(void)state;
	child.timeout = "2s";
	CALL("mtasts_query", "nowhere.test");
	umask(old);
	scratch_join(path, directory, "cache");
	if (geteuid() == 0)
		assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(open_to_others(directory), 0);
}

static void
nobody_looks_up_where_root_owns_the_cache(void **state)
{
	char path[SCRATCH_PATH];

	(void)state;
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	scratch_join(path, directory, "cache");
	mkdir(path, 0755);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_string_equal(CALL("mtasts_query", "testing.test"),
	    "mode=testing");
	assert_non_null(strstr(logged, "mtasts: event=no-cache "
	    "reason=\"the cache directory belongs to root\"\n"));
	child.at_lookup = tell;
	assert_non_null(strstr(CALL("mtasts_query", "testing.test"),
	    "root=0"));
	assert_int_equal(chown(path, SCRATCH_NOBODY, SCRATCH_NOBODY), 0);
}

/* ---- Events -------------------------------------------------------------- */

static const char *
event(const char *name, const char *mode, const char *facts, const char *data)
{
	assert_string_equal(CALL("mtasts_event", name, "enforce.test",
	    "mx1.enforce.test", "192.0.2.1", mode, facts, data), "");
	return logged;
}

#define OFFER "250-mx1 Hello\n250-SIZE 1000\n250-STARTTLS\n250 HELP"
#define NO_TLS "verified=0 dane=no cipher= "
#define LINE(mode, result) "mtasts: domain=enforce.test policy=" mode \
    " host=mx1.enforce.test address=192.0.2.1 result=" result "\n"

static void
a_connection_ends_in_one_line(void **state)
{
	static const struct {
		const char *name, *ehlo, *certificate, *fail, *close, *line;
	} rows[] = {
		{ "good", OFFER, "notafter=4000000000 names=1", NULL,
		    "verified=1 dane=no cipher=TLS1.3:X:256 ",
		    LINE("enforce", "ok") },
		{ "DANE", OFFER, "notafter=1 names=0", NULL,
		    "verified=1 dane=yes cipher=TLS1.3:X:256 ",
		    LINE("enforce", "ok") },
		{ "no STARTTLS", "250-mx1\n250 HELP", NULL, NULL, NO_TLS,
		    LINE("enforce", "starttls-not-supported") },
		{ "refused", OFFER, NULL, NULL, NO_TLS,
		    LINE("enforce", "validation-failure "
			"reason=\"no TLS session\"") },
		{ "silent", NULL, NULL, NULL, NO_TLS,
		    LINE("enforce", "validation-failure "
			"reason=\"no SMTP session\"") },
		{ "expired", OFFER, "notafter=1000000000 names=1", NULL, NO_TLS,
		    LINE("enforce", "certificate-expired") },
		{ "not trusted", OFFER, "notafter=4000000000 names=1", NULL,
		    NO_TLS,
		    LINE("enforce", "validation-failure "
			"reason=\"the certificate is not trusted, or names "
			"another host\"") },
		{ "nameless", OFFER, "notafter=4000000000 names=0", NULL,
		    "verified=1 dane=no cipher=TLS1.3:X:256 ",
		    LINE("enforce", "certificate-host-mismatch "
			"reason=\"the certificate names no host\"") },
		{ "DANE failed", OFFER, "notafter=4000000000 names=1",
		    "no match", NO_TLS,
		    LINE("enforce", "validation-failure reason=\"DANE\"") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW_STR(rows[i].name, event("tcp:connect", "enforce", "", ""),
		    "");
		if (rows[i].ehlo != NULL)
			ROW_STR(rows[i].name, event("smtp:ehlo", "enforce",
			    NO_TLS, rows[i].ehlo), "");
		if (rows[i].certificate != NULL) {
			event("tls:cert", "enforce", "notafter=1", "1");
			ROW_STR(rows[i].name, event("tls:cert", "enforce",
			    rows[i].certificate, "0"), "");
			event("smtp:ehlo", "enforce", "", "250 no more");
		}
		if (rows[i].fail != NULL)
			event("dane:fail", "enforce", "", rows[i].fail);
		ROW_STR(rows[i].name, event("tcp:close", "enforce",
		    rows[i].close, ""), rows[i].line);
		ROW_STR(rows[i].name, event("msg:delivery", "enforce", "", ""),
		    "");
	}
}

static void
a_line_stays_one(void **state)
{
	(void)state;
	event("tcp:connect", "enforce", "", "");
	assert_string_equal(CALL("mtasts_event", "tcp:close", "a\nb", "c\rd",
	    "\x1b", "enforce", "verified=1\ncipher=", ""), "");
	assert_string_equal(logged,
	    "mtasts: domain=a\\x0ab policy=enforce host=c\\x0dd "
	    "address=\\x1b result=validation-failure "
	    "reason=\"no SMTP session\"\n");
}

/* Whatever happens, delivery does not hear of it. */
static void
an_event_without_a_child_is_empty(void **state)
{
	(void)state;
	child.config_error = "wrong";
	assert_string_equal(event("tcp:close", "enforce", NO_TLS, ""),
	    "mtasts: wrong\nmtasts: no answer\n");
	child.config_error = NULL;
	child.at_load = hang_at_load;
	assert_string_equal(CALL("mtasts_event", "tcp:close"), "");
	assert_string_equal(logged, "mtasts: no answer in time\n");
	assert_string_equal(CALL("mtasts_event", NULL), "");
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_policy_is_told_in_words_of_our_own),
		TEST(a_policy_with_too_long_a_list_defers),
		TEST(hosts_are_matched),
		TEST(a_check_has_a_verdict),
		TEST(the_version_is_told),
		TEST(unlikely_arguments_get_an_answer),
		TEST(without_an_answer_mail_is_deferred),
		TEST(a_configuration_that_hangs_is_left),
		TEST(a_crash_is_tried_again),
		TEST(a_wrong_configuration_defers_and_says_why),
		TEST(full_tables_defer),
		TEST(alarms_disturb_nobody),
		TEST(an_ignored_sigchld_stays_ignored),
		TEST(the_child_has_let_go_of_everything),
		TEST(an_open_umask_opens_nothing),
		TEST(nobody_looks_up_where_root_owns_the_cache),
		TEST(a_connection_ends_in_one_line),
		TEST(a_line_stays_one),
		TEST(an_event_without_a_child_is_empty),
	};

	return cmocka_run_group_tests_name("exim", tests, set_up, tear_down);
}
