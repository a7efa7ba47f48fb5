/* Trees and paths, RFC 9162. Leaves and roots of the first test are those that the implementations
 * of Certificate Transparency check themselves with. */
#include "base/encode.h"
#include "protect/merkle.h"
#include "unit.h"

static const struct span inputs[] = {
    {"", 0},
    {"\x00", 1},
    {"\x10", 1},
    {"\x20\x21", 2},
    {"\x30\x31", 2},
    {"\x40\x41\x42\x43", 4},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};
#define INPUTS (sizeof inputs / sizeof *inputs)

static const char *const roots[INPUTS] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static struct merkle tree;

static void plant(uint32_t count)
{
    uint8_t leaf[MERKLE_HASH_SIZE];
    merkle_reset(&tree);
    for (uint32_t i = 0; i < count; i++) {
        struct span data = count <= INPUTS ? inputs[i] : (struct span){(const char *)&i, sizeof i};
        merkle_leaf(data, leaf);
        merkle_add(&tree, leaf);
    }
    merkle_build(&tree);
}

static void known_roots(void **state)
{
    char hex[2 * MERKLE_HASH_SIZE + 1];
    for (uint32_t n = 1; n <= INPUTS; n++) {
        plant(n);
        hex_encode(hex, merkle_root(&tree), MERKLE_HASH_SIZE);
        assert_string_equal(hex, roots[n - 1]);
    }
}

static int root_of(const uint8_t *path, size_t size, uint32_t leaf, uint32_t *count,
                   uint8_t root[MERKLE_HASH_SIZE])
{
    return merkle_root_of((struct span){(const char *)path, size}, tree.nodes[leaf], count, root);
}

static void every_leaf_of_every_size_has_its_path(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33, 64, 100, 1023, 1024};
    uint8_t path[MERKLE_PATH_MOST], root[MERKLE_HASH_SIZE];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        plant(sizes[s]);
        for (uint32_t i = 0; i < sizes[s]; i++) {
            uint32_t count = 0;
            size_t size = merkle_path(&tree, i, path);
            assert_int_equal(root_of(path, size, i, &count, root), 0);
            assert_int_equal(count, sizes[s]);
            assert_memory_equal(root, merkle_root(&tree), sizeof root);
        }
    }
}

/* Does anything but the leaf's own path lead to the root? */
static void whatever_is_changed_leads_elsewhere(void **state)
{
    uint8_t path[MERKLE_PATH_MOST + MERKLE_HASH_SIZE] = {0}, root[MERKLE_HASH_SIZE];
    uint32_t count;
    for (uint32_t n = 2; n <= INPUTS; n++) {
        plant(n);
        for (uint32_t i = 0; i < n; i++) {
            size_t size = merkle_path(&tree, i, path);
            for (size_t at = 0; at < size; at++) {
                path[at] ^= 1;
                int r = root_of(path, size, i, &count, root);
                bool same = !r && count == n && !memcmp(root, merkle_root(&tree), sizeof root);
                assert_false(same);
                path[at] ^= 1;
            }
            assert_int_equal(root_of(path, size - MERKLE_HASH_SIZE, i, &count, root),
                             ERR_INVALID_FIELD);
            assert_int_equal(root_of(path, size + MERKLE_HASH_SIZE, i, &count, root),
                             ERR_INVALID_FIELD);
            assert_int_equal(root_of(path, size - 1, i, &count, root), ERR_INVALID_FIELD);
        }
    }
}

static void impossible_paths_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"", 0},
        {"\0\0\0\0\0\0\0", 7},
        {"\0\0\0\0\0\0\0\0", 8},         /* no leaves */
        {"\0\0\0\1\0\0\0\1", 8},         /* behind the last */
        {"\xff\xff\xff\xff\0\0\0\2", 8}, /* far behind */
        {"\0\0\0\0\xff\xff\xff\xff", 8}, /* too many */
        {"\0\0\0\0\0\0\4\1", 8},         /* one too many */
    };
    uint8_t root[MERKLE_HASH_SIZE];
    uint32_t count;
    plant(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(root_of((const uint8_t *)cases[i].bytes, cases[i].size, 0, &count, root),
                         ERR_INVALID_FIELD);
}

/* A leaf that is made of two hashes is not the node over them. */
static void a_node_cannot_be_shown_as_a_leaf(void **state)
{
    uint8_t leaf[MERKLE_HASH_SIZE];
    plant(2);
    merkle_leaf((struct span){(const char *)tree.nodes, 2 * MERKLE_HASH_SIZE}, leaf);
    assert_memory_not_equal(leaf, merkle_root(&tree), sizeof leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_roots),
        cmocka_unit_test(every_leaf_of_every_size_has_its_path),
        cmocka_unit_test(whatever_is_changed_leads_elsewhere),
        cmocka_unit_test(impossible_paths_are_refused),
        cmocka_unit_test(a_node_cannot_be_shown_as_a_leaf),
    };
    return RUN_TESTS(tests);
}
