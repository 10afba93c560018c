/* pki: certificates for tests. */
#include <config.h>

#include "net/pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY 86400L

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pki: %s\n", what);
	abort();
}

static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	check(extension != NULL, value);
	check(X509_add_ext(cert, extension, -1), value);
	X509_EXTENSION_free(extension);
}

static X509 *
blank(const struct pki_wish *wish, EVP_PKEY *key)
{
	static long serial = 1;
	X509 *cert = X509_new();

	check(cert != NULL, "X509_new");
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), wish->not_before);
	X509_gmtime_adj(X509_getm_notAfter(cert), wish->not_after);
	if (wish->cn != NULL)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
		    MBSTRING_UTF8, (const unsigned char *)wish->cn, -1, -1, 0);
	X509_set_pubkey(cert, key);
	return cert;
}

static struct pki_pair
sign(const struct pki_wish *wish, const struct pki_pair *issuer,
    const char *constraints)
{
	struct pki_pair pair;

	pair.key = EVP_EC_gen("P-256");
	check(pair.key != NULL, "EVP_EC_gen");
	pair.cert = blank(wish, pair.key);
	if (issuer == NULL)
		issuer = &pair;
	X509_set_issuer_name(pair.cert, X509_get_subject_name(issuer->cert));
	extend(pair.cert, issuer->cert, NID_basic_constraints, constraints);
	if (wish->san != NULL)
		extend(pair.cert, issuer->cert, NID_subject_alt_name,
		    wish->san);
	check(X509_sign(pair.cert, issuer->key, EVP_sha256()) > 0, "sign");
	return pair;
}

struct pki_pair
pki_root(const char *cn)
{
	struct pki_wish wish = { .cn = cn, .not_after = DAY };

	return sign(&wish, NULL, "critical,CA:TRUE");
}

struct pki_pair
pki_issue(const struct pki_pair *issuer, const struct pki_wish *wish)
{
	return sign(wish, issuer, "CA:FALSE");
}

struct pki_pair
pki_selfsigned(const struct pki_wish *wish)
{
	return sign(wish, NULL, "CA:FALSE");
}

void
pki_free(struct pki_pair *pair)
{
	X509_free(pair->cert);
	EVP_PKEY_free(pair->key);
}

void
pki_write(const X509 *cert, const char *path)
{
	FILE *file = fopen(path, "w");

	check(file != NULL && PEM_write_X509(file, cert) == 1, path);
	fclose(file);
}

SSL_CTX *
pki_server(const struct pki_pair *pair, int max_version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	check(ctx != NULL, "SSL_CTX_new");
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, max_version);
	if (max_version != 0 && max_version < TLS1_2_VERSION)
		SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
	check(SSL_CTX_use_certificate(ctx, pair->cert) == 1, "certificate");
	check(SSL_CTX_use_PrivateKey(ctx, pair->key) == 1, "key");
	return ctx;
}
