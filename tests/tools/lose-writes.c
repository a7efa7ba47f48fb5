/*
 * Loaded in front of libc (LD_PRELOAD): a disk that keeps nothing but what was synced, for
 * tests/faults.
 *
 * Whenever a file whose name begins with LOSE_WRITES_NAME is synced, its bytes at that moment are
 * copied into the folder LOSE_WRITES_DIR: what a machine that loses its power then would find. The
 * file named by LOSE_WRITES_FILE is mapped shared and holds two numbers (uint32): while `hold` is
 * not zero a sync waits, while `fail` is not zero it fails with EIO, once it has been reached.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    _Atomic uint32_t hold, fail;
} *orders;
static const char *folder, *prefix;
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("LOSE_WRITES_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    folder = getenv("LOSE_WRITES_DIR");
    prefix = getenv("LOSE_WRITES_NAME");
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        orders = map;
}

/* The last part of the file's name, if it is one of ours. */
static const char *name_of(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = orders && folder && prefix ? readlink(link, path, size - 1) : -1;
    if (n < 0)
        return NULL;
    path[n] = 0;
    const char *name = strrchr(path, '/');
    if (!name || strncmp(name + 1, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *kind = strrchr(name, '-'); /* of a journal it is the removal that counts */
    return kind && strcmp(kind, "-journal") == 0 ? NULL : name + 1;
}

/* Through the same descriptor: to close another one would give up SQLite's locks. */
static void copy(int fd, const char *name)
{
    static char bytes[1 << 16];
    char half[4200], whole[4200];
    snprintf(half, sizeof half, "%s/half", folder);
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    int to = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    off_t at = 0;
    ssize_t n;
    for (; (n = pread(fd, bytes, sizeof bytes, at)) > 0; at += n)
        if (write(to, bytes, (size_t)n) != n)
            abort();
    if (n < 0 || rename(half, whole) != 0)
        abort();
    close(to);
}

/* False: the disk has failed. */
static int reach_disk(int fd)
{
    char path[4096];
    const char *name = name_of(fd, path, sizeof path);
    if (!name)
        return 1;
    while (orders->hold)
        usleep(1000);
    if (orders->fail) {
        errno = EIO;
        return 0;
    }
    pthread_mutex_lock(&copying);
    copy(fd, name);
    pthread_mutex_unlock(&copying);
    return 1;
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    return reach_disk(fd) ? real(fd) : -1;
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return reach_disk(fd) ? real(fd) : -1;
}
