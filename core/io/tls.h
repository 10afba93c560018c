/*
 * What the HTTPS port and the probe share of TLS: trusted roots, what a
 * certificate must be, and the names of what it is not.
 *
 * OpenSSL's structures appear by their tags only; its headers stay in the .c
 * files.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <stdbool.h>

#include "mtasts.h"

struct X509_VERIFY_PARAM_st;
struct bio_st;
struct ssl_ctx_st;
struct x509_store_st;

/*
 * Trusted roots: the file and the directory named, or with both NULL those
 * that were configured at build time, or the TLS library's own: its directory
 * if that can be read and has certificates named by hash, else its file. The
 * environment does not choose them. Loading a file reads all of it; a
 * directory is read as certificates ask for it. The caller owns *out.
 */
enum mtasts_status tls_roots_load(const char *ca_file, const char *ca_path,
    struct x509_store_st **out, struct mtasts_error *err);
void tls_roots_free(struct x509_store_st **roots);

/*
 * Since errno and OpenSSL's errors were cleared. OpenSSL says so by any kind of
 * error, or by none: issuers not found, a broken handshake, ciphers left out.
 * Takes the errors away.
 */
bool tls_memory_ran_out(void);

/*
 * Judge by these roots, and by this host name: among the DNS names of the
 * SAN alone, "*" only as a whole left-most label (RFC 8461, 3.3 and 4.2).
 */
bool tls_use_roots(struct ssl_ctx_st *ctx, struct x509_store_st *roots);
bool tls_expect_host(struct X509_VERIFY_PARAM_st *param, const char *host);

/* A client's context: TLS 1.2 or newer, no session kept. NULL without memory.
 * The caller owns it. */
struct ssl_ctx_st *tls_client_new(struct x509_store_st *roots);
void tls_client_free(struct ssl_ctx_st **ctx);

/* OpenSSL over a socket, without SIGPIPE; the descriptor stays the caller's. */
struct bio_st *tls_socket_bio(int fd);

/* "X509_V_ERR_CERT_HAS_EXPIRED" and so on; static. */
const char *tls_verify_name(long code);

#endif
