/* The files of tests/vectors: keys, signatures and sealed messages by other implementations. */

#include "base/encode.h"
#include "base/json_read.h"
#include "protect/envelope.h"
#include "protect/jws.h"
#include "protect/keyring.h"
#include "protect/merkle.h"

#include "protect/vectors.h"

#include <openssl/sha.h>

/* --- keys and signatures --- */

static void check_key(struct span vector)
{
    struct buf seed = bytes_of(vector, "seed"), written = BUF_INIT(4096);
    struct jws_key key;
    uint8_t public_key[JWS_PUBLIC_SIZE];
    assert_int_equal(seed.size, JWS_SEED_SIZE);
    assert_int_equal(jws_key_derive((uint8_t *)seed.data, &key), 0);
    assert_int_equal(jws_read_jwk(member(vector, "jwk"), public_key, NULL), 0);
    assert_memory_equal(public_key, key.public_key, sizeof public_key);
    assert_int_equal(jws_write_jwk(&key, &written), 0);
    struct buf kid = text_of(of_buf(&written), "kid"),
               theirs = text_of(member(vector, "jwk"), "kid");
    assert_same(of_buf(&kid), of_buf(&theirs));
    buf_done(&kid);
    buf_done(&theirs);
    buf_done(&written);
    buf_done(&seed);
    jws_key_done(&key);
}

static void keys_and_their_thumbprints(void **state)
{
    (void)state;
    struct buf file = read_file("tests/vectors/keys.json");
    check_key(member(of_buf(&file), "identity"));
    check_key(member(of_buf(&file), "result"));
    buf_done(&file);
}

static struct jws_key key_of(struct span file, const char *name)
{
    struct buf seed = bytes_of(member(file, name), "seed");
    struct jws_key key;
    assert_int_equal(jws_key_derive((uint8_t *)seed.data, &key), 0);
    buf_done(&seed);
    return key;
}

/* Verifies `text`, gives its payload, and signs the same to get the same text (Ed25519 does). */
static struct buf check_jws(const struct jws_key *key, enum jws_type type, struct span text,
                            bool same_header)
{
    struct jws jws;
    struct buf again = BUF_INIT(JWS_TEXT_MOST);
    assert_int_equal(jws_parse(text, &jws, NULL), 0);
    assert_string_equal(jws.kid, key->kid);
    assert_int_equal(jws_verify(&jws, type, key->public_key, NULL), 0);
    assert_int_equal(jws_sign(key, type, of_buf(&jws.payload), &again, NULL), 0);
    if (same_header)
        assert_same(of_buf(&again), text);
    buf_done(&again);
    return jws.payload;
}

static void the_identity_s_statement(void **state)
{
    (void)state;
    struct buf file = read_file("tests/vectors/keys.json");
    struct jws_key identity = key_of(of_buf(&file), "identity");
    struct span bundle = member(of_buf(&file), "bundle");
    struct buf claims = text_of(bundle, "claims"), statement = text_of(bundle, "statement");
    struct buf payload = check_jws(&identity, JWS_KEY, of_buf(&statement), true);
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char digest[KEYRING_DIGEST_TEXT];
    SHA256((uint8_t *)claims.data, claims.size, hash);
    hex_encode(digest, hash, sizeof hash);
    struct buf named = text_of(of_buf(&payload), "claims_sha256");
    assert_bytes(named, digest);
    buf_done(&named);
    buf_done(&payload);
    buf_done(&claims);
    buf_done(&statement);
    jws_key_done(&identity);
    buf_done(&file);
}

static void single_receipts(void **state)
{
    (void)state;
    struct buf keys = read_file("tests/vectors/keys.json");
    struct buf file = read_file("tests/vectors/receipts.json");
    struct jws_key key = key_of(of_buf(&keys), "result");
    struct span rest, one;
    size_t count = 0;
    assert_true(json_array(member(of_buf(&file), "single"), &rest));
    for (; json_element(&rest, &one); count++) {
        struct buf name = text_of(one, "name"), text = text_of(one, "receipt");
        bool newer = !span_equal(of_buf(&name), SPAN("EdDSA"));
        struct buf payload = check_jws(&key, JWS_RECEIPT, of_buf(&text), newer);
        struct buf expected = text_of(one, "payload");
        assert_same(of_buf(&payload), of_buf(&expected));
        buf_done(&payload);
        buf_done(&expected);
        buf_done(&text);
        buf_done(&name);
    }
    assert_true(count >= 4);
    jws_key_done(&key);
    buf_done(&file);
    buf_done(&keys);
}

