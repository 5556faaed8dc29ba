/* H(), and everything that is a hash of public things: key, organisation, device and form ids, the leaf and
 * link of a record, the fingerprint people compare. H(name; x, y) is BLAKE2b-256 without key over the text
 * "candour/1 name", a NUL, and the fields one after another (docs/formats/chain.md). Safe in any thread. */
#ifndef COLLECTOR_CHAIN_H
#define COLLECTOR_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct chain_hash {
	uint8_t bytes[32];
};

/* A hash being computed. On the stack; nothing to free. */
struct chain_state {
	_Alignas(64) uint8_t opaque[384];
};

/* LABEL without "candour/1 ": "leaf", "receipt", .. */
void chain_begin(struct chain_state *s, const char *label);
void chain_add(struct chain_state *s, const void *data, size_t len);
void chain_add_u8(struct chain_state *s, uint8_t v);
void chain_add_u64(struct chain_state *s, uint64_t v);
void chain_end(struct chain_state *s, struct chain_hash *out);
/* H(LABEL; DATA) at once. */
void chain_h(const char *label, const void *data, size_t len, struct chain_hash *out);
/* Hashing gives what it must for one known input. For a program that hashes without sodium_init() first, which
 * libsodium does not promise to work (docs/sealing.md says who does, and why). */
bool chain_works(void);
bool chain_same(const struct chain_hash *a, const struct chain_hash *b);

/* Plain SHA-256, for fingerprints of certificates as other tools print them. */
void chain_sha256(const void *data, size_t len, uint8_t out[32]);

/* What a key is for; the numbers are part of the key id and of the formats. */
enum key_use {
	KEY_ROOT = 1,		/* Ed25519: signs key rings */
	KEY_RESPONSE = 2,	/* X25519: opens lane 0 */
	KEY_ESCROW = 3,		/* X25519: opens lane 0 if the response key is lost */
	KEY_CONCERN = 4,	/* X25519: opens lane 1 */
	KEY_PUBLISH = 5,	/* Ed25519: signs bundles, revocations, publications */
	KEY_RECEIPT = 6,	/* Ed25519: signs receipts and time */
	KEY_CA = 7,		/* P-256: signs device and server certificates; its "public" is the certificate (DER) */
	KEY_DEVICE = 8,		/* Ed25519: signs batches */
	KEY_DEVICE_TLS = 9,	/* P-256: TLS; its "public" is the SubjectPublicKeyInfo (DER) */
};
#define KEY_USES 9

/* "response"; NULL for a number that is no use. */
const char *key_use_word(enum key_use use);
/* The use called WORD, or 0. */
enum key_use key_use_of(const char *word);

/* First 8 bytes of H(key; u8 use, public). */
void chain_key_id(enum key_use use, const void *public_, size_t len, uint8_t out[8]);
/* First 16 bytes of H(org; root public). */
void chain_org_id(const uint8_t root[32], uint8_t out[16]);
/* First 16 bytes of H(device; Ed25519 public, P-256 SubjectPublicKeyInfo). */
void chain_device_id(const uint8_t sign_public[32], const void *spki, size_t spki_len, uint8_t out[16]);
/* First 16 bytes of H(form; definition): names a form inside plaintexts. DEFINITION is the XForm XML, byte
 * for byte as it was signed. */
void chain_form_id(const void *definition, size_t len, uint8_t out[16]);

/* "ABCD-EFGH-JKMN-PQRS": the first 10 bytes of a device id in Crockford base32; TEXT has room for 20. */
void chain_fingerprint(const uint8_t device[16], char text[20]);
/* Is TEXT (either case, I L O read as 1 1 0, blanks and dashes skipped) that fingerprint? */
bool chain_fingerprint_is(const uint8_t device[16], const char *text);

/* hw = H(wraps; wrap[0..n-1]) of N wraps of 80 bytes; N may be 0. */
void chain_wraps(const uint8_t *wraps, size_t n, struct chain_hash *out);
/* hb = H(body; nonce, body): NONCE_BODY is the 24 bytes of the nonce followed by the body. */
void chain_body(const uint8_t *nonce_body, size_t len, struct chain_hash *out);
/* leaf = H(leaf; header, hw, hb). */
void chain_leaf(const uint8_t header[128], const struct chain_hash *hw, const struct chain_hash *hb,
	struct chain_hash *out);
/* link[0] = H(genesis; device, epoch, u8 lane). */
void chain_genesis(const uint8_t device[16], const uint8_t epoch[16], uint8_t lane, struct chain_hash *out);
/* link[s] = H(link; link[s-1], u64 s, leaf[s]). OUT may be BEFORE. */
void chain_link(const struct chain_hash *before, uint64_t seq, const struct chain_hash *leaf,
	struct chain_hash *out);
/* First 16 bytes of H(withdraw tag; w): the tag in a record's header that the four words lead to. */
void chain_withdraw_tag(const uint8_t w[32], uint8_t out[16]);

#endif
