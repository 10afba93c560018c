/* Certificates for tests: made in memory, small keys of an elliptic curve. */
#ifndef TESTS_NET_PKI_H
#define TESTS_NET_PKI_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

struct pki_pair {
	X509 *cert;
	EVP_PKEY *key;
};

/* What a certificate says; times are seconds from now. */
struct pki_wish {
	const char *cn;	 /* NULL: an empty subject */
	const char *san; /* as in openssl.cnf: "DNS:a,DNS:b"; NULL: none */
	long not_before, not_after;
};

struct pki_pair pki_root(const char *cn);
struct pki_pair pki_issue(const struct pki_pair *issuer,
    const struct pki_wish *wish);
/* Signed by itself. */
struct pki_pair pki_selfsigned(const struct pki_wish *wish);
void pki_free(struct pki_pair *pair);

void pki_write(const X509 *cert, const char *path);

/* A server's context that presents the pair; max_version 0 is the newest. */
SSL_CTX *pki_server(const struct pki_pair *pair, int max_version);

#endif
