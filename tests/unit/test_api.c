/* api: contexts, sessions and lookups with a real cache and a name server of the
 * test's own (DESIGN 4, 5; STS-3.3-20; issue 2). */
#include <config.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "api/session.h"
#include "eval/recall.h"
#include "support/host.h"
#include "support/sanitizer.h"
#include "support/table.h"

/* ---- Names ---------------------------------------------------------------------- */

static void
a_name_that_can_have_no_policy_is_answered(void **state)
{
	static const char *const names[] = { "", ".", "localhost", "a", "a.",
		"[192.0.2.1]", "192.0.2.1", "[IPv6:2001:db8::1]", "2001:db8::1",
		"a..example", "-a.example", "a_b.example\n", "a.exa mple",
		"\xff\xfe.example", "*.example", "a.example/../b" };
	struct host *host = *state;
	char *longest = malloc(10001);
	const struct mtasts_result *r;
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		r = host_lookup(host, names[i], 0, 0);
		ROW_INT(names[i], mtasts_result_outcome(r),
		    MTASTS_OUTCOME_NONE);
		ROW_INT(names[i], mtasts_result_reason(r),
		    MTASTS_REASON_NOT_A_DOMAIN);
		ROW_TRUE(names[i], mtasts_result_detail(r)[0] != '\0');
		ROW_TRUE(names[i], mtasts_result_match(r, "mx.example"));
		r = host_evaluate(host, names[i], MTASTS_RECHECK, -1);
		ROW_INT(names[i], mtasts_result_verdict(r),
		    MTASTS_VERDICT_NONE);
	}
	for (i = 0; i < 10000; i++)
		longest[i] = i % 10 == 9 ? '.' : 'a';
	longest[10000] = '\0';
	r = host_lookup(host, longest, 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NOT_A_DOMAIN);
	assert_true(strlen(mtasts_result_domain(r)) < 600);
	free(longest);
}

static void
names_of_one_domain_are_one_entry(void **state)
{
	struct host *host = *state;
	static const char *const names[] = { "EXAMPLE.com", "example.COM",
		"example.com." };
	const struct mtasts_result *r;
	size_t i;

	assert_int_equal(host_store(host, "Example.Com."), MTASTS_OK);
	for (i = 0; i < COUNT(names); i++) {
		r = host_lookup(host, names[i], 0, 0);
		ROW_STR(names[i], mtasts_result_domain(r), "example.com");
		ROW_INT(names[i], mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	}
}

static void
a_u_label_and_its_a_label_are_one_entry(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	assert_int_equal(host_store(host, "xn--bcher-kva.example"), MTASTS_OK);
	r = host_lookup(host, "b\xc3\xbc" "cher.example", 0, 0);
	assert_string_equal(mtasts_result_domain(r), "xn--bcher-kva.example");
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
}

/* ---- Overrides ------------------------------------------------------------------ */

static void
write_overrides(struct host *host, const char *text, char file[SCRATCH_PATH])
{
	FILE *f;

	scratch_join(file, host->path, "overrides");
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	host_set(host, "policy.overrides", file);
}

static void
an_override_decides(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	char file[SCRATCH_PATH];

	write_overrides(host, "# the administrator's word\n"
			      "skip.example skip\n"
			      ".mx.example enforce mx=*.partner.example\n"
			      "mx.example testing mx=mx.host.example\n", file);
	host_again(host);
	assert_int_equal(host_store(host, "skip.example"), MTASTS_OK);

	r = host_lookup(host, "skip.example", MTASTS_REFRESH, -1);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_NONE);
	assert_int_equal(mtasts_result_reason(r),
	    MTASTS_REASON_OVERRIDE_SKIP);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_OVERRIDE);

	r = host_lookup(host, "sub.MX.example", 0, 0);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_OVERRIDE);
	assert_int_equal(mtasts_result_fetched_at(r), 0);
	assert_int_equal(mtasts_result_expires_at(r), 0);
	assert_string_equal(mtasts_result_id(r), "");
	assert_string_equal(mtasts_result_mx(r, 0), "*.partner.example");
	assert_true(mtasts_result_match(r, "a.partner.example"));
	assert_false(mtasts_result_match(r, "mx.host.example"));

	r = host_evaluate(host, "sub.mx.example", 0, -1);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_FAIL);
	r = host_evaluate(host, "mx.example", 0, -1);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_TESTING);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	r = host_evaluate(host, "mx.example", 0, 0);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_TESTING);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	r = host_evaluate(host, "skip.example", 0, -1);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_NONE);
}

