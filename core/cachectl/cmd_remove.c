/*
 * cmd_remove: remove, purge and clear: less in the cache than before.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

static int
tell_removed(const struct cachectl *ctl, size_t removed)
{
	if (ctl->args.json) {
		json_t *object = json_make();

		json_put(object, "removed", json_integer((json_int_t)removed));
		json_print(object);
	} else {
		printf("%zu removed\n", removed);
	}
	return removed > 0 ? EXIT_YES : EXIT_NO;
}

int
cmd_remove(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);
	size_t removed = 0;

	if (code != EXIT_YES)
		return code;
	for (int i = 0; i < ctl->args.count; i++) {
		enum mtasts_status status = mtasts_admin_remove(ctl->ctx,
		    ctl->args.operands[i], &ctl->err);

		if (status == MTASTS_OK)
			removed++;
		else if (status == MTASTS_NOTFOUND)
			complain("%s: not cached", ctl->args.operands[i]);
		else
			return cachectl_fail(ctl);
	}
	return tell_removed(ctl, removed);
}

int
cmd_purge(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);
	size_t removed = 0;

	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_purge(ctl->ctx, &removed, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	return tell_removed(ctl, removed);
}

int
cmd_clear(struct cachectl *ctl)
{
	size_t removed = 0;
	int code;

	if (!ctl->args.yes)
		return usage_error(ctl->command,
		    "clear: removes everything; say --yes if that is meant");
	code = cachectl_open(ctl);
	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_clear(ctl->ctx, &removed, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	return tell_removed(ctl, removed);
}
