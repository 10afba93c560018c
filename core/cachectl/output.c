/*
 * output: text for people, on terminals that hostile octets must not reach.
 *
 * Strings of the library are escaped already; arguments, files and raw bodies
 * are not, and go through put_escaped.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/output.h"

#include "cachectl/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
complain(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	terminal_remove_foot();
	fputs(PROGRAM ": ", stderr);
	put_escaped(stderr, text, strlen(text));
	putc('\n', stderr);
}

_Noreturn void
die_memory(void)
{
	complain("out of memory");
	exit(EXIT_UNKNOWN);
}

void
put_field(const char *label, const char *fmt, ...)
{
	va_list ap;

	printf("%-18s", label);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
put_escaped(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c >= 0x20 && c < 0x7f)
			putc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
}

void
put_lines(FILE *out, const char *prefix, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *stop = newline != NULL ? newline : end;
		const char *next = newline != NULL ? newline + 1 : end;

		if (newline != NULL && stop > data && stop[-1] == '\r')
			stop--;
		fputs(prefix, out);
		put_escaped(out, data, (size_t)(stop - data));
		putc('\n', out);
		data = next;
	}
}

const char *
time_text(int64_t when, char buf[TIME_SIZE])
{
	time_t seconds = (time_t)when;
	struct tm tm;

	if (when == 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return strcpy(buf, "-");
	return buf;
}

const char *
duration_text(int64_t seconds, char buf[TIME_SIZE])
{
	static const struct {
		int64_t size;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	/* "1d" if it is just that; else "47h" says more. */
	while (units[i].size > 1 && seconds < 2 * units[i].size &&
	    seconds != units[i].size)
		i++;
	snprintf(buf, TIME_SIZE, "%" PRId64 "%c", seconds / units[i].size,
	    units[i].name);
	return buf;
}

const char *
reason_sentence(enum mtasts_reason reason)
{
	switch (reason) {
	case MTASTS_REASON_POLICY:
		return "";
	case MTASTS_REASON_NOT_A_DOMAIN:
		return "not a name that can have a policy";
	case MTASTS_REASON_OVERRIDE_SKIP:
		return "a local override says to skip this domain";
	case MTASTS_REASON_NO_RECORD:
		return "the domain has no MTA-STS record";
	case MTASTS_REASON_MULTIPLE_RECORDS:
		return "the domain has more than one MTA-STS record, which "
		       "counts as none";
	case MTASTS_REASON_INVALID_RECORD:
		return "the domain's MTA-STS record is malformed, which counts "
		       "as none";
	case MTASTS_REASON_DNS_TEMPERROR:
		return "DNS gave no answer about an MTA-STS record";
	case MTASTS_REASON_FETCH_ERROR:
		return "a policy is promised, but could not be fetched";
	case MTASTS_REASON_WEBPKI_INVALID:
		return "a policy is promised, but the certificate of its web "
		       "server is not valid";
	case MTASTS_REASON_POLICY_INVALID:
		return "a policy is promised, but what is published is not "
		       "valid";
	case MTASTS_REASON_NULL_MX:
		return "the domain takes no mail (null MX)";
	case MTASTS_REASON_NO_SUCH_DOMAIN:
		return "the domain does not exist";
	case MTASTS_REASON_DEADLINE:
		return "there was no answer in time";
	case MTASTS_REASON_NOT_CACHED:
		return "the cache knows nothing of this domain";
	}
	return "unknown reason";
}

bool
output_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	/* A reader that went away knows. */
	if (errno != EPIPE)
		complain("standard output: %s", strerror(errno));
	return false;
}

void
put_log(void *arg, enum mtasts_log_level level, const char *line)
{
	(void)arg;
	terminal_remove_foot();
	fprintf(stderr, "%s: %s%s\n", PROGRAM,
	    level <= MTASTS_LOG_WARNING ? "warning: " : "", line);
}

void
put_step(void *arg, const struct mtasts_step *step)
{
	FILE *out = arg;

	fprintf(out, "%6" PRId64 " ms  %-8s %s: %s\n", step->elapsed,
	    mtasts_stage_name(step->stage), step->subject, step->text);
}
