/*
 * probe: the port's own calls; what looks at hosts is behind its table.
 *
 * Test: tests/unit/test_probe.c
 */
#include <config.h>

#include "io/probe.h"

enum mtasts_status
probe_start(const struct probe *probe, const char *host, probe_done_fn *done,
    void *arg, struct probe_run **out)
{
	*out = NULL;
	return probe->ops->start(probe->self, host, done, arg, out);
}

void
probe_cancel(const struct probe *probe, struct probe_run **run)
{
	struct probe_run *r = *run;

	if (r == NULL)
		return;
	*run = NULL;
	probe->ops->cancel(probe->self, r);
}

const char *
probe_status_name(enum probe_status status)
{
	switch (status) {
	case PROBE_OK:
		return "ok";
	case PROBE_CONNECT_FAILED:
		return "connect-failed";
	case PROBE_NOT_SMTP:
		return "not-smtp";
	case PROBE_NO_STARTTLS:
		return "no-starttls";
	case PROBE_STARTTLS_REFUSED:
		return "starttls-refused";
	case PROBE_TLS_FAILED:
		return "tls-failed";
	case PROBE_TLS_VERSION:
		return "tls-version";
	case PROBE_CERT_MISMATCH:
		return "cert-mismatch";
	case PROBE_CERT_EXPIRED:
		return "cert-expired";
	case PROBE_CERT_NOT_TRUSTED:
		return "cert-not-trusted";
	case PROBE_NOMEM:
		return "nomem";
	}
	return "unknown";
}
