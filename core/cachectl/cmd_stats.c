/*
 * cmd_stats: every counter the library keeps, by its name.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

#include <inttypes.h>

static void
put_stat(void *arg, const char *name, uint64_t value)
{
	(void)arg;
	printf("%-24s %" PRIu64 "\n", name, value);
}

static void
add_stat(void *arg, const char *name, uint64_t value)
{
	json_t *object = arg;

	json_put(object, name, json_integer((json_int_t)value));
}

int
cmd_stats(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);
	json_t *object;

	if (code != EXIT_YES)
		return code;
	object = json_make();
	if (mtasts_admin_stats(ctl->ctx, ctl->args.json ? add_stat : put_stat,
		object, &ctl->err) != MTASTS_OK) {
		json_decref(object);
		return cachectl_fail(ctl);
	}
	if (ctl->args.json)
		json_print(object);
	else
		json_decref(object);
	return EXIT_YES;
}
