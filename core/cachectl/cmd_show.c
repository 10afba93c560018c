/*
 * cmd_show: everything that is cached of one domain, the body as it came.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

#include <string.h>
#include <time.h>

static void
put_when(const char *label, int64_t when)
{
	char buf[TIME_SIZE];

	put_field(label, "%s", time_text(when, buf));
}

static void
put_patterns(const struct mtasts_policy_view *policy)
{
	const char *mx = policy->mx;

	for (size_t i = 0; i < policy->mx_count; i++) {
		put_field(i == 0 ? "MX patterns" : "", "%s", mx);
		mx += strlen(mx) + 1;
	}
}

static void
put_body(const struct mtasts_cached *cached)
{
	if (cached->raw == NULL) {
		put_field("Body", "not kept, too long");
		return;
	}
	put_field("Body", "%zu octets, as fetched:", cached->raw_len);
	put_lines(stdout, "    ", cached->raw, cached->raw_len);
}

static void
put_cached(const struct mtasts_cached *cached)
{
	char age[TIME_SIZE], expires[TIME_SIZE];

	put_field("Domain", "%s", cached->domain);
	put_field("Mode", "%s", mtasts_mode_name(cached->policy.mode));
	put_field("Id", "%s", cached->id[0] != '\0' ? cached->id : "-");
	put_field("Max age", "%u seconds (%s)",
	    (unsigned)cached->policy.max_age,
	    duration_text(cached->policy.max_age, age));
	put_patterns(&cached->policy);
	put_when("Fetched", cached->fetched_at);
	put_field(cached->live ? "Expires" : "Expired", "%s",
	    time_text(cached->expires_at, expires));
	put_when("Refresh due", cached->refresh_at);
	put_when("Last used", cached->used_at);
	put_when("DNS checked", cached->checked_at);
	put_field("Failed refreshes", "%u",
	    (unsigned)cached->refresh_failures);
	put_body(cached);
}

static bool
show_one(void *arg, const struct mtasts_cached *cached)
{
	const struct cachectl *ctl = arg;

	if (ctl->args.json)
		json_print(json_shown(cached));
	else
		put_cached(cached);
	return true;
}

int
cmd_show(struct cachectl *ctl)
{
	const char *domain = ctl->args.operands[0];
	int code = cachectl_open(ctl);
	enum mtasts_status status;

	if (code != EXIT_YES)
		return code;
	status = mtasts_admin_show(ctl->ctx, domain, show_one, ctl, &ctl->err);
	if (status == MTASTS_OK)
		return EXIT_YES;
	if (status != MTASTS_NOTFOUND)
		return cachectl_fail(ctl);
	complain("%s: not cached", domain);
	return EXIT_NO;
}
