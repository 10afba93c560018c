/* Certificates for any name, made when a client asks for the name. */
#ifndef BENCH_CERTIFICATES_H
#define BENCH_CERTIFICATES_H

#include <openssl/ssl.h>

/* A context for servers, of which ROOT.pem and ROOT.key sign for each name by
 * SNI. ECDSA on P-256, no sessions. */
SSL_CTX *certificates_context(const char *root, const char *key);

#endif