/* The part of a batched receipt that ends at the next '~', decoded. */
static struct buf part_of(struct span *rest)
{
    const char *end = memchr(rest->data, '~', rest->size);
    struct buf part = BUF_INIT(FILE_MOST);
    assert_non_null(end);
    size_t size = (size_t)(end - rest->data);
    assert_int_equal(base64url_decode(&part, (struct span){rest->data, size}), 0);
    *rest = (struct span){end + 1, rest->size - size - 1};
    return part;
}

/* The path in a receipt leads from its payload to the root that is signed. */
static void check_path(struct span literal, uint32_t size, struct span root_hex)
{
    struct buf text = BUF_INIT(JWS_TEXT_MOST);
    uint8_t leaf[MERKLE_HASH_SIZE], root[MERKLE_HASH_SIZE];
    char hex[2 * MERKLE_HASH_SIZE + 1];
    uint32_t count;
    assert_int_equal(json_unquote(literal, &text), 0);
    struct span rest = of_buf(&text);
    struct buf payload = part_of(&rest), path = part_of(&rest);
    merkle_leaf(of_buf(&payload), leaf);
    assert_int_equal(merkle_root_of(of_buf(&path), leaf, &count, root), 0);
    assert_int_equal(count, size);
    hex_encode(hex, root, sizeof root);
    assert_same(span_of(hex), root_hex);
    buf_done(&payload);
    buf_done(&path);
    buf_done(&text);
}

static void check_leaves(struct span batch, struct span root_hex)
{
    struct span rest, one;
    uint64_t size;
    uint32_t count = 0;
    assert_true(json_read_u64(member(batch, "size"), &size));
    assert_true(json_array(member(batch, "receipts"), &rest));
    for (; json_element(&rest, &one); count++)
        check_path(one, (uint32_t)size, root_hex);
    assert_int_equal(count, size);
}

static void batches_and_every_leaf(void **state)
{
    (void)state;
    struct buf keys = read_file("tests/vectors/keys.json");
    struct buf file = read_file("tests/vectors/receipts.json");
    struct jws_key key = key_of(of_buf(&keys), "result");
    struct span rest, one;
    size_t count = 0;
    assert_true(json_array(member(of_buf(&file), "batches"), &rest));
    for (; json_element(&rest, &one); count++) {
        struct buf text = text_of(one, "jws"), root = text_of(one, "root");
        struct buf payload = check_jws(&key, JWS_BATCH, of_buf(&text), true);
        struct buf signed_root = text_of(of_buf(&payload), "root");
        assert_same(of_buf(&signed_root), of_buf(&root));
        check_leaves(one, of_buf(&root));
        buf_done(&signed_root);
        buf_done(&payload);
        buf_done(&text);
        buf_done(&root);
    }
    assert_int_equal(count, 8);
    jws_key_done(&key);
    buf_done(&file);
    buf_done(&keys);
}

/* A receipt whose fault is in its form or its signature, in the words of the vectors. */
static bool is_refused_here(struct span refusal)
{
    static const char *const names[] = {"algorithm", "critical", "type", "key", "signature"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_equal(refusal, span_of(names[i])))
            return true;
    return false;
}

static bool verifies(const struct jws_key *key, struct span text)
{
    struct jws jws;
    if (jws_parse(text, &jws, NULL))
        return false;
    bool good =
        strcmp(jws.kid, key->kid) == 0 && jws_verify(&jws, JWS_RECEIPT, key->public_key, NULL) == 0;
    jws_done(&jws);
    return good;
}

static void refused_signatures(void **state)
{
    (void)state;
    struct buf keys = read_file("tests/vectors/keys.json");
    struct buf file = read_file("tests/vectors/refused.json");
    struct jws_key key = key_of(of_buf(&keys), "result");
    struct span rest, one;
    size_t count = 0;
    assert_true(json_array(member(of_buf(&file), "receipts"), &rest));
    while (json_element(&rest, &one)) {
        struct buf name = text_of(one, "name"), refusal = text_of(one, "refusal");
        struct buf text = text_of(one, "receipt");
        if (is_refused_here(of_buf(&refusal)) && !memchr(text.data, '~', text.size)) {
            if (verifies(&key, of_buf(&text)))
                fail_msg("%.*s verifies", (int)name.size, name.data);
            count++;
        }
        buf_done(&name);
        buf_done(&refusal);
        buf_done(&text);
    }
    assert_true(count >= 10);
    jws_key_done(&key);
    buf_done(&file);
    buf_done(&keys);
}

