/* Certs: making and checking certificates with libcrypto.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/certs.h"

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { PEM_MAX_BYTES = 1 << 20, DAY_S = 86400 };

static X509 *parse_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return cert;
}

static EVP_PKEY *parse_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");

	BIO_free(bio);
	return key;
}

int cft_certs_match(const char *cert_pem, const char *key_pem, struct cft_err *err)
{
	X509 *cert = parse_cert(cert_pem);
	EVP_PKEY *key = parse_key(key_pem);
	int rc = 0;

	if (!cert)
		rc = cft_fail(err, CFT_E_CONFIG, "the certificate is no PEM certificate");
	else if (!key)
		rc = cft_fail(err, CFT_E_CONFIG, "the key is no PEM key without passphrase");
	else if (X509_check_private_key(cert, key) != 1)
		rc = cft_fail(err, CFT_E_CONFIG, "the key is not the certificate's");
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}

int cft_certs_expiry(const char *cert_pem, int64_t *ret_us, struct cft_err *err)
{
	X509 *cert = parse_cert(cert_pem);
	int days = 0, seconds = 0, rc = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

	if (!cert || !ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(cert)))
		rc = cft_fail(err, CFT_E_CONFIG, "the certificate is no PEM certificate");
	else
		*ret_us = ((int64_t)days * DAY_S + seconds) * 1000000;
	ASN1_TIME_free(epoch);
	X509_free(cert);
	return rc;
}

/* -- making -- */

struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

static void pair_release(struct pair *pair)
{
	X509_free(pair->cert);
	EVP_PKEY_free(pair->key);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	cft_random(bytes, sizeof(bytes));
	bytes[0] &= 0x7f; /* positive */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool set_identity(X509 *cert, const char *name, int days)
{
	return X509_set_version(cert, 2) && set_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), (long)days * DAY_S) &&
	       X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
	                                  (const unsigned char *)name, -1, -1, 0);
}

/* `authority` NULL: the certificate signs itself. `alternative` NULL: an authority. */
static int make_pair(const char *name, const char *alternative, int days,
                     const struct pair *authority, struct pair *ret, struct cft_err *err)
{
	struct pair made = {X509_new(), EVP_EC_gen("P-256")};
	X509 *issuer = authority ? authority->cert : made.cert;
	bool ok = made.cert && made.key && set_identity(made.cert, name, days) &&
	          X509_set_issuer_name(made.cert, X509_get_subject_name(issuer)) &&
	          X509_set_pubkey(made.cert, made.key);

	if (ok && alternative)
		ok = add_extension(made.cert, issuer, NID_subject_alt_name, alternative) &&
		     add_extension(made.cert, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
	else if (ok)
		ok = add_extension(made.cert, issuer, NID_basic_constraints,
		                   "critical,CA:TRUE,pathlen:0") &&
		     add_extension(made.cert, issuer, NID_key_usage, "critical,keyCertSign");
	if (!ok || !X509_sign(made.cert, authority ? authority->key : made.key, EVP_sha256())) {
		pair_release(&made);
		return cft_fail(err, CFT_E_INVALID, "cannot make a certificate for %s",
		                alternative ? alternative : name);
	}
	*ret = made;
	return 0;
}

static int write_bio(const char *dir, const char *name, BIO *bio, int mode, struct cft_err *err)
{
	char *path = cft_asprintf("%s/%s", dir, name), *data;
	long len = BIO_get_mem_data(bio, &data);
	int rc = cft_file_write(path, data, (size_t)len, mode, err);

	free(path);
	BIO_free(bio);
	return rc;
}

static int write_pair(const char *dir, const char *name, const struct pair *pair,
                      struct cft_err *err)
{
	BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_secmem());
	char file[64];
	int rc;

	PEM_write_bio_X509(cert, pair->cert);
	PEM_write_bio_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL);
	snprintf(file, sizeof(file), "%s.crt", name);
	rc = write_bio(dir, file, cert, 0644, err);
	snprintf(file, sizeof(file), "%s.key", name);
	if (rc == 0)
		return write_bio(dir, file, key, 0600, err);
	BIO_free(key);
	return rc;
}

static int read_authority(const char *dir, struct pair *ret, struct cft_err *err)
{
	struct cft_buf cert = CFT_BUF_INIT, key = CFT_BUF_INIT;
	char *cert_path = cft_asprintf("%s/ca.crt", dir),
	     *key_path = cft_asprintf("%s/ca.key", dir);
	int rc = cft_file_read(cert_path, PEM_MAX_BYTES, &cert, err);

	if (rc == 0)
		rc = cft_file_read(key_path, PEM_MAX_BYTES, &key, err);
	if (rc == 0)
		rc = cft_certs_match(cft_buf_str(&cert), cft_buf_str(&key), err);
	if (rc == 0)
		*ret = (struct pair){parse_cert(cft_buf_str(&cert)), parse_key(cft_buf_str(&key))};
	if (key.data)
		explicit_bzero(key.data, key.len);
	cft_buf_release(&cert);
	cft_buf_release(&key);
	free(cert_path);
	free(key_path);
	return rc;
}

static int have_authority(const char *dir, int days, struct pair *ret, struct cft_err *err)
{
	char *path = cft_asprintf("%s/ca.crt", dir);
	bool exists = cft_file_exists(path);
	int rc;

	free(path);
	if (exists)
		return read_authority(dir, ret, err);
	rc = make_pair("confiture development authority", NULL, days, NULL, ret, err);
	return rc == 0 ? write_pair(dir, "ca", ret, err) : rc;
}

static int issue(const char *dir, const char *file, const char *alternative, int days,
                 const struct pair *authority, struct cft_err *err)
{
	struct pair made = {0};
	int rc = make_pair("confiture", alternative, days, authority, &made, err);

	if (rc == 0)
		rc = write_pair(dir, file, &made, err);
	pair_release(&made);
	return rc;
}

int cft_certs_generate(const char *dir, const char *names, const char *client, int days,
                       struct cft_err *err)
{
	struct pair authority = {0};
	int rc = cft_file_mkdirs(dir, 0700, err);

	if (rc == 0)
		rc = have_authority(dir, days, &authority, err);
	if (rc == 0)
		rc = issue(dir, "server", names, days, &authority, err);
	if (rc == 0)
		rc = issue(dir, "client", client, days, &authority, err);
	pair_release(&authority);
	return rc;
}
