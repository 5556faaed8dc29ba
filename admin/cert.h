/* X.509 certificates by GnuTLS: the organisation's CA, servers, devices, and the self-signed certificate a
 * box uses until it is approved. P-256 everywhere. (mbedTLS 2.28 can write neither SAN nor EKU.) */
#ifndef ADMIN_CERT_H
#define ADMIN_CERT_H

#include <stdint.h>

#include "base/buf.h"

/* A new P-256 key: PEM (PKCS 8) and DER appended to what is not NULL; buffers should be secret. */
enum err_code cert_key_new(struct buf *pem, struct buf *der, struct err *err) MUST_CHECK;
/* The SubjectPublicKeyInfo (DER) of a PEM key, appended. */
enum err_code cert_key_spki(const struct buf *key_pem, struct buf *spki, struct err *err) MUST_CHECK;

/* A CA: 20 years. KEY_DER private; CERT_DER appended. */
enum err_code cert_ca(const char *organisation, const struct buf *key_der, int64_t now, struct buf *cert_der,
	struct err *err) MUST_CHECK;
/* A server's certificate for the DNS names NAMES (comma separated), 2 years. PEM appended. */
enum err_code cert_server(const struct buf *ca_key_der, const struct buf *ca_cert_der, const char *names,
	const struct buf *key_pem, int64_t now, struct buf *cert_pem, struct err *err) MUST_CHECK;
/* Of a server's certificate: its DNS names, comma separated, appended to NAMES (may be NULL), and its last second in
 * *UNTIL. ERR_INPUT if PEM is no certificate with DNS names. */
enum err_code cert_server_read(const struct buf *pem, struct buf *names, int64_t *until, struct err *err) MUST_CHECK;
/* A device's: CN = hex id, EKU client, to 2049-12-31. PEM appended; SHA-256 of its DER in SHA256. */
enum err_code cert_device(const struct buf *ca_key_der, const struct buf *ca_cert_der, const uint8_t id[16],
	const void *spki, size_t spki_len, int64_t now, struct buf *cert_pem, uint8_t sha256[32],
	struct err *err) MUST_CHECK;
/* The same with chosen ends, for tests of clocks. */
enum err_code cert_device_dates(const struct buf *ca_key_der, const struct buf *ca_cert_der, const uint8_t id[16],
	const void *spki, size_t spki_len, int64_t from, int64_t to, struct buf *cert_pem, uint8_t sha256[32],
	struct err *err) MUST_CHECK;
/* Whose certificate PEM is: the device id in its CN. ERR_INPUT if it is no device's. */
enum err_code cert_device_id(const struct buf *pem, uint8_t id[16], struct err *err) MUST_CHECK;
/* Self-signed, for enrolment only. PEM appended. */
enum err_code cert_provisional(const struct buf *key_pem, struct buf *cert_pem, struct err *err) MUST_CHECK;
/* DER to PEM ("CERTIFICATE"), appended. */
enum err_code cert_pem(const void *der, size_t len, struct buf *pem, struct err *err) MUST_CHECK;

#endif
