/*
 * cmd_transfer: export and import: the cached policies as JSON lines. A round
 * trip loses nothing; what comes in is judged by the library like anything from
 * the network.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/input.h"
#include "cachectl/json.h"
#include "cachectl/output.h"

#include <string.h>

#define LINE_MAX_LENGTH (1024 * 1024) /* octets */

static bool
export_one(void *arg, const struct mtasts_cached *cached)
{
	(void)arg;
	json_print(json_stored(cached));
	return !ferror(stdout);
}

int
cmd_export(struct cachectl *ctl)
{
	int code = cachectl_open(ctl);

	if (code != EXIT_YES)
		return code;
	if (mtasts_admin_list(ctl->ctx, export_one, NULL, &ctl->err) !=
	    MTASTS_OK)
		return cachectl_fail(ctl);
	return EXIT_YES;
}

struct import {
	struct cachectl *ctl;
	struct mtasts_import *cache;
	struct input input;
	size_t stored;
	size_t refused;
};

static void
refuse(struct import *import, const char *why)
{
	complain("%s: line %lu: %s", import->input.name, import->input.line,
	    why);
	import->refused++;
}

static bool
is_blank(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

/* False if going on makes no sense: the cache itself fails. */
static bool
import_line(struct import *import)
{
	struct cachectl *ctl = import->ctl;
	struct mtasts_cached cached;
	struct json_storage storage;
	enum mtasts_status status = MTASTS_INVALID;
	const char *wrong = json_read_cached(import->input.buf,
	    import->input.len, &cached, &storage);

	if (wrong == NULL)
		status = mtasts_admin_import_add(import->cache, &cached,
		    &ctl->err);
	json_storage_free(&storage);
	if (status == MTASTS_INVALID)
		refuse(import, wrong != NULL ? wrong : ctl->err.text);
	return status == MTASTS_OK || status == MTASTS_INVALID;
}

static int
tell_imported(const struct import *import)
{
	if (import->ctl->args.json) {
		json_t *o = json_make();

		json_put(o, "stored", json_integer((json_int_t)import->stored));
		json_put(o, "refused",
		    json_integer((json_int_t)import->refused));
		json_print(o);
	} else {
		printf("%zu stored, %zu refused\n", import->stored,
		    import->refused);
	}
	return import->refused > 0 ? EXIT_NO : EXIT_YES;
}

static int
import_lines(struct import *import)
{
	for (;;) {
		switch (input_line(&import->input)) {
		case INPUT_LINE:
			if (!is_blank(import->input.buf) &&
			    !import_line(import))
				return cachectl_fail(import->ctl);
			break;
		case INPUT_TOO_LONG:
			refuse(import, "longer than 1 MiB");
			break;
		case INPUT_END:
			return EXIT_YES;
		case INPUT_ERROR:
			return EXIT_UNKNOWN;
		}
	}
}

/* What came before trouble is stored all the same. */
static int
import_all(struct import *import)
{
	struct cachectl *ctl = import->ctl;
	int code;

	if (mtasts_admin_import_new(ctl->ctx, &import->cache, &ctl->err) !=
	    MTASTS_OK)
		return cachectl_fail(ctl);
	code = import_lines(import);
	if (mtasts_admin_import_end(&import->cache, &import->stored,
		&ctl->err) != MTASTS_OK && code == EXIT_YES)
		return cachectl_fail(ctl);
	return code == EXIT_YES ? tell_imported(import) : code;
}

int
cmd_import(struct cachectl *ctl)
{
	struct import import = { .ctl = ctl };
	const char *file = ctl->args.count > 0 ? ctl->args.operands[0] : "-";
	int code;

	if (!input_open(&import.input, file, LINE_MAX_LENGTH))
		return EXIT_USAGE;
	code = cachectl_open(ctl);
	if (code == EXIT_YES)
		code = import_all(&import);
	input_close(&import.input);
	return code;
}
