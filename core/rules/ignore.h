/*
 * The policy as a list of hosts not to be used, in the words of Exim: for its
 * option ignore_target_hosts.
 */
#ifndef RULES_IGNORE_H
#define RULES_IGNORE_H

#include "rules/policy.h"

/* Any policy that came in a body of POLICY_BODY_MAX fits in this. */
#define IGNORE_LIST_SIZE MTASTS_IGNORE_LIST_SIZE

/*
 * Write the list: every host but those that policy_match accepts, and but the
 * local host, which Exim's own loop rule has to see.
 *
 * A pattern that no host can match is left out. Returns false, and leaves "" in
 * buf, if not all of the list fits in size.
 */
bool ignore_list(const struct policy *policy, char *buf, size_t size);

#endif
