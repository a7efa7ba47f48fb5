#include "base/library.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t table_bytes(size_t count)
{
    size_t bytes = count * sizeof(void *);
    return (bytes + LIBRARY_PAGE_BYTES - 1) / LIBRARY_PAGE_BYTES * LIBRARY_PAGE_BYTES;
}

/* What was found of the functions; the name of the first that was not, or NULL. */
static const char *find_functions(void *library, const char *const *functions, size_t count,
                                  void **table)
{
    for (size_t i = 0; i < count; i++) {
        table[i] = dlsym(library, functions[i]);
        if (!table[i])
            return functions[i];
    }
    return NULL;
}

int library_load(const char *file, const char *package, const char *const *functions, size_t count,
                 void *table, struct error_detail *detail)
{
    void **entries = table;
    if (entries[0])
        return 0;
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return error_set(detail, ERR_SYSTEM, file,
                         "cannot be loaded, and this needs it; Debian has it in the package %s: %s",
                         package, dlerror());
    const char *missing = find_functions(library, functions, count, entries);
    if (missing) {
        memset(table, 0, count * sizeof *entries);
        dlclose(library);
        return error_set(detail, ERR_SYSTEM, file, "is too old, it has no %s", missing);
    }
    /* As the linker's own tables; where it cannot be done nothing is lost but that. */
    if (sysconf(_SC_PAGESIZE) <= LIBRARY_PAGE_BYTES)
        mprotect(table, table_bytes(count), PROT_READ);
    return 0;
}
