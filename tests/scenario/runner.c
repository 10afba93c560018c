/*
 * Runs scenario files: a world of fakes, the real lookup, evaluation and
 * refresh over it, and the cache in memory. Prints TAP. README.md beside this
 * file has the language.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/job.h"
#include "discovery/refresh.h"
#include "eval/recall.h"
#include "io/cache_mem.h"
#include "rules/entry.h"
#include "world.h"

#define WORDS_MAX 64
#define LINE_SIZE 4096
#define LOG_SIZE 65536

struct scenario {
	struct world *world;
	struct clock clock;
	struct log log;
	struct cache cache;
	struct engine engine;
	struct refresh *refresh;
	struct job jobs[8]; /* the latest lookups, [current] the last */
	size_t current;
	char lines[LOG_SIZE]; /* logged */
	/* The test that runs. */
	char title[256];
	bool open;
	unsigned tests;
	char trouble[1024]; /* "" while all is well */
	const char *file;
	unsigned line;
};

static void
fail(struct scenario *s, const char *what, const char *expected,
    const char *got)
{
	if (s->trouble[0] == '\0')
		snprintf(s->trouble, sizeof(s->trouble),
		    "%s:%u: %s: expected %.300s, got %.500s", s->file, s->line, what,
		    expected, got);
}

/* ---- A test's world -------------------------------------------------------- */

static void
on_log(void *arg, enum mtasts_log_level level, const char *line)
{
	struct scenario *s = arg;
	size_t len = strlen(s->lines);

	snprintf(s->lines + len, sizeof(s->lines) - len, "%d %s\n", (int)level,
	    line);
}

/* What another process would find that has the right to fetch next. */
static void
on_given(void *arg, const char *domain)
{
	struct scenario *s = arg;
	struct cache_buffer buffer = { 0 };
	char line[300];
	bool found = cache_get(&s->cache, s->engine.reader, CACHE_POLICIES,
			 span_str(domain), &buffer) == CACHE_OK;

	cache_buffer_free(&buffer);
	snprintf(line, sizeof(line), "right to fetch given back: %s %s",
	    domain, found ? "stored" : "not stored");
	on_log(s, MTASTS_LOG_DEBUG, line);
}

static void
world_open(struct scenario *s)
{
	cache_rank_fn *const rank[CACHE_STORES] = { entry_rank, answer_rank };
	bool made;

	s->world = world_new();
	world_on_given(s->world, on_given, s);
	s->clock = world_clock(s->world);
	s->log = (struct log) { on_log, s, MTASTS_LOG_DEBUG };
	made = cache_mem_new(0, rank, &s->cache);
	assert(made);
	s->engine.reader = cache_reader_new(&s->cache);
	s->engine.lookups = (struct lookup_env) { .clock = &s->clock,
		.timers = world_timers(s->world), .dns = world_dns(s->world),
		.https = world_https(s->world), .cache = s->cache,
		.reader = s->engine.reader, .flight = world_flight(s->world),
		.log = &s->log, .refresh_warnings = 3 };
	s->engine.walks = (struct walk_env) { .ports = &s->engine.lookups,
		.probe = world_probe(s->world), .probing = true, .ttl = 600,
		.failure_ttl = 120 };
}

static void
world_close(struct scenario *s)
{
	size_t i;

	refresh_free(&s->refresh);
	lookup_env_close(&s->engine.lookups);
	for (i = 0; i < 8; i++)
		job_clear(&s->jobs[i]);
	memset(s->jobs, 0, sizeof(s->jobs));
	cache_reader_free(&s->cache, &s->engine.reader);
	cache_mem_free(&s->cache);
	world_free(&s->world);
	s->current = 0;
	s->lines[0] = '\0';
}

/* ---- Where the policies cannot be read -------------------------------------- */

static const struct cache_ops *mem_ops;

static enum cache_status
get_answers_alone(void *self, struct cache_reader *reader,
    enum cache_store store, struct span key, struct cache_buffer *out)
{
	return store == CACHE_POLICIES ? CACHE_BUSY :
	    mem_ops->get(self, reader, store, key, out);
}

static void
set_blind(struct scenario *s, bool blind)
{
	static struct cache_ops ops;

	mem_ops = s->cache.ops;
	ops = *mem_ops;
	ops.get = get_answers_alone;
	s->engine.lookups.cache.ops = blind ? &ops : mem_ops;
}

/* ---- Setting things up ------------------------------------------------------ */

static enum dns_status
dns_word(const char *word)
{
	static const enum dns_status all[] = { DNS_NXDOMAIN, DNS_NODATA,
		DNS_TIMEOUT, DNS_SERVFAIL };
	static const char *const words[] = { "NXDOMAIN", "NODATA", "TIMEOUT",
		"SERVFAIL" };
	size_t i;

	for (i = 0; i < 4; i++)
		if (strcmp(word, words[i]) == 0)
			return all[i];
	return DNS_OK;
}

