#include "base/sha256.h"

#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_hash(const uint8_t hash[SHA256_SIZE], const char *hex)
{
    char text[2 * SHA256_SIZE + 1];
    hex_encode(text, hash, SHA256_SIZE);
    assert_string_equal(text, hex);
}

/* The examples of FIPS 180. */
static void the_standard_s_examples(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t hash[SHA256_SIZE];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct span text = span_of(examples[i].text);
        sha256(text, hash);
        assert_hash(hash, examples[i].hash);
        for (size_t at = 0; at <= text.size; at++) {
            const struct span parts[] = {{text.data, at}, {0}, {text.data + at, text.size - at}};
            sha256_parts(parts, 3, hash);
            assert_hash(hash, examples[i].hash);
        }
    }
    sha256((struct span){0}, hash);
    assert_hash(hash, examples[0].hash);
}

static char *repeat(char c, size_t count)
{
    static char text[256];
    memset(text, c, sizeof text);
    text[count] = '\0';
    return text;
}

/* RFC 4231, but for the one that is cut short: keys shorter and longer than a block. */
static void the_rfc_s_macs(void **state)
{
    (void)state;
    static const struct {
        char key_byte;
        size_t key_size;
        const char *data, *mac;
    } examples[] = {
        {0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {(char)0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {(char)0xaa, 131,
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    uint8_t mac[SHA256_SIZE];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct span data = span_of(examples[i].data);
        struct hmac hmac;
        hmac_init(&hmac, (struct span){repeat(examples[i].key_byte, examples[i].key_size),
                                       examples[i].key_size});
        for (size_t at = 0; at <= data.size; at++) { /* the key serves any number of times */
            const struct span parts[] = {{data.data, at}, {data.data + at, data.size - at}};
            hmac_sign(&hmac, parts, 2, mac);
            assert_hash(mac, examples[i].mac);
        }
        hmac_done(&hmac);
    }
    const struct span data = SPAN("what do ya want for nothing?");
    hmac_parts(SPAN("Jefe"), &data, 1, mac);
    assert_hash(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_parts((struct span){0}, NULL, 0, mac);
    assert_hash(mac, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_s_examples),
        cmocka_unit_test(the_rfc_s_macs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
