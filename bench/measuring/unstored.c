/* Jobs are given made-up values: nothing is looked up, decided, opened or written down. What is
 * left is the way to the thread of secrets and back, and the values' way into the script. */
#include "secret/service.h"
#include <stdlib.h>
#include <string.h>

#define VALUE "a value that stands in no database: "

void __wrap_secret_resolve_batch(struct secret_service *service, struct secret_ticket **tickets,
                                 size_t count);

static void make_value(struct span name, size_t i, char *names, struct secret_value *ret)
{
    memcpy(names, name.data, name.size);
    *ret = (struct secret_value){
        .name = {names, name.size}, .size = sizeof VALUE, .version = 1, .guard = true};
    if (secret_bytes_init(&ret->bytes, ret->size))
        abort();
    memcpy(ret->bytes.data, VALUE, sizeof VALUE);
    ret->bytes.data[sizeof VALUE - 1] = (char)('a' + i);
}

/* One allocation, with the names, as resolve.c makes it. */
static struct secret_set *make_set(const struct secret_ask *ask)
{
    size_t size = sizeof(struct secret_set) + ask->count * sizeof(struct secret_value);
    for (size_t i = 0; i < ask->count; i++)
        size += ask->names[i].size;
    struct secret_set *set = calloc(1, size);
    if (!set)
        abort();
    set->values = (struct secret_value *)(set + 1);
    char *names = (char *)(set->values + ask->count);
    for (; set->count < ask->count; set->count++) {
        make_value(ask->names[set->count], set->count, names, &set->values[set->count]);
        names += ask->names[set->count].size;
    }
    if (secret_set_guard(set, ask->allow_output))
        abort();
    return set;
}

void __wrap_secret_resolve_batch(struct secret_service *service, struct secret_ticket **tickets,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++)
        tickets[i]->set = make_set(&tickets[i]->ask);
}
