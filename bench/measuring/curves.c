/*
 * One Ed25519 signature, its verification, and one product of X25519, by OpenSSL and by libsodium
 * in turn, each COUNT times; medians in microseconds. Usage: curves [COUNT] (3000)
 *
 * OpenSSL as the core calls it: a key that is kept, and a context for each call.
 */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_SIZE  300 /* bytes that are signed: as many as the head of a batch has */
#define COUNT_MOST 1000000

static struct {
    EVP_PKEY *sign, *verify, *mine, *theirs;
    uint8_t text[TEXT_SIZE], signature[64], secret[crypto_sign_SECRETKEYBYTES], public[32];
    uint8_t scalar[32], point[32], shared[32];
} keys;

/* What must not fail: the figure would be of something else. */
static void demand(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "curves: %s failed\n", what);
        exit(1);
    }
}

static void openssl_sign(void)
{
    size_t size = sizeof keys.signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    demand(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, keys.sign) == 1 &&
               EVP_DigestSign(ctx, keys.signature, &size, keys.text, TEXT_SIZE) == 1,
           "OpenSSL's signature");
    EVP_MD_CTX_free(ctx);
}

static void openssl_verify(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    demand(ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, keys.verify) == 1 &&
               EVP_DigestVerify(ctx, keys.signature, sizeof keys.signature, keys.text, TEXT_SIZE) ==
                   1,
           "OpenSSL's verification");
    EVP_MD_CTX_free(ctx);
}

static void openssl_x25519(void)
{
    size_t size = sizeof keys.shared;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys.mine, NULL);
    demand(ctx && EVP_PKEY_derive_init(ctx) == 1 &&
               EVP_PKEY_derive_set_peer(ctx, keys.theirs) == 1 &&
               EVP_PKEY_derive(ctx, keys.shared, &size) == 1,
           "OpenSSL's X25519");
    EVP_PKEY_CTX_free(ctx);
}

static void sodium_sign(void)
{
    demand(crypto_sign_detached(keys.signature, NULL, keys.text, TEXT_SIZE, keys.secret) == 0,
           "libsodium's signature");
}

static void sodium_verify(void)
{
    demand(crypto_sign_verify_detached(keys.signature, keys.text, TEXT_SIZE, keys.public) == 0,
           "libsodium's verification");
}

static void sodium_x25519(void)
{
    demand(crypto_scalarmult(keys.shared, keys.scalar, keys.point) == 0, "libsodium's X25519");
}

static const struct {
    const char *name;
    void (*openssl)(void), (*sodium)(void);
} rows[] = {
    {"Ed25519 signature", openssl_sign, sodium_sign},
    {"Ed25519 verification", openssl_verify, sodium_verify},
    {"X25519", openssl_x25519, sodium_x25519},
};

static void make_keys(void)
{
    uint8_t seed[32];
    randombytes_buf(keys.text, sizeof keys.text);
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(keys.scalar, sizeof keys.scalar);
    crypto_sign_seed_keypair(keys.public, keys.secret, seed);
    crypto_scalarmult_base(keys.point, seed);
    keys.sign = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    keys.verify = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, keys.public, 32);
    keys.mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, keys.scalar, 32);
    keys.theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, keys.point, 32);
    demand(keys.sign && keys.verify && keys.mine && keys.theirs, "making the keys");
}

static double timed(void (*call)(void))
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    call();
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (double)(after.tv_sec - before.tv_sec) * 1e6 +
           (double)(after.tv_nsec - before.tv_nsec) / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
    return times[count / 2];
}

int main(int argc, char **argv)
{
    char *end = NULL;
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    unsigned long count = argc > 1 ? strtoul(argv[1], &end, 10) : 3000;
    if (help || argc > 2 || (end && *end) || count < 1 || count > COUNT_MOST) {
        fprintf(help ? stdout : stderr, "Usage: curves [COUNT]    (3000; at most %d)\n",
                COUNT_MOST);
        return help ? 0 : 2;
    }
    double *openssl = calloc(count, sizeof *openssl), *sodium = calloc(count, sizeof *sodium);
    demand(openssl && sodium && sodium_init() >= 0, "starting");
    make_keys();
    printf("%s, libsodium %s, %lu of each in turn, medians\n\n", OpenSSL_version(OPENSSL_VERSION),
           sodium_version_string(), count);
    printf("| %-21s | %8s | %9s |\n|----------------------|---------:|----------:|\n", "µs",
           "OpenSSL", "libsodium");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < count; k++) {
            openssl[k] = timed(rows[i].openssl);
            sodium[k] = timed(rows[i].sodium);
        }
        printf("| %-20s | %8.1f | %9.1f |\n", rows[i].name, median(openssl, count),
               median(sodium, count));
    }
    return 0;
}
