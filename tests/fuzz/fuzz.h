/*
 * Fuzz targets: one program for each parser of octets that others write.
 *
 * A target is a file fuzz_NOUN.c with the function below: it parses any octets
 * and checks what must hold of every input, by cmocka's assertions. Its seeds
 * are in corpus/NOUN, its words in dict/NOUN. libFuzzer calls it, or replay.c,
 * or a property test with inputs of its own.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "support/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same, for property.h. */
static inline void
fuzz_input(const char *data, size_t len)
{
	(void)LLVMFuzzerTestOneInput((const uint8_t *)data, len);
}

#endif
