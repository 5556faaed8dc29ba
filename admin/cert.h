/* X.509 certificates, written by GnuTLS (mbedTLS 2.28 writes neither subject names nor key usages; tried
 * with both as readers): the device CA, server certificates, device certificates, and the provisional
 * self-signed one a device shows while it enrols. All keys are ECDSA P-256, all signatures SHA-256.
 * Private keys are PKCS #8 DER in secret buffers; certificates are PEM. */
#ifndef ADMIN_CERT_H
#define ADMIN_CERT_H

#include <stdint.h>

#include "base/buf.h"

enum { CERT_KEY_MAX = 4096, CERT_PEM_MAX = 16384 };

/* A new P-256 key, appended to KEY (secret). ERR_BROKEN if the library fails. */
enum err_code cert_key_new(struct buf *key, struct err *err) MUST_CHECK;
/* Its SubjectPublicKeyInfo (DER), appended. */
enum err_code cert_key_spki(const struct buf *key, struct buf *spki, struct err *err) MUST_CHECK;
/* The private key as PEM ("PRIVATE KEY"), appended to PEM (secret): what servers and clients load. */
enum err_code cert_key_pem(const struct buf *key, struct buf *pem, struct err *err) MUST_CHECK;

/* A CA certificate for KEY: CN = NAME, CA:TRUE, path length 0, to 2049-12-31. NOW: seconds since 1970. */
enum err_code cert_ca(const struct buf *key, const char *name, int64_t now, struct buf *pem,
	struct err *err) MUST_CHECK;
/* A server certificate for KEY, signed by the CA: subject alternative names NAMES (NULL-ended; DNS names, or
 * IP addresses written as digits), EKU serverAuth, DAYS days. ERR_INPUT: no name, or a bad one. */
enum err_code cert_server(const struct buf *ca_key, const char *ca_pem, const struct buf *key,
	const char *const *names, int64_t now, int days, struct buf *pem, struct err *err) MUST_CHECK;
/* A device certificate for the public key SPKI (DER): CN = the 32 hex digits of ID, EKU clientAuth, to
 * 2049-12-31: the registry revokes, an expiry would only stop unattended kit. ERR_INPUT: SPKI is no P-256. */
enum err_code cert_device(const struct buf *ca_key, const char *ca_pem, const void *spki, size_t spki_len,
	const uint8_t id[16], int64_t now, struct buf *pem, struct err *err) MUST_CHECK;
/* The provisional certificate: as a device's, but signed by its own key. Proves possession only. */
enum err_code cert_self_signed(const struct buf *key, const uint8_t id[16], int64_t now, struct buf *pem,
	struct err *err) MUST_CHECK;

/* PEM to DER and back, for one certificate. ERR_INPUT. */
enum err_code cert_der(const char *pem, struct buf *der, struct err *err) MUST_CHECK;
enum err_code cert_pem(const void *der, size_t len, struct buf *pem, struct err *err) MUST_CHECK;

#endif