/* TXT|MX name ttl STATUS | TXT|MX name ttl record|record|... */
static void
set_dns(struct scenario *s, char **words, char *rest)
{
	enum dns_status status = dns_word(rest);
	enum dns_type type = strcmp(words[0], "TXT") == 0 ? DNS_TXT : DNS_MX;
	char *at;

	for (at = rest; *at != '\0'; at++)
		if (*at == '|')
			*at = '\n';
	world_set_dns(s->world, type, words[1], status,
	    (uint32_t)strtoul(words[2], NULL, 10),
	    status == DNS_OK ? rest : "");
}

/* POLICY host mode max_age mx,mx,... */
static void
set_policy(struct scenario *s, char **words)
{
	char body[LINE_SIZE];
	char *mx, *save = NULL;
	int len = snprintf(body, sizeof(body),
	    "version: STSv1\nmode: %s\nmax_age: %s\n", words[2], words[3]);

	for (mx = words[4] == NULL ? NULL : strtok_r(words[4], ",", &save);
	     mx != NULL; mx = strtok_r(NULL, ",", &save))
		len += snprintf(body + len, sizeof(body) - (size_t)len,
		    "mx: %s\n", mx);
	world_set_https(s->world, words[1], HTTPS_OK, 200, "text/plain", body,
	    (size_t)len);
}

static enum https_status
https_word(const char *word)
{
	int status;

	for (status = HTTPS_OK; status <= HTTPS_UNABLE; status++)
		if (strcmp(word, https_status_name((enum https_status)status)) ==
		    0)
			return (enum https_status)status;
	return HTTPS_PROTOCOL;
}

/* HTTPS host code type body | HTTPS host STATUS */
static void
set_https(struct scenario *s, char **words)
{
	const char *body = words[3] != NULL && words[4] != NULL ? words[4] : "";
	int code = atoi(words[2]);

	world_set_https(s->world, words[1],
	    code > 0 ? HTTPS_OK : https_word(words[2]), code, words[3], body,
	    strlen(body));
}

static void
set_probe(struct scenario *s, char **words)
{
	int status;

	for (status = PROBE_OK; status < PROBE_NOMEM; status++)
		if (strcmp(words[2],
			probe_status_name((enum probe_status)status)) == 0)
			break;
	if (status == PROBE_NOMEM)
		fail(s, "PROBE", "a probe status", words[2]);
	world_set_probe(s->world, words[1], (enum probe_status)status,
	    words[3] == NULL ? "" : words[3]);
}

/* ---- Doing things ------------------------------------------------------------ */

static void
on_done(struct job *job)
{
	(void)job;
}

/* As a session does before it begins a job: is the verdict a pass by what is
 * remembered? */
static bool
passes_by_memory(struct scenario *s, struct job *job)
{
	struct cache_buffer bytes = { 0 }, scratch = { 0 };
	const struct recall memory = { &s->cache, s->engine.reader, &scratch,
		world_now(s->world) };

	job->evaluation = calloc(1, sizeof(*job->evaluation));
	assert(job->evaluation != NULL);
	job->finished = job->flags == 0 &&
	    lookup_fresh(&s->cache, s->engine.reader, job->domain, memory.now,
		&bytes, &job->answer) &&
	    answer_binds(&job->answer) &&
	    recall_pass(&memory, job->domain, &job->answer.policy,
		s->engine.walks.probing, job->evaluation);
	job->source = MTASTS_SOURCE_CACHE;
	job->bytes = bytes.data;
	cache_buffer_free(&scratch);
	return job->finished;
}

/* LOOKUP|EVALUATE domain [recheck] [refresh] */
static void
start_job(struct scenario *s, char **words, bool evaluate)
{
	struct job *job;
	size_t i;

	s->current = (s->current + 1) % 8;
	job = &s->jobs[s->current];
	job_clear(job);
	*job = (struct job) { .engine = &s->engine, .evaluate = evaluate,
		.done = on_done };
	snprintf(job->domain, sizeof(job->domain), "%s", words[1]);
	for (i = 2; words[i] != NULL; i++) {
		if (strcmp(words[i], "recheck") == 0)
			job->flags |= MTASTS_RECHECK;
		if (strcmp(words[i], "refresh") == 0)
			job->flags |= MTASTS_REFRESH;
	}
	if (!evaluate || !passes_by_memory(s, job))
		job_start(job);
}

