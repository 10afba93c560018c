/*
 * cmd_match: may mail go to this MX host? By the policy of a domain, or by one
 * in a file.
 *
 * Test: tests/cachectl/lint.py
 */
#include <config.h>

#include "cachectl/input.h"
#include "cachectl/json.h"
#include "cachectl/output.h"

#include <stdlib.h>

#define BODY_MAX (1024 * 1024) /* octets; the parser's own limit is lower */

static int
tell(const struct cachectl *ctl, bool matched)
{
	if (ctl->args.json) {
		json_t *object = json_make();

		json_put(object, "matched", json_boolean(matched));
		json_print(object);
	} else {
		puts(matched ? "yes" : "no");
	}
	return matched ? EXIT_YES : EXIT_NO;
}

static int
match_body(const struct cachectl *ctl, const struct input *input,
    const char *host)
{
	struct mtasts_policy_view policy;
	struct mtasts_lint lint = { .has_error = false };
	char *storage = NULL;
	int code;

	if (mtasts_admin_lint_policy(input->buf, input->len, &policy, &storage,
		&lint)) {
		code = tell(ctl, mtasts_admin_match(&policy, host));
	} else {
		complain("%s:%u:%u: %s", input->name, lint.error.line,
		    lint.error.column, lint.error.message);
		code = EXIT_USAGE;
	}
	free(storage);
	return code;
}

static int
match_file(struct cachectl *ctl)
{
	struct input input;
	int code = EXIT_USAGE;

	if (ctl->args.count != 1)
		return usage_error(ctl->command,
		    "match: with --policy, HOST alone is expected");
	if (!input_open(&input, ctl->args.policy, BODY_MAX))
		return EXIT_USAGE;
	switch (input_all(&input)) {
	case INPUT_LINE:
		code = match_body(ctl, &input, ctl->args.operands[0]);
		break;
	case INPUT_TOO_LONG:
		complain("%s: larger than 1 MiB", input.name);
		break;
	case INPUT_END:
	case INPUT_ERROR:
		break;
	}
	input_close(&input);
	return code;
}

int
cmd_match(struct cachectl *ctl)
{
	const struct mtasts_result *result;
	int code;

	if (ctl->args.policy != NULL)
		return match_file(ctl);
	if (ctl->args.count != 2)
		return usage_error(ctl->command,
		    "match: DOMAIN and HOST are expected");
	code = cachectl_open_session(ctl);
	if (code != EXIT_YES)
		return code;
	if (mtasts_lookup(ctl->session, ctl->args.operands[0], 0, -1, &result,
		&ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	code = tell(ctl, mtasts_result_match(result, ctl->args.operands[1]));
	return is_undetermined(result) ? EXIT_UNKNOWN : code;
}
