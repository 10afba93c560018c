/*
 * cmd_verify: verify and compact: the cache's files themselves.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

static void
put_report(void *arg, const char *text)
{
	(void)arg;
	puts(text);
}

static void
add_report(void *arg, const char *text)
{
	json_t *reports = arg;

	if (json_array_append_new(reports, json_string(text)) != 0)
		die_memory();
}

static int
verify_json(struct cachectl *ctl, size_t *damage)
{
	json_t *object = json_make();
	json_t *reports = json_array();
	enum mtasts_status status;

	json_put(object, "damage", json_integer(0));
	json_put(object, "reports", reports);
	status = mtasts_admin_verify(ctl->ctx, add_report, reports, damage,
	    &ctl->err);
	if (status != MTASTS_OK) {
		json_decref(object);
		return cachectl_fail(ctl);
	}
	json_put(object, "damage", json_integer((json_int_t)*damage));
	json_print(object);
	return EXIT_YES;
}

static int
verify_text(struct cachectl *ctl, size_t *damage)
{
	if (mtasts_admin_verify(ctl->ctx, put_report, NULL, damage,
		&ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (*damage == 0)
		puts("no damage found");
	return EXIT_YES;
}

int
cmd_verify(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);
	size_t damage = 0;

	if (code != EXIT_YES)
		return code;
	code = ctl->args.json ? verify_json(ctl, &damage) :
				verify_text(ctl, &damage);
	if (code != EXIT_YES)
		return code;
	return damage > 0 ? EXIT_NO : EXIT_YES;
}

int
cmd_compact(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_compact(ctl->ctx, ctl->args.operands[0], &ctl->err) !=
	    MTASTS_OK)
		return cachectl_fail(ctl);
	return EXIT_YES;
}