static void
start_refresh(struct scenario *s, char **words)
{
	enum mtasts_status status;

	refresh_free(&s->refresh);
	status = refresh_new(&s->engine.lookups,
	    words[1] == NULL ? 180 * 86400 : atoll(words[1]), &s->refresh);
	assert(status == MTASTS_OK);
}

static void
lose(struct scenario *s, const char *domain)
{
	cache_delete(&s->cache, CACHE_POLICIES, span_str(domain));
	cache_delete(&s->cache, CACHE_ANSWERS, span_str(domain));
	recall_forget_mx(&s->cache, domain);
}

/* ---- Looking ------------------------------------------------------------------ */

static const char *
seconds_left(const struct scenario *s, int64_t when, char buf[32])
{
	snprintf(buf, 32, "%lld", (long long)(when - world_now(s->world)));
	return buf;
}

/* The value of one name of EXPECT. */
static const char *
value_of(struct scenario *s, const char *name, char buf[32])
{
	const struct job *job = &s->jobs[s->current];
	const struct answer *answer = &job->answer;
	bool policy = answer->outcome == MTASTS_OUTCOME_POLICY;

	if (!job->finished)
		return "pending";
	if (strcmp(name, "outcome") == 0)
		return mtasts_outcome_name(answer->outcome);
	if (strcmp(name, "mode") == 0)
		return mtasts_mode_name(policy ? answer->policy.mode :
						 MTASTS_NO_POLICY);
	if (strcmp(name, "id") == 0)
		return answer->id;
	if (strcmp(name, "source") == 0)
		return mtasts_source_name(job->source);
	if (strcmp(name, "reason") == 0)
		return mtasts_reason_name(answer->reason);
	if (strcmp(name, "expires") == 0)
		return seconds_left(s, answer->expires_at, buf);
	if (strcmp(name, "fresh") == 0)
		return seconds_left(s, answer->fresh_until, buf);
	if (strcmp(name, "seen") == 0)
		return answer->first_seen == 0 ? "never" :
		    seconds_left(s, answer->first_seen, buf);
	if (strcmp(name, "verdict") == 0)
		return job->evaluation == NULL ? "not-evaluated" :
		    mtasts_verdict_name(job->evaluation->verdict);
	if (strcmp(name, "code") == 0)
		return job->evaluation == NULL ? "" : job->evaluation->code;
	if (strcmp(name, "why") == 0)
		return job->evaluation == NULL ? "" :
		    mtasts_reason_name(job->evaluation->reason);
	return "no such name";
}

/* EXPECT name=value ... */
static void
expect(struct scenario *s, char **words)
{
	char buf[32];
	size_t i;

	for (i = 1; words[i] != NULL; i++) {
		char *value = strchr(words[i], '=');
		const char *got;

		if (value == NULL) {
			fail(s, "EXPECT", "name=value", words[i]);
			return;
		}
		*value++ = '\0';
		got = value_of(s, words[i], buf);
		if (strcmp(got, value) != 0)
			fail(s, words[i], value, got);
	}
}

/* COUNT kind name n */
static void
expect_count(struct scenario *s, char **words)
{
	char what[512], got[32];

	snprintf(what, sizeof(what), "%s %s", words[1], words[2]);
	snprintf(got, sizeof(got), "%u", world_count(s->world, what));
	if (strcmp(got, words[3]) != 0)
		fail(s, what, words[3], got);
}

/* STORED domain id|absent [name=value ...]: the durable record. */
static void
expect_stored(struct scenario *s, char **words)
{
	struct cache_buffer buffer = { 0 };
	struct entry entry;
	bool found = cache_get(&s->cache, s->engine.reader, CACHE_POLICIES,
			 span_str(words[1]), &buffer) == CACHE_OK &&
	    entry_decode(buffer.data, buffer.len, &entry);
	const char *got = found ? entry.id : "absent";
	char age[32];

	if (strcmp(got, words[2]) != 0)
		fail(s, words[1], words[2], got);
	snprintf(age, sizeof(age), "age=%lld",
	    found ? (long long)(world_now(s->world) - entry.fetched_at) : -1);
	if (words[3] != NULL && strcmp(words[3], age) != 0)
		fail(s, words[1], words[3], age);
	cache_buffer_free(&buffer);
}

/* LOG text | NOLOG text */
static void
expect_log(struct scenario *s, const char *text, bool wanted)
{
	if ((strstr(s->lines, text) != NULL) != wanted)
		fail(s, wanted ? "LOG" : "NOLOG", text,
		    s->lines[0] == '\0' ? "nothing" : s->lines);
}

/* ---- Lines ---------------------------------------------------------------------- */