/* --- sealed messages --- */

static EVP_PKEY *hpke_key_of(struct span vector, const char *name, uint16_t kem)
{
    struct buf bytes = bytes_of(vector, name);
    EVP_PKEY *key;
    assert_int_equal(hpke_key_import(kem, of_buf(&bytes), &key), 0);
    buf_done(&bytes);
    return key;
}

/* Opens a message and seals the plaintext again to the same bytes: both directions. */
static struct hpke_context check_hpke(struct span vector, uint16_t kem, struct span info,
                                      struct span aad, struct span enc, uint32_t sequence,
                                      struct span sealed)
{
    EVP_PKEY *key = hpke_key_of(vector, "private", kem);
    EVP_PKEY *ephemeral = hpke_key_of(vector, "ephemeral", kem);
    struct buf plaintext = text_of(vector, "plaintext"), opened = BUF_INIT(FILE_MOST);
    struct buf again = BUF_INIT(FILE_MOST);
    struct hpke_context receiver, sender;
    uint8_t public_key[HPKE_PUBLIC_MOST], made[HPKE_PUBLIC_MOST];
    size_t size;
    assert_int_equal(hpke_setup_receiver(kem, key, enc, info, &receiver), 0);
    assert_int_equal(hpke_open(&receiver, sequence, aad, sealed, &opened), 0);
    assert_same(of_buf(&opened), of_buf(&plaintext));
    assert_int_equal(hpke_key_public(key, public_key, &size), 0);
    struct span receiver_key = {(char *)public_key, size};
    assert_int_equal(hpke_setup_sender(kem, receiver_key, info, ephemeral, made, &sender), 0);
    assert_memory_equal(made, enc.data, enc.size);
    sender.sequence = sequence;
    assert_int_equal(hpke_seal(&sender, aad, of_buf(&plaintext), &again), 0);
    assert_same(of_buf(&again), sealed);
    hpke_context_done(&sender);
    buf_done(&again);
    buf_done(&opened);
    buf_done(&plaintext);
    EVP_PKEY_free(ephemeral);
    EVP_PKEY_free(key);
    return receiver;
}

/* Returns its number. */
static uint64_t check_exchange(struct span vector)
{
    uint64_t kem, sequence;
    uint8_t secret[HPKE_HASH_SIZE];
    assert_true(json_read_u64(member(vector, "kem"), &kem));
    struct buf info = bytes_of(vector, "info"), aad = bytes_of(vector, "aad");
    struct buf enc = bytes_of(vector, "enc"), request = bytes_of(vector, "request");
    struct envelope envelope;
    assert_int_equal(envelope_parse(of_buf(&request), &envelope, NULL), 0);
    assert_same(envelope.enc, of_buf(&enc));
    assert_true(json_read_u64(member(vector, "sequence"), &sequence));
    assert_int_equal(envelope.sequence, sequence);
    struct hpke_context context = check_hpke(vector, (uint16_t)kem, of_buf(&info), of_buf(&aad),
                                             of_buf(&enc), envelope.sequence, envelope.sealed);
    struct buf expected = bytes_of(vector, "secret");
    struct buf about = BUF_INIT(256);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256((uint8_t *)request.data, request.size, digest);
    buf_add(&about, "neocompute sealed response", sizeof "neocompute sealed response");
    buf_add(&about, digest, sizeof digest);
    hpke_export(&context, of_buf(&about), secret, sizeof secret);
    assert_same((struct span){(char *)secret, sizeof secret}, of_buf(&expected));
    hpke_context_done(&context);
    buf_done(&expected);
    buf_done(&about);
    buf_done(&info);
    buf_done(&aad);
    buf_done(&enc);
    buf_done(&request);
    return sequence;
}

