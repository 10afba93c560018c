/*
 * tls: roots, host names and sockets for OpenSSL (RFC 8461, 3.3, 4.2 and 7;
 * RFC 6125, 6.4; RFC 9325).
 *
 * Knows neither HTTPS nor SMTP. The names of verification errors are in
 * tls_names.c.
 *
 * Test: tests/unit/test_tls.c
 */
#include <config.h>

#include "io/tls.h"

#include "base/error.h"

#include <sys/socket.h>

#include <dirent.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

bool
tls_memory_ran_out(void)
{
	bool ran_out = errno == ENOMEM;
	unsigned long error;

	while ((error = ERR_get_error()) != 0)
		if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
			ran_out = true;
	return ran_out;
}

static bool
load_file(X509_STORE *roots, const char *file)
{
	return file == NULL || X509_STORE_load_file(roots, file) == 1;
}

/* A directory that is not there is no error to OpenSSL. */
static bool
load_path(X509_STORE *roots, const char *path)
{
	return path == NULL ||
	    (access(path, R_OK | X_OK) == 0 &&
		X509_STORE_load_path(roots, path) == 1);
}

/* As OpenSSL looks for a certificate: eight hexadecimal digits, a dot, a number. */
static bool
is_hash_link(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");
	const char *number = name + digits + 1;

	return digits == 8 && name[digits] == '.' && number[0] != '\0' &&
	    number[strspn(number, "0123456789")] == '\0';
}

static bool
is_hashed(const char *path)
{
	const struct dirent *entry;
	DIR *directory = opendir(path);
	bool found = false;

	if (directory == NULL)
		return false;
	while (!found && (entry = readdir(directory)) != NULL)
		found = is_hash_link(entry->d_name);
	closedir(directory);
	return found;
}

/* Of OpenSSL's own two places the one that need not be read whole, if there are
 * certificates in it. Not by X509_STORE_set_default_paths: it reads both, and lets
 * SSL_CERT_FILE and SSL_CERT_DIR choose. */
static bool
load_builtin(X509_STORE *roots)
{
	const char *path = X509_get_default_cert_dir();

	if (DEFAULT_CA_PATH[0] != '\0')
		return load_path(roots, DEFAULT_CA_PATH);
	return (is_hashed(path) && load_path(roots, path)) ||
	    load_file(roots, X509_get_default_cert_file());
}

static enum mtasts_status
unreadable(struct mtasts_error *err, const char *what)
{
	return error_set(err, MTASTS_CONFIG, MTASTS_STAGE_NONE, 0,
	    "trusted roots cannot be read from %s", what);
}

enum mtasts_status
tls_roots_load(const char *ca_file, const char *ca_path,
    struct x509_store_st **out, struct mtasts_error *err)
{
	enum mtasts_status status = MTASTS_OK;
	X509_STORE *roots;

	*out = NULL;
	ERR_clear_error();
	errno = 0;
	if ((roots = X509_STORE_new()) == NULL)
		return error_nomem(err, "trusted roots");
	if (ca_file == NULL && ca_path == NULL) {
		if (!load_builtin(roots))
			status = unreadable(err, "the built-in place");
	} else if (!load_file(roots, ca_file)) {
		status = unreadable(err, ca_file);
	} else if (!load_path(roots, ca_path)) {
		status = unreadable(err, ca_path);
	}
	if (tls_memory_ran_out())
		status = error_nomem(err, "trusted roots");
	if (status != MTASTS_OK)
		tls_roots_free(&roots);
	*out = roots;
	return status;
}

void
tls_roots_free(struct x509_store_st **roots)
{
	X509_STORE_free(*roots);
	*roots = NULL;
}

bool
tls_use_roots(struct ssl_ctx_st *ctx, struct x509_store_st *roots)
{
	if (X509_STORE_up_ref(roots) != 1)
		return false;
	SSL_CTX_set_cert_store(ctx, roots);
	return true;
}

bool
tls_expect_host(struct X509_VERIFY_PARAM_st *param, const char *host)
{
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

struct ssl_ctx_st *
tls_client_new(struct x509_store_st *roots)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	errno = 0;
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		return NULL;
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* Ciphers for which there is no memory are left out in silence. */
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    tls_use_roots(ctx, roots) && !tls_memory_ran_out())
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

void
tls_client_free(struct ssl_ctx_st **ctx)
{
	SSL_CTX_free(*ctx);
	*ctx = NULL;
}

/* ---- A socket for OpenSSL; its own would raise SIGPIPE ------------------ */

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static int
bio_fd(BIO *bio)
{
	return (int)(intptr_t)BIO_get_data(bio);
}

static bool
try_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	ssize_t n = send(bio_fd(bio), data, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n < 0 && try_again())
		BIO_set_retry_write(bio);
	return (int)n;
}

static int
bio_read(BIO *bio, char *data, int len)
{
	ssize_t n = recv(bio_fd(bio), data, (size_t)len, 0);

	BIO_clear_retry_flags(bio);
	if (n < 0 && try_again())
		BIO_set_retry_read(bio);
	else if (n == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return (int)n;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)number;
	(void)pointer;
	switch (command) {
	case BIO_CTRL_EOF:
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	case BIO_CTRL_FLUSH:
		return 1;
	default:
		return 0;
	}
}

static void
bio_method_make(void)
{
	bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "socket without SIGPIPE");
	if (bio_method == NULL)
		return;
	BIO_meth_set_write(bio_method, bio_write);
	BIO_meth_set_read(bio_method, bio_read);
	BIO_meth_set_ctrl(bio_method, bio_ctrl);
}

struct bio_st *
tls_socket_bio(int fd)
{
	BIO *bio;

	pthread_once(&bio_once, bio_method_make);
	if (bio_method == NULL || (bio = BIO_new(bio_method)) == NULL)
		return NULL;
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	return bio;
}