static size_t
split(char *line, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *word, *save = NULL;

	for (word = strtok_r(line, " \t\n", &save);
	     word != NULL && count < WORDS_MAX - 1;
	     word = strtok_r(NULL, " \t\n", &save))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

/* What stands behind the n-th word of a line. */
static char *
behind(char *line, size_t n)
{
	while (n-- > 0) {
		line += strcspn(line, " \t\n");
		line += strspn(line, " \t");
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void
close_test(struct scenario *s)
{
	if (!s->open)
		return;
	s->tests++;
	printf("%sok %u - %s\n", s->trouble[0] == '\0' ? "" : "not ", s->tests,
	    s->title);
	if (s->trouble[0] != '\0')
		printf("# %s\n", s->trouble);
	world_close(s);
	s->open = false;
}

static void
open_test(struct scenario *s, const char *title)
{
	close_test(s);
	snprintf(s->title, sizeof(s->title), "%s", title);
	s->trouble[0] = '\0';
	s->open = true;
	world_open(s);
}

static bool
do_world(struct scenario *s, char **words, char *line)
{
	const char *verb = words[0];

	if (strcmp(verb, "TXT") == 0 || strcmp(verb, "MX") == 0)
		set_dns(s, words, behind(line, 3));
	else if (strcmp(verb, "POLICY") == 0)
		set_policy(s, words);
	else if (strcmp(verb, "HTTPS") == 0)
		set_https(s, words);
	else if (strcmp(verb, "PROBE") == 0)
		set_probe(s, words);
	else if (strcmp(verb, "HANG") == 0)
		world_hang(s->world, words[1]);
	else if (strcmp(verb, "RELEASE") == 0)
		world_release(s->world);
	else if (strcmp(verb, "TIME") == 0)
		world_pass(s->world, atoll(words[1]));
	else if (strcmp(verb, "BUSY") == 0)
		world_set_busy(s->world, strcmp(words[1], "yes") == 0);
	else
		return false;
	return true;
}

static bool
do_work(struct scenario *s, char **words)
{
	const char *verb = words[0];

	if (strcmp(verb, "LOOKUP") == 0)
		start_job(s, words, false);
	else if (strcmp(verb, "EVALUATE") == 0)
		start_job(s, words, true);
	else if (strcmp(verb, "EXPIRE") == 0)
		job_expire(&s->jobs[s->current]);
	else if (strcmp(verb, "REFRESH") == 0)
		start_refresh(s, words);
	else if (strcmp(verb, "STRICT") == 0)
		s->engine.lookups.strict_first_use = strcmp(words[1], "yes") == 0;
	else if (strcmp(verb, "BLIND") == 0)
		set_blind(s, strcmp(words[1], "yes") == 0);
	else if (strcmp(verb, "PROBING") == 0)
		s->engine.walks.probing = strcmp(words[1], "yes") == 0;
	else if (strcmp(verb, "LOSE") == 0)
		lose(s, words[1]);
	else if (strcmp(verb, "FORGET") == 0)
		cache_delete(&s->cache, CACHE_ANSWERS, span_str(words[1]));
	else
		return false;
	return true;
}

static bool
do_expect(struct scenario *s, char **words, char *line)
{
	const char *verb = words[0];

	if (strcmp(verb, "EXPECT") == 0)
		expect(s, words);
	else if (strcmp(verb, "COUNT") == 0)
		expect_count(s, words);
	else if (strcmp(verb, "STORED") == 0)
		expect_stored(s, words);
	else if (strcmp(verb, "LOG") == 0 || strcmp(verb, "NOLOG") == 0)
		expect_log(s, behind(line, 1), verb[0] == 'L');
	else
		return false;
	return true;
}

static void
do_line(struct scenario *s, char *line)
{
	char copy[LINE_SIZE];
	char *words[WORDS_MAX];

	snprintf(copy, sizeof(copy), "%s", line);
	if (line[0] == '#' || split(copy, words) == 0)
		return;
	if (strcmp(words[0], "TEST") == 0)
		open_test(s, behind(line, 1));
	else if (!s->open || (!do_world(s, words, line) &&
	    !do_work(s, words) && !do_expect(s, words, line)))
		fail(s, "line", "a verb of a scenario", words[0]);
}

static void
run_file(struct scenario *s, const char *name)
{
	FILE *file = fopen(name, "r");
	char line[LINE_SIZE];

	if (file == NULL) {
		printf("Bail out! %s cannot be read\n", name);
		exit(1);
	}
	s->file = name;
	s->line = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		s->line++;
		do_line(s, line);
	}
	fclose(file);
	close_test(s);
}

int
main(int argc, char **argv)
{
	static struct scenario scenario;
	int i;

	for (i = 1; i < argc; i++)
		run_file(&scenario, argv[i]);
	printf("1..%u\n", scenario.tests);
	return 0;
}
