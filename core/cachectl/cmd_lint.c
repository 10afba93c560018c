/*
 * cmd_lint: what is wrong with a record, a policy, or with what a domain
 * publishes now.
 *
 * Test: tests/cachectl/lint.py
 */
#include <config.h>

#include "cachectl/input.h"
#include "cachectl/json.h"
#include "cachectl/output.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX (1024 * 1024) /* octets; the parser's own limit is lower */

static void
put_note(const char *name, const char *what,
    const struct mtasts_lint_note *note)
{
	put_escaped(stdout, name, strlen(name));
	if (note->line > 0)
		printf(":%u:%u", note->line, note->column);
	printf(": %s: %s [%s]\n", what, note->message, note->code);
}

static void
put_lint(const char *name, const struct mtasts_lint *lint)
{
	size_t count = lint->warning_count;

	if (lint->has_error)
		put_note(name, "error", &lint->error);
	for (size_t i = 0; i < count && i < MTASTS_LINT_WARNINGS; i++)
		put_note(name, "warning", &lint->warnings[i]);
	if (count > MTASTS_LINT_WARNINGS)
		printf("(and %zu more warnings)\n",
		    count - MTASTS_LINT_WARNINGS);
}

/* ---- Records ---------------------------------------------------------- */

static void
put_record_json(bool valid, const char *id, const struct mtasts_lint *lint)
{
	json_t *object = json_make();

	json_put(object, "valid", json_boolean(valid));
	json_put(object, "id", valid ? json_string(id) : json_null());
	json_put_lint(object, lint);
	json_print(object);
}

static int
lint_records(struct cachectl *ctl)
{
	struct mtasts_lint lint = { .has_error = false };
	char id[33] = "";
	bool valid = mtasts_admin_lint_records(ctl->args.records,
	    ctl->args.record_count, id, &lint);

	if (ctl->args.json) {
		put_record_json(valid, id, &lint);
	} else {
		put_lint("record", &lint);
		if (valid)
			printf("record: valid, id %s\n", id);
		else if (!lint.has_error)
			puts("record: no MTA-STS record: none begins with "
			     "\"v=STSv1;\"");
	}
	return valid ? EXIT_YES : EXIT_NO;
}

/* ---- A policy --------------------------------------------------------- */

static void
put_policy_json(const struct mtasts_policy_view *policy,
    const struct mtasts_lint *lint)
{
	json_t *object = json_make();

	json_put(object, "valid", json_boolean(policy != NULL));
	json_put(object, "policy", json_policy(policy));
	json_put_lint(object, lint);
	json_print(object);
}

static int
lint_body(const struct cachectl *ctl, const struct input *input)
{
	struct mtasts_policy_view policy;
	struct mtasts_lint lint = { .has_error = false };
	char *storage = NULL;
	bool valid = mtasts_admin_lint_policy(input->buf, input->len, &policy,
	    &storage, &lint);

	if (ctl->args.json) {
		put_policy_json(valid ? &policy : NULL, &lint);
	} else {
		put_lint(input->name, &lint);
		if (valid)
			printf("valid policy: mode %s, max_age %u, %zu mx\n",
			    mtasts_mode_name(policy.mode),
			    (unsigned)policy.max_age, policy.mx_count);
	}
	free(storage);
	return valid ? EXIT_YES : EXIT_NO;
}

static int
lint_policy(struct cachectl *ctl)
{
	struct input input;
	int code = EXIT_USAGE;

	if (!input_open(&input, ctl->args.policy, BODY_MAX))
		return EXIT_USAGE;
	switch (input_all(&input)) {
	case INPUT_LINE:
		code = lint_body(ctl, &input);
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

/* ---- A domain --------------------------------------------------------- */

static void
put_domain_json(const struct mtasts_result *result,
    const struct mtasts_lint *lint)
{
	json_t *object = json_evaluation(result);

	json_put(object, "valid", json_boolean(!lint->has_error));
	json_put_lint(object, lint);
	json_print(object);
}

static int
lint_domain(struct cachectl *ctl)
{
	const struct mtasts_result *result;
	struct mtasts_lint lint = { .has_error = false };
	int code = cachectl_open_session(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_lint_domain(ctl->session, ctl->args.operands[0],
		&result, &lint, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (ctl->args.json) {
		put_domain_json(result, &lint);
	} else {
		put_lint(mtasts_result_domain(result), &lint);
		if (!lint.has_error && lint.warning_count == 0)
			puts("nothing to complain about");
	}
	if (is_undetermined(result))
		return EXIT_UNKNOWN;
	return lint.has_error ? EXIT_NO : EXIT_YES;
}

int
cmd_lint(struct cachectl *ctl)
{
	int records = ctl->args.record_count > 0 ? 1 : 0;
	int policy = ctl->args.policy != NULL ? 1 : 0;

	if (records + policy + ctl->args.count != 1)
		return usage_error(ctl->command,
		    "lint: one of --record, --policy and DOMAIN is expected");
	if (records)
		return lint_records(ctl);
	return policy ? lint_policy(ctl) : lint_domain(ctl);
}
