#include "protect/hkdf.h"

#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MOST 128

static struct span unhex(const char *text, char room[TEXT_MOST])
{
    size_t size = strlen(text) / 2;
    if (size > 0)
        assert_int_equal(hex_decode((uint8_t *)room, size, span_of(text)), 0);
    return (struct span){room, size};
}

/* RFC 5869, appendix A, what is with SHA-256. */
static const struct {
    const char *ikm, *salt, *info, *prk, *okm;
} examples[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d"
     "2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d"
     "8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdd"
     "dedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e59"
     "0e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void the_rfc_s_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char rooms[5][TEXT_MOST];
        uint8_t prk[SHA256_SIZE], okm[TEXT_MOST];
        struct hmac begun;
        struct span ikm = unhex(examples[i].ikm, rooms[0]),
                    salt = unhex(examples[i].salt, rooms[1]);
        struct span info = unhex(examples[i].info, rooms[2]),
                    wanted = unhex(examples[i].okm, rooms[3]);
        const struct span ikm_parts[] = {{ikm.data, 7}, {ikm.data + 7, ikm.size - 7}};
        const struct span info_parts[] = {{info.data, info.size / 3},
                                          {info.data + info.size / 3, info.size - info.size / 3}};
        hkdf_extract(salt, ikm_parts, 2, prk);
        assert_memory_equal(prk, unhex(examples[i].prk, rooms[4]).data, sizeof prk);
        hmac_init(&begun, (struct span){(char *)prk, sizeof prk});
        for (size_t size = 0; size <= wanted.size; size++) {
            memset(okm, 0, sizeof okm);
            hkdf_expand(&begun, info_parts, 2, okm, size);
            assert_memory_equal(okm, wanted.data, size);
            assert_int_equal(okm[size], 0);
        }
        hmac_done(&begun);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
