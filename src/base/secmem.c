#include "base/secmem.h"

#include "base/error.h"
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

int secret_bytes_init(struct secret_bytes *secret, size_t size)
{
    void *data;

    if (size == 0 || size > SIZE_MAX / 2)
        return ERR_NO_MEMORY;
    data =
        mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return ERR_NO_MEMORY;
    /* Neither is refused on anonymous memory by any kernel of the last ten years. */
    madvise(data, whole_pages(size), MADV_DONTDUMP);
    madvise(data, whole_pages(size), MADV_WIPEONFORK);
    *secret = (struct secret_bytes){data, size, mlock(data, whole_pages(size)) == 0};
    return 0;
}

void secret_bytes_done(struct secret_bytes *secret)
{
    if (secret->data) {
        OPENSSL_cleanse(secret->data, secret->size);
        munmap(secret->data, whole_pages(secret->size));
    }
    *secret = (struct secret_bytes){0};
}

bool secret_bytes_equal(const struct secret_bytes *a, const struct secret_bytes *b)
{
    return a->size == b->size && CRYPTO_memcmp(a->data, b->data, a->size) == 0;
}