static void
a_wrong_overrides_file_is_told_by_its_line(void **state)
{
	struct host *host = *state;
	struct mtasts *ctx = (struct mtasts *)host;
	struct mtasts_error err;
	char file[SCRATCH_PATH], want[SCRATCH_PATH + 8];

	write_overrides(host, "a.example skip\nb.example bogus\n", file);
	assert_int_equal(mtasts_new(host->options, &ctx, &err), MTASTS_CONFIG);
	assert_null(ctx);
	snprintf(want, sizeof(want), "%s:2: ", file);
	assert_memory_equal(err.text, want, strlen(want));

	host_set(host, "policy.overrides", "/nonexistent/overrides");
	assert_int_equal(mtasts_new(host->options, &ctx, &err), MTASTS_CONFIG);
	assert_int_equal(mtasts_new(host->options, &ctx, NULL), MTASTS_CONFIG);
	assert_string_equal(err.text,
	    "/nonexistent/overrides: No such file or directory");
	host_set(host, "policy.overrides", host->path);
	assert_int_equal(mtasts_new(host->options, &ctx, &err), MTASTS_CONFIG);
}

/* ---- Answers --------------------------------------------------------------------- */

static void
what_dns_says_is_remembered(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	r = host_lookup(host, "promise.example", 0, 0);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NOT_CACHED);
	r = host_lookup(host, "promise.example", 0, -1);
	assert_int_equal(mtasts_result_outcome(r),
	    MTASTS_OUTCOME_UNAVAILABLE);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_FETCH_ERROR);
	r = host_lookup(host, "promise.example", 0, 0);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_FETCH_ERROR);
	r = host_lookup(host, "plain.example", 0, -1);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_NONE);
	r = host_lookup(host, "fail.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DNS_TEMPERROR);
	r = host_lookup(host, "fail.example", 0, 0);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DNS_TEMPERROR);
}

static void
a_stored_policy_is_used_while_dns_is_dead(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	assert_int_equal(host_store(host, "fail.example"), MTASTS_OK);
	r = host_lookup(host, "fail.example", 0, -1);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_POLICY);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_CACHE);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DNS_TEMPERROR);
	assert_string_equal(mtasts_result_id(r), "one");
	assert_int_equal(mtasts_result_max_age(r), 864000);
}

static void
storing_a_policy_ends_an_older_answer(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	r = host_lookup(host, "plain.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NO_RECORD);
	assert_int_equal(host_store(host, "plain.example"), MTASTS_OK);
	r = host_lookup(host, "plain.example", 0, 0);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
}

static void
a_deadline_bounds_the_whole_call(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	int64_t began = host_milliseconds();

	r = host_lookup(host, "silent.example", 0, 120);
	assert_in_range(host_milliseconds() - began, 110, 400);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DEADLINE);

	/* The policy is known at once, the MX records never. */
	assert_int_equal(host_store(host, "silent2.example"), MTASTS_OK);
	began = host_milliseconds();
	r = host_evaluate(host, "silent2.example", 0, 120);
	assert_in_range(host_milliseconds() - began, 110, 400);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
}

static void
a_result_is_not_changed_by_failures_before_it(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	assert_int_equal(host_store(host, "mx.a.example"), MTASTS_OK);
	r = host_evaluate(host, "mx.a.example", 0, -1);
	assert_int_equal(mtasts_result_host_count(r), 1);
	r = host_lookup(host, "[192.0.2.1]", 0, -1);
	assert_int_equal(mtasts_result_host_count(r), 0);
	assert_int_equal(mtasts_result_mx_count(r), 0);
	assert_string_equal(mtasts_result_id(r), "");
	assert_int_equal(mtasts_result_mode(r), MTASTS_NO_POLICY);
}

/* ---- Processes ------------------------------------------------------------------- */

static bool
child_finds_policy(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;

	return mtasts_lookup(host->session, "fail.example", 0, -1, &r, NULL) ==
	    MTASTS_OK && mtasts_result_mode(r) == MTASTS_MODE_ENFORCE &&
	    mtasts_evaluate(host->session, "plain.example", 0, -1, &r, NULL) ==
	    MTASTS_OK && mtasts_result_verdict(r) == MTASTS_VERDICT_NONE;
}

