/*
 * cmd_stats: every counter the library keeps, by its name.
 *
 * Test: tests/cachectl/cache.py, tests/cachectl/prometheus.py
 */
#include <config.h>

#include "cachectl/figures.h"
#include "cachectl/json.h"

static void
put_json(const struct figures *figures)
{
	json_t *object = json_make();

	for (size_t i = 0; i < figures->count; i++)
		json_put(object, figures->items[i].name,
		    json_integer((json_int_t)figures->items[i].value));
	json_print(object);
}

static void
put_figures(const struct cachectl *ctl, const struct figures *figures)
{
	if (ctl->args.json)
		put_json(figures);
	else if (ctl->args.prometheus)
		prometheus_put(figures);
	else
		figures_put(figures);
}

int
cmd_stats(struct cachectl *ctl)
{
	struct figures figures = { .count = 0 };
	int code;

	if (ctl->args.json && ctl->args.prometheus)
		return usage_error(ctl->command,
		    "stats: --json and --prometheus exclude each other");
	code = cachectl_open(ctl);
	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_stats(ctl->ctx, figures_add, &figures, &ctl->err) !=
	    MTASTS_OK)
		code = cachectl_fail(ctl);
	else
		put_figures(ctl, &figures);
	figures_free(&figures);
	return code;
}
