/*
 * cmd_refresh: many lookups at once: refresh what is cached, or warm the cache
 * with a list of domains. Names come as they are needed, from the command line
 * or a file; the cache's own are spooled to an unnamed file first, so that
 * memory does not grow and the cache may change while it is read.
 */
#include <config.h>

#include "cachectl/input.h"
#include "cachectl/json.h"
#include "cachectl/output.h"
#include "cachectl/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LENGTH 1024 /* octets of a line; a domain has 253 */

struct batch {
	struct cachectl *ctl;
	mtasts_next_fn *next;
	struct input input; /* of names */
	int operand;	    /* the next one */
	bool refused;	    /* a line could not be used */
	struct progress progress;
	size_t domains;
	size_t policies;
	size_t none;
	size_t failed;
	bool (*is_failure)(const struct mtasts_result *result);
};

/* ---- What came of one ------------------------------------------------- */

/* Warming fails where a policy may be and is not had. */
static bool
warm_failed(const struct mtasts_result *result)
{
	enum mtasts_outcome outcome = mtasts_result_outcome(result);

	return outcome == MTASTS_OUTCOME_UNAVAILABLE ||
	       outcome == MTASTS_OUTCOME_DEFER ||
	       mtasts_result_reason(result) == MTASTS_REASON_NOT_A_DOMAIN;
}

/* Refreshing fails also where an old policy stays for want of a new one. */
static bool
refresh_failed(const struct mtasts_result *result)
{
	return warm_failed(result) ||
	       (mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY &&
		   mtasts_result_reason(result) != MTASTS_REASON_POLICY);
}

static void
put_done(const struct mtasts_result *result)
{
	const char *detail = mtasts_result_detail(result);

	terminal_remove_foot();
	printf("%s: %s, %s%s%s\n", mtasts_result_domain(result),
	    mtasts_mode_name(mtasts_result_mode(result)),
	    mtasts_reason_name(mtasts_result_reason(result)),
	    detail[0] != '\0' ? ": " : "", detail);
}

static void
complain_of(const struct mtasts_result *result)
{
	const char *detail = mtasts_result_detail(result);

	complain("%s: %s%s%s", mtasts_result_domain(result),
	    mtasts_reason_name(mtasts_result_reason(result)),
	    detail[0] != '\0' ? ": " : "", detail);
}

static void
count_done(struct batch *batch, const struct mtasts_result *result)
{
	const struct arguments *args = &batch->ctl->args;

	batch->domains++;
	if (batch->is_failure(result)) {
		batch->failed++;
		complain_of(result);
		return;
	}
	if (mtasts_result_outcome(result) == MTASTS_OUTCOME_POLICY)
		batch->policies++;
	else
		batch->none++;
	if (args->verbose && !args->json)
		put_done(result);
}

static void
on_done(void *arg, const struct mtasts_result *result)
{
	struct batch *batch = arg;

	count_done(batch, result);
	progress_step(&batch->progress);
}

/* ---- Where names come from -------------------------------------------- */

static const char *
next_operand(void *arg)
{
	struct batch *batch = arg;
	const struct arguments *args = &batch->ctl->args;

	if (batch->operand == args->count)
		return NULL;
	return args->operands[batch->operand++];
}

/* What is left of a line without its comment and the white space around. */
static char *
name_of(struct input *input)
{
	char *name = input->buf;
	char *end;

	name[strcspn(name, "#")] = '\0';
	name += strspn(name, " \t\r");
	end = name + strlen(name);
	while (end > name && strchr(" \t\r", end[-1]) != NULL)
		*--end = '\0';
	return name;
}

static void
refuse_line(struct batch *batch, const char *why)
{
	complain("%s: line %lu: %s", batch->input.name, batch->input.line, why);
	batch->refused = true;
}

/* The name on the line read last; NULL if there is none, with the reason in
 * *why if that is no good. */
static const char *
take_name(struct input *input, enum input_status status, const char **why)
{
	char *name;

	*why = NULL;
	if (status == INPUT_TOO_LONG)
		*why = "too long for a domain";
	else if (strlen(input->buf) != input->len)
		*why = "not a domain";
	if (*why != NULL)
		return NULL;
	name = name_of(input);
	return name[0] != '\0' ? name : NULL;
}

static const char *
next_line(void *arg)
{
	struct batch *batch = arg;
	struct input *input = &batch->input;

	for (;;) {
		enum input_status status = input_line(input);
		const char *name, *why;

		if (status == INPUT_END)
			return NULL;
		if (status == INPUT_ERROR) {
			batch->refused = true;
			return NULL;
		}
		name = take_name(input, status, &why);
		if (name != NULL)
			return name;
		if (why != NULL)
			refuse_line(batch, why);
	}
}