static void sealed_requests(void **state)
{
    (void)state;
    struct buf file = read_file("tests/vectors/sealed.json");
    struct span rest, one;
    uint64_t count = 0, last = 0;
    assert_true(json_array(member(of_buf(&file), "exchanges"), &rest));
    for (; json_element(&rest, &one); count++) {
        uint64_t sequence = check_exchange(one);
        last = sequence > last ? sequence : last;
    }
    assert_int_equal(count, 8);
    assert_int_equal(last, 256);
    buf_done(&file);
}

/* The service's keys, as it looks for one. NULL: none has this id. */
static EVP_PKEY *find_hpke_key(struct span keys, struct span id, uint16_t *kem)
{
    struct span rest, one;
    assert_true(json_array(member(keys, "hpke"), &rest));
    while (json_element(&rest, &one)) {
        struct buf key_id = bytes_of(one, "key_id");
        bool found = span_equal(of_buf(&key_id), id);
        uint64_t number;
        buf_done(&key_id);
        assert_true(json_read_u64(member(one, "kem"), &number));
        *kem = (uint16_t)number;
        if (found)
            return hpke_key_of(one, "private", *kem);
    }
    return NULL;
}

static int open_request(struct span keys, struct span request)
{
    struct envelope envelope;
    struct envelope_reply reply;
    struct hpke_context context;
    struct buf text = BUF_INIT(FILE_MOST);
    uint16_t kem;
    int r = envelope_parse(request, &envelope, NULL);
    if (r)
        return r;
    struct span id = {envelope.origin.data, ENVELOPE_KEY_ID_SIZE};
    EVP_PKEY *key = find_hpke_key(keys, id, &kem);
    if (!key)
        return ERR_SEALED_KEY_UNKNOWN;
    r = envelope_derive(&envelope, kem, key, &context, NULL);
    if (!r)
        r = envelope_open(&envelope, &context, SPAN("POST /execute"), &text, &reply, NULL);
    buf_done(&text);
    EVP_PKEY_free(key);
    return r;
}

static void refused_requests(void **state)
{
    (void)state;
    struct buf keys = read_file("tests/vectors/keys.json");
    struct buf file = read_file("tests/vectors/refused.json");
    struct buf good = bytes_of(member(of_buf(&file), "responses"), "request");
    struct span rest, one;
    size_t count = 0;
    assert_int_equal(open_request(of_buf(&keys), of_buf(&good)), 0);
    assert_true(json_array(member(of_buf(&file), "requests"), &rest));
    for (; json_element(&rest, &one); count++) {
        struct buf name = text_of(one, "name"), refusal = text_of(one, "refusal");
        struct buf request = bytes_of(one, "request");
        int r = open_request(of_buf(&keys), of_buf(&request));
        if (!span_equal(span_of(error_name(r)), of_buf(&refusal)))
            fail_msg("%.*s: %s", (int)name.size, name.data, error_name(r));
        buf_done(&name);
        buf_done(&refusal);
        buf_done(&request);
    }
    assert_true(count >= 25);
    buf_done(&good);
    buf_done(&file);
    buf_done(&keys);
}

static void an_encrypted_output(void **state)
{
    (void)state;
    struct buf file = read_file("tests/vectors/sealed.json");
    struct span vector = member(of_buf(&file), "encrypted_output");
    struct buf text = text_of(vector, "encrypted_output"), job = text_of(vector, "job_id");
    uint8_t message[4096];
    int size = EVP_DecodeBlock(message, (uint8_t *)text.data, (int)text.size);
    assert_true(size > 0 && (size_t)size <= sizeof message);
    for (size_t end = text.size; text.data[end - 1] == '='; end--)
        size--; /* OpenSSL counts what the padding stands for */
    struct span enc = {(char *)message, hpke_public_size(HPKE_KEM_X25519)};
    struct span sealed = {(char *)message + enc.size, (size_t)size - enc.size};
    struct hpke_context context = check_hpke(
        vector, HPKE_KEM_X25519, SPAN("neocompute encrypted output"), of_buf(&job), enc, 0, sealed);
    hpke_context_done(&context);
    buf_done(&text);
    buf_done(&job);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_their_thumbprints),
        cmocka_unit_test(the_identity_s_statement),
        cmocka_unit_test(single_receipts),
        cmocka_unit_test(batches_and_every_leaf),
        cmocka_unit_test(refused_signatures),
        cmocka_unit_test(sealed_requests),
        cmocka_unit_test(refused_requests),
        cmocka_unit_test(an_encrypted_output),
    };
    return RUN_TESTS(tests);
}
