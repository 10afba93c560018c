/*
 * A host to call the library on: a network namespace with a name server of the
 * test's own, a cache in a scratch directory, and a context over both.
 */
#ifndef SUPPORT_HOST_H
#define SUPPORT_HOST_H

#include <sys/types.h>

#include "mtasts.h"
#include "mtasts_admin.h"
#include "support/scratch.h"

/*
 * What the name server says, by what a name has in it:
 *	promise	TXT: a policy under id one, whose host does not exist
 *	fail	SERVFAIL
 *	silent	nothing
 *	slow	the same as without, after HOST_SLOW milliseconds
 *	mx	MX: 10 mx.host.example, which has no address
 *	other	NXDOMAIN
 */
#define HOST_SLOW 400

struct host {
	char path[SCRATCH_PATH];
	struct mtasts_options *options;
	struct mtasts *ctx;
	struct mtasts_session *session;
};

/* Before any thread: the name server, in a child. False where namespaces are
 * not permitted; then main ends in host_skip. */
bool host_enter(void);
int host_skip(void);
void host_leave(void);

/* Setup and teardown of a test; *state is a struct host with a session. */
int host_make(void **state);
int host_unmake(void **state);

/* Another context and session in place of the first, after options changed. */
void host_again(struct host *host);
void host_set(struct host *host, const char *name, const char *value);

/* Store an enforce policy that names mx.host.example, under id one. */
enum mtasts_status host_store(struct host *host, const char *domain);

/* A call that must be answered. */
const struct mtasts_result *host_lookup(struct host *host, const char *domain,
    unsigned flags, int deadline);
const struct mtasts_result *host_evaluate(struct host *host,
    const char *domain, unsigned flags, int deadline);

int64_t host_milliseconds(void);

#endif