/* How many names there are to come; 0 if that cannot be known beforehand. */
static size_t
count_names(struct input *input)
{
	enum input_status status;
	struct stat sb;
	const char *why;
	size_t count = 0;
	off_t here;

	if (fstat(fileno(input->fp), &sb) != 0 || !S_ISREG(sb.st_mode) ||
	    (here = ftello(input->fp)) == -1)
		return 0;
	while ((status = input_line(input)) == INPUT_LINE ||
	       status == INPUT_TOO_LONG)
		count += take_name(input, status, &why) != NULL;
	fseeko(input->fp, here, SEEK_SET);
	input->line = 0;
	return count;
}

/* ---- The batch -------------------------------------------------------- */

static void
put_summary(const struct batch *batch)
{
	json_t *object;

	if (!batch->ctl->args.json) {
		printf("%zu domains: %zu with a policy, %zu without, "
		       "%zu failed\n",
		    batch->domains, batch->policies, batch->none,
		    batch->failed);
		return;
	}
	object = json_make();
	json_put(object, "domains", json_integer((json_int_t)batch->domains));
	json_put(object, "policies", json_integer((json_int_t)batch->policies));
	json_put(object, "none", json_integer((json_int_t)batch->none));
	json_put(object, "failed", json_integer((json_int_t)batch->failed));
	json_print(object);
}

/* Where a user types names, a bar would only be in the way. */
static void
begin_progress(struct batch *batch)
{
	FILE *fp = batch->input.fp;

	if (!progress_is_wanted() || (fp != NULL && isatty(fileno(fp))))
		return;
	progress_begin(&batch->progress, fp != NULL
					     ? count_names(&batch->input)
					     : (size_t)batch->ctl->args.count);
}

static int
run_batch(struct batch *batch, unsigned flags)
{
	struct cachectl *ctl = batch->ctl;
	enum mtasts_status status;

	begin_progress(batch);
	status = mtasts_admin_batch(ctl->ctx, flags, ctl->args.jobs,
	    batch->next, on_done, batch, &ctl->err);
	progress_end(&batch->progress);
	if (status != MTASTS_OK)
		return cachectl_fail(ctl);
	put_summary(batch);
	return batch->failed > 0 || batch->refused ? EXIT_NO : EXIT_YES;
}

int
cmd_warm(struct cachectl *ctl)
{
	struct batch batch = {
		.ctl = ctl, .next = next_line, .is_failure = warm_failed
	};
	const char *file = ctl->args.count > 0 ? ctl->args.operands[0] : "-";
	int code;

	if (!input_open(&batch.input, file, NAME_MAX_LENGTH))
		return EXIT_USAGE;
	code = cachectl_open(ctl);
	if (code == EXIT_YES)
		code = run_batch(&batch, 0);
	input_close(&batch.input);
	return code;
}

static bool
spool_name(void *arg, const struct mtasts_cached *cached)
{
	FILE *spool = arg;

	return fprintf(spool, "%s\n", cached->domain) > 0;
}

/* Beside the cache, where its owner may write. */
static FILE *
unnamed_file_of(const struct cachectl *ctl)
{
	char path[PATH_MAX];
	const char *directory =
	    mtasts_options_text(ctl->options, "cache.directory");
	const int len =
	    snprintf(path, sizeof(path), "%s/names.XXXXXX", directory);
	FILE *fp;
	int fd;

	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd == -1)
		return NULL;
	unlink(path);
	fp = fdopen(fd, "w+");
	if (fp == NULL)
		close(fd);
	return fp;
}

/* In the system's place for it, if that may be written to. */
static FILE *
unnamed_file(const struct cachectl *ctl)
{
	FILE *fp = tmpfile();

	return fp != NULL ? fp : unnamed_file_of(ctl);
}

/* The names of the cache as the batch's input. */
static int
spool_names(struct batch *batch)
{
	struct cachectl *ctl = batch->ctl;

	batch->input.name = "temporary file";
	batch->input.size = NAME_MAX_LENGTH + 1;
	batch->input.buf = malloc(batch->input.size);
	if (batch->input.buf == NULL)
		die_memory();
	batch->input.fp = unnamed_file(ctl);
	if (batch->input.fp == NULL) {
		complain("temporary file: %s", strerror(errno));
		return EXIT_UNKNOWN;
	}
	if (mtasts_admin_list(
		ctl->ctx, spool_name, batch->input.fp, &ctl->err) != MTASTS_OK)
		return cachectl_fail(ctl);
	if (fflush(batch->input.fp) != 0 || ferror(batch->input.fp)) {
		complain("temporary file: %s", strerror(errno));
		return EXIT_UNKNOWN;
	}
	rewind(batch->input.fp);
	return EXIT_YES;
}

int
cmd_refresh(struct cachectl *ctl)
{
	struct batch batch = { .ctl = ctl,
		.next = ctl->args.all ? next_line : next_operand,
		.is_failure = refresh_failed };
	int code;

	if (ctl->args.all == (ctl->args.count > 0))
		return usage_error(ctl->command,
		    "refresh: either --all or a DOMAIN is expected");
	code = cachectl_open(ctl);
	if (code == EXIT_YES && ctl->args.all)
		code = spool_names(&batch);
	if (code == EXIT_YES)
		code = run_batch(&batch, MTASTS_REFRESH);
	input_close(&batch.input);
	return code;
}