static bool
child_makes_its_own(void *arg)
{
	struct host *host = arg;
	bool well;

	mtasts_session_free(&host->session);
	if (mtasts_session_new(host->ctx, &host->session, NULL) != MTASTS_OK)
		return false;
	well = child_finds_policy(host);
	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	return well;
}

static void
a_child_uses_its_parents_session(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	/* Before the parent opened anything, and after. */
	assert_int_equal(scratch_child(child_makes_its_own, host), 0 + 1);
	assert_int_equal(host_store(host, "fail.example"), MTASTS_OK);
	assert_int_equal(scratch_child(child_finds_policy, host), 0);
	host_lookup(host, "promise.example", 0, -1);
	assert_int_equal(scratch_child(child_finds_policy, host), 0);
	assert_int_equal(scratch_child(child_makes_its_own, host), 0);
	r = host_lookup(host, "fail.example", 0, -1);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	r = host_lookup(host, "other.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NO_RECORD);
}

/* ---- Without a cache ---------------------------------------------------------------- */

static bool
answer_without_cache(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;

	return mtasts_lookup(host->session, "promise.example", 0, -1, &r,
		   NULL) == MTASTS_OK &&
	    mtasts_result_reason(r) == MTASTS_REASON_FETCH_ERROR &&
	    mtasts_lookup(host->session, "promise.example", 0, 0, &r, NULL) ==
	    MTASTS_OK &&
	    mtasts_result_reason(r) == MTASTS_REASON_NOT_CACHED &&
	    mtasts_evaluate(host->session, "plain.example", 0, -1, &r, NULL) ==
	    MTASTS_OK && mtasts_result_reason(r) == MTASTS_REASON_NO_RECORD;
}

static bool
answer_as_nobody(void *arg)
{
	return scratch_be_nobody() && answer_without_cache(arg);
}

static void
without_a_cache_directory_lookups_are_answered(void **state)
{
	struct host *host = *state;

	host_set(host, "cache.directory", "/nonexistent/policies");
	host_set(host, "cache.run_directory", "/nonexistent/run");
	host_again(host);
	assert_true(answer_without_cache(host));
}

static void
with_files_where_directories_should_be_lookups_are_answered(void **state)
{
	struct host *host = *state;
	char file[SCRATCH_PATH];
	FILE *f;

	scratch_join(file, host->path, "file");
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	host_set(host, "cache.directory", file);
	host_set(host, "cache.run_directory", file);
	host_again(host);
	assert_true(answer_without_cache(host));
}

static void
with_an_unwritable_cache_lookups_are_answered(void **state)
{
	struct host *host = *state;

	if (geteuid() != 0)
		SCRATCH_SKIP("needs root to become nobody");
	assert_int_equal(chmod(host->path, 0755), 0);
	if (scratch_child(answer_as_nobody, host) != 0)
		SCRATCH_SKIP("no other user in this namespace");
}

/* ---- The policy as published ----------------------------------------------------------- */

static const char published[] = "version: STSv1\r\nmode:  enforce\r\n\r\n"
				"mx: mx.host.example\nx-note: a \\ {\xc3\xa9}"
				"\nmax_age: 864000";
static const char published_lines[] = "version: STSv1\nmode:  enforce\n"
				      "mx: mx.host.example\n"
				      "x-note: a \\ {\xc3\xa9}\n"
				      "max_age: 864000\n";

static void
store_published(struct host *host, const char *domain, time_t fetched_at)
{
	const struct mtasts_cached cached = { .domain = domain, .id = "one",
		.policy = { MTASTS_MODE_ENFORCE, 864000, 1,
		    "mx.host.example" },
		.fetched_at = fetched_at, .used_at = time(NULL),
		.refresh_at = time(NULL) + 86400, .raw = published,
		.raw_len = strlen(published) };
	struct mtasts_error err;

	if (mtasts_admin_store(host->ctx, &cached, &err) != MTASTS_OK)
		fail_msg("%s", err.text);
}

static void
a_policy_is_told_as_it_was_published(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	char buf[512];

	store_published(host, "a.example", time(NULL));
	r = host_lookup(host, "a.example", 0, 0);
	assert_true(mtasts_result_published(r, buf, sizeof(buf)));
	assert_string_equal(buf, published_lines);
	assert_true(mtasts_result_published(r, buf,
	    sizeof(published_lines)));
	assert_false(mtasts_result_published(r, buf,
	    sizeof(published_lines) - 1));
	assert_string_equal(buf, "");
	assert_false(mtasts_result_published(r, buf, 0));
}

static void
what_was_not_published_is_not_told(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	char buf[512];

	r = host_lookup(host, "none.example", 0, 0);
	assert_false(mtasts_result_published(r, buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_int_equal(host_store(host, "bare.example"), MTASTS_OK);
	r = host_lookup(host, "bare.example", 0, 0);
	assert_false(mtasts_result_published(r, buf, sizeof(buf)));
	/* Another one was fetched since this result was given. */
	store_published(host, "a.example", time(NULL) - 100);
	r = host_lookup(host, "a.example", 0, 0);
	store_published(host, "a.example", time(NULL));
	assert_false(mtasts_result_published(r, buf, sizeof(buf)));
}

/* ---- What a hit costs ---------------------------------------------------------------- */

/* From now on a system call is death. Reading the clock is none of the
 * library's: where the vDSO has no clock, the C library asks the kernel. */
static bool
forbid_system_calls(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { COUNT(rules), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool
hits_without_system_calls(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;
	int i, misses = 0;

	if (mtasts_lookup(host->session, "promise.example", 0, -1, &r, NULL) !=
		MTASTS_OK ||
	    mtasts_lookup(host->session, "promise.example", 0, -1, &r, NULL) !=
		MTASTS_OK ||
	    !forbid_system_calls())
		return false;
	for (i = 0; i < 1000; i++)
		misses += mtasts_lookup(host->session, "Promise.Example.", 0,
			      -1, &r, NULL) != MTASTS_OK ||
		    mtasts_result_reason(r) != MTASTS_REASON_FETCH_ERROR;
	syscall(SYS_exit_group, misses == 0 ? 0 : 2);
	return false;
}

static void
a_hit_makes_no_system_call(void **state)
{
	assert_int_equal(scratch_child(hits_without_system_calls, *state), 0);
}

/* No loop is made, no thread asked. An evaluation is allocated, from what was
 * freed before. */
static bool
evaluates_without_system_calls(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;
	struct mtasts_session *session;

	free(calloc(1, 100000));
	if (mtasts_session_new(host->ctx, &session, NULL) != MTASTS_OK ||
	    mtasts_lookup(session, "plain.example", 0, 0, &r, NULL) !=
		MTASTS_OK ||
	    !forbid_system_calls())
		return false;
	syscall(SYS_exit_group,
	    mtasts_evaluate(session, "plain.example", 0, -1, &r, NULL) ==
			MTASTS_OK &&
		    mtasts_result_verdict(r) == MTASTS_VERDICT_NONE &&
		    mtasts_result_reason(r) == MTASTS_REASON_NO_RECORD ?
		0 : 2);
	return false;
}

static void
without_a_policy_to_satisfy_an_evaluation_is_a_hit(void **state)
{
	if (WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("a sanitizer's allocator asks the kernel");
	host_lookup(*state, "plain.example", 0, -1);
	assert_int_equal(scratch_child(evaluates_without_system_calls, *state),
	    0);
}

/* A domain whose policy is cached and whose verdict was a pass, with probes and
 * without. */
static void
pass_once(struct host *host, bool probing)
{
	const struct eval_host mx = { .name = "mx.host.example",
		.probe = PROBE_OK };
	struct recall memory = { .now = time(NULL) };

	host_set(host, "probe.enabled", probing ? "yes" : "no");
	host_again(host);
	memory.cache = &host->ctx->cache;
	recall_note_finding(&memory, &mx, 60);
	assert_int_equal(host_store(host, "promise.mx.example"), MTASTS_OK);
	assert_int_equal(mtasts_result_verdict(host_evaluate(host,
			     "promise.mx.example", 0, -1)),
	    MTASTS_VERDICT_PASS);
}

static bool
is_pass(struct mtasts_session *session, unsigned flags, int deadline)
{
	const struct mtasts_result *r;

	return mtasts_evaluate(session, "Promise.MX.example.", flags, deadline,
		   &r, NULL) == MTASTS_OK &&
	    mtasts_result_verdict(r) == MTASTS_VERDICT_PASS &&
	    mtasts_result_mode(r) == MTASTS_MODE_ENFORCE &&
	    mtasts_result_host_count(r) == 1 &&
	    strcmp(mtasts_result_host(r, 0)->name, "mx.host.example") == 0;
}

static bool
passes_without_system_calls(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;
	struct mtasts_session *session;
	int i, misses = 0;

	if (mtasts_session_new(host->ctx, &session, NULL) != MTASTS_OK ||
	    mtasts_lookup(session, "promise.mx.example", 0, 0, &r, NULL) !=
		MTASTS_OK ||
	    !forbid_system_calls())
		return false;
	for (i = 0; i < 100; i++)
		misses += !is_pass(session, 0, -1);
	syscall(SYS_exit_group, misses == 0 ? 0 : 2);
	return false;
}

static void
a_pass_by_memory_makes_no_system_call(void **state)
{
	int probing;

	for (probing = 0; probing < 2; probing++) {
		pass_once(*state, probing);
		assert_int_equal(scratch_child(passes_without_system_calls,
				     *state), 0);
	}
}

/* Is a library with this in its path mapped? */
static bool
is_mapped(const char *what)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[4096];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, what) != NULL;
	fclose(file);
	return found;
}

/* Neither what is cached nor what DNS alone decides. */
static void
libcurl_is_not_loaded_but_for_a_fetch(void **state)
{
	struct host *host = *state;

	assert_int_equal(host_store(host, "a.example"), MTASTS_OK);
	host_lookup(host, "a.example", 0, -1);
	host_lookup(host, "plain.example", 0, -1);
	host_lookup(host, "plain.example", 0, -1);
	assert_true(is_mapped("/libcares"));
	assert_false(is_mapped("/libcurl"));
}

/* The allocator is wrapped by the linker in this program. */
static volatile unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *
__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static void
a_hit_allocates_nothing(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	unsigned long before;
	int i;

	host_lookup(host, "promise.example", 0, -1);
	/* The hit after a miss counts too. */
	host_lookup(host, "plain.example", 0, -1);
	before = allocations;
	assert_true(before > 0);
	for (i = 0; i < 100; i++) {
		r = host_lookup(host, "promise.example", 0, -1);
		assert_int_equal(mtasts_result_reason(r),
		    MTASTS_REASON_FETCH_ERROR);
	}
	assert_int_equal(allocations, before);
}

static void
a_pass_by_memory_allocates_nothing(void **state)
{
	struct host *host = *state;
	struct mtasts_session *session;
	const struct mtasts_result *r;
	unsigned long before;
	int i;

	pass_once(host, true);
	assert_int_equal(mtasts_session_new(host->ctx, &session, NULL),
	    MTASTS_OK);
	assert_int_equal(mtasts_lookup(session, "promise.mx.example", 0, 0, &r,
			     NULL), MTASTS_OK);
	before = allocations;
	for (i = 0; i < 100; i++)
		assert_true(is_pass(session, 0, -1));
	assert_int_equal(allocations, before);
	mtasts_session_free(&session);
}

static void
a_pass_by_memory_needs_no_time(void **state)
{
	struct host *host = *state;

	pass_once(host, false);
	assert_true(is_pass(host->session, 0, 0));
	assert_true(is_pass(host->session, MTASTS_PREFER_CACHED, 0));
	/* Who wants DNS to be asked has nothing yet. */
	assert_false(is_pass(host->session, MTASTS_RECHECK, 0));
	assert_false(is_pass(host->session, MTASTS_REFRESH, 0));
	assert_int_equal(mtasts_admin_remove(host->ctx, "promise.mx.example",
			     NULL), MTASTS_OK);
	assert_int_equal(host_store(host, "promise.mx.example"), MTASTS_OK);
	host_lookup(host, "promise.mx.example", 0, -1);
	assert_false(is_pass(host->session, 0, 0));
	assert_true(is_pass(host->session, 0, -1));
}

static void
an_override_passes_by_memory_too(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	char file[SCRATCH_PATH];

	write_overrides(host, "mx.example enforce mx=mx.host.example\n", file);
	host_set(host, "probe.enabled", "no");
	host_again(host);
	r = host_evaluate(host, "mx.example", 0, 0);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	r = host_evaluate(host, "mx.example", 0, -1);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_PASS);
	r = host_evaluate(host, "mx.example", 0, 0);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_PASS);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_OVERRIDE);
	r = host_evaluate(host, "mx.example", MTASTS_RECHECK, 0);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
}

/* ---- The rest -------------------------------------------------------------------------- */

static void
null_is_fine_where_the_header_says_so(void **state)
{
	struct mtasts *ctx = NULL;
	struct mtasts_session *session = NULL;
	struct mtasts_options *options = NULL;

	(void)state;
	mtasts_free(NULL);
	mtasts_free(&ctx);
	mtasts_session_free(NULL);
	mtasts_session_free(&session);
	mtasts_options_free(NULL);
	mtasts_options_free(&options);
	assert_int_equal(mtasts_new(NULL, &ctx, NULL), MTASTS_OK);
	mtasts_set_log(ctx, NULL, NULL, MTASTS_LOG_DEBUG);
	mtasts_free(&ctx);
	assert_null(ctx);
	assert_string_equal(mtasts_library_version(), MTASTS_VERSION);
}

struct steps {
	unsigned count;
	bool dns, verdict;
};

static void
on_step(void *arg, const struct mtasts_step *step)
{
	struct steps *steps = arg;

	steps->count++;
	steps->dns |= step->stage == MTASTS_STAGE_DNS;
	steps->verdict |= step->stage == MTASTS_STAGE_VERDICT;
	assert_true(step->elapsed >= 0);
}

static void
a_trace_tells_each_step(void **state)
{
	struct host *host = *state;
	struct steps steps = { 0 };

	assert_int_equal(host_store(host, "promise.mx.example"), MTASTS_OK);
	host_lookup(host, "warm.example", 0, -1);
	mtasts_admin_set_trace(host->ctx, on_step, &steps);
	host_evaluate(host, "promise.mx.example", 0, -1);
	assert_true(steps.dns);
	assert_true(steps.verdict);
	/* Who looks on sees DNS asked, whatever is remembered. */
	pass_once(host, false);
	steps = (struct steps) { 0 };
	mtasts_admin_set_trace(host->ctx, on_step, &steps);
	host_evaluate(host, "promise.mx.example", 0, -1);
	assert_true(steps.verdict);
	mtasts_admin_set_trace(host->ctx, NULL, NULL);
	steps.count = 0;
	host_lookup(host, "cold.example", 0, -1);
	assert_int_equal(steps.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_that_can_have_no_policy_is_answered),
		TEST(names_of_one_domain_are_one_entry),
		TEST(a_u_label_and_its_a_label_are_one_entry),
		TEST(an_override_decides),
		TEST(a_wrong_overrides_file_is_told_by_its_line),
		TEST(what_dns_says_is_remembered),
		TEST(a_stored_policy_is_used_while_dns_is_dead),
		TEST(storing_a_policy_ends_an_older_answer),
		TEST(a_deadline_bounds_the_whole_call),
		TEST(a_result_is_not_changed_by_failures_before_it),
		TEST(a_child_uses_its_parents_session),
		TEST(without_a_cache_directory_lookups_are_answered),
		TEST(
		    with_files_where_directories_should_be_lookups_are_answered),
		TEST(with_an_unwritable_cache_lookups_are_answered),
		TEST(a_policy_is_told_as_it_was_published),
		TEST(what_was_not_published_is_not_told),
		TEST(libcurl_is_not_loaded_but_for_a_fetch),
		TEST(a_hit_makes_no_system_call),
		TEST(without_a_policy_to_satisfy_an_evaluation_is_a_hit),
		TEST(a_hit_allocates_nothing),
		TEST(a_pass_by_memory_makes_no_system_call),
		TEST(a_pass_by_memory_allocates_nothing),
		TEST(a_pass_by_memory_needs_no_time),
		TEST(an_override_passes_by_memory_too),
		TEST(null_is_fine_where_the_header_says_so),
		TEST(a_trace_tells_each_step),
	};
	int failed;

	if (!host_enter())
		return host_skip();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return failed;
}
