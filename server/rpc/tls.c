/* Tls: gRPC's certificate config fetcher over files.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/tls.h"

#include "common/base/buf.h"
#include "common/base/certs.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PEM_MAX_BYTES = 1 << 20, FILES = 3 };

struct stamp {
	struct timespec changed;
	ino_t inode;
	off_t size;
};

struct cft_tls {
	char *files[FILES]; /* certificate, key, CA of the clients or NULL */
	pthread_mutex_t lock;
	struct stamp seen[FILES];
	bool read_again;
};

struct cft_tls *cft_tls_new(const char *cert, const char *key, const char *client_ca)
{
	struct cft_tls *tls = cft_new(struct cft_tls);

	tls->files[0] = cft_strdup(cert);
	tls->files[1] = cft_strdup(key);
	tls->files[2] = cft_strdup(client_ca);
	pthread_mutex_init(&tls->lock, NULL);
	return tls;
}

void cft_tls_free(struct cft_tls *tls)
{
	if (!tls)
		return;
	for (int i = 0; i < FILES; i++)
		free(tls->files[i]);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

void cft_tls_reload(struct cft_tls *tls)
{
	pthread_mutex_lock(&tls->lock);
	tls->read_again = true;
	pthread_mutex_unlock(&tls->lock);
}

/* True where a file is another one than at the last look. */
static bool changed(struct cft_tls *tls)
{
	bool any = tls->read_again;

	tls->read_again = false;
	for (int i = 0; i < FILES; i++) {
		struct stamp now = {0};
		struct stat st;
		if (!tls->files[i] || stat(tls->files[i], &st) != 0)
			continue;
		now = (struct stamp){st.st_mtim, st.st_ino, st.st_size};
		if (now.changed.tv_sec != tls->seen[i].changed.tv_sec ||
		    now.changed.tv_nsec != tls->seen[i].changed.tv_nsec ||
		    now.inode != tls->seen[i].inode || now.size != tls->seen[i].size)
			any = true;
		tls->seen[i] = now;
	}
	return any;
}

static int read_config(struct cft_tls *tls, grpc_ssl_server_certificate_config **ret,
                       struct cft_err *err)
{
	struct cft_buf text[FILES] = {CFT_BUF_INIT};
	grpc_ssl_pem_key_cert_pair pair;
	int rc = 0;

	for (int i = 0; i < FILES && rc == 0; i++)
		if (tls->files[i])
			rc = cft_file_read(tls->files[i], PEM_MAX_BYTES, &text[i], err);
	if (rc == 0)
		rc = cft_certs_match(cft_buf_str(&text[0]), cft_buf_str(&text[1]), err);
	if (rc == 0) {
		pair.cert_chain = cft_buf_str(&text[0]);
		pair.private_key = cft_buf_str(&text[1]);
		/* gRPC wants some authority also where clients show no certificate. */
		*ret = grpc_ssl_server_certificate_config_create(
			cft_buf_str(&text[tls->files[2] ? 2 : 0]), &pair, 1);
	}
	for (int i = 0; i < FILES; i++) {
		if (text[i].data)
			explicit_bzero(text[i].data, text[i].len);
		cft_buf_release(&text[i]);
	}
	return rc;
}

/* Any of gRPC's threads, before a handshake. */
static grpc_ssl_certificate_config_reload_status fetch(void *arg,
                                                       grpc_ssl_server_certificate_config **config)
{
	struct cft_tls *tls = arg;
	struct cft_err err = CFT_ERR_INIT;
	bool first = tls->seen[0].inode == 0;
	int rc = 0;

	pthread_mutex_lock(&tls->lock);
	bool read = changed(tls);
	if (read)
		rc = read_config(tls, config, &err);
	pthread_mutex_unlock(&tls->lock);
	if (!read)
		return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
	if (rc < 0) {
		cft_log_err(CFT_LOG_ERROR, "TLS files do not work; the old ones go on", &err);
		return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
	}
	if (!first)
		cft_log(CFT_LOG_INFO, "TLS certificate read", "file", tls->files[0], NULL);
	return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

int cft_tls_credentials(struct cft_tls *tls, grpc_server_credentials **ret, struct cft_err *err)
{
	grpc_ssl_server_certificate_config *config = NULL;
	grpc_ssl_server_credentials_options *options;
	int rc = read_config(tls, &config, err);

	if (rc < 0) {
		err->code = CFT_E_CONFIG;
		return err->code;
	}
	grpc_ssl_server_certificate_config_destroy(config);
	options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
		tls->files[2] ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
			      : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
		fetch, tls);
	*ret = options ? grpc_ssl_server_credentials_create_with_options(options) : NULL;
	return *ret ? 0 : cft_fail(err, CFT_E_CONFIG, "the TLS certificate and key do not work");
}
