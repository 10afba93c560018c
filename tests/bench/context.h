/* A context of the library over a cache directory. */
#ifndef BENCH_CONTEXT_H
#define BENCH_CONTEXT_H

#include "mtasts.h"

struct mtasts *bench_context(const char *directory);

#endif
