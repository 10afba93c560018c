/*
 * https: the port's own calls; what fetches is behind its table.
 *
 * Test: tests/unit/test_https.c
 */
#include <config.h>

#include "io/https.h"

enum mtasts_status
https_start(const struct https *https, const char *host, const char *path,
    https_done_fn *done, void *arg, struct https_transfer **out)
{
	*out = NULL;
	return https->ops->start(https->self, host, path, done, arg, out);
}

void
https_cancel(const struct https *https, struct https_transfer **transfer)
{
	struct https_transfer *t = *transfer;

	if (t == NULL)
		return;
	*transfer = NULL;
	https->ops->cancel(https->self, t);
}

const char *
https_status_name(enum https_status status)
{
	switch (status) {
	case HTTPS_OK:
		return "ok";
	case HTTPS_DNS:
		return "dns";
	case HTTPS_REFUSED:
		return "refused";
	case HTTPS_CONNECT:
		return "connect";
	case HTTPS_TIMEOUT:
		return "timeout";
	case HTTPS_TLS:
		return "tls";
	case HTTPS_PROTOCOL:
		return "protocol";
	case HTTPS_TOO_LARGE:
		return "too-large";
	case HTTPS_NOMEM:
		return "nomem";
	case HTTPS_UNABLE:
		return "unable";
	}
	return "unknown";
}
