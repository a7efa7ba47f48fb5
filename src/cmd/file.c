#include "cmd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, struct buf *buf)
{
    ssize_t size;

    do {
        if (buf_reserve(buf, 1) < 0)
            return ERR_NO_MEMORY;
        size_t room = buf->capacity - buf->size;
        if (room > buf->max - buf->size)
            room = buf->max - buf->size;
        size = read(fd, buf->data + buf->size, room);
        if (size > 0)
            buf->size += (size_t)size;
    } while (size > 0 || (size < 0 && errno == EINTR));
    return size < 0 ? ERR_SYSTEM : 0;
}

const char *file_place(const char *file)
{
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

int file_read(const char *file, struct buf *buf, struct error_detail *detail)
{
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    const char *place = file_place(file);
    int r;

    if (fd < 0)
        return error_set(detail, ERR_USAGE, place, "%s", strerror(errno));
    r = read_all(fd, buf);
    if (r == ERR_NO_MEMORY)
        error_set(detail, ERR_USAGE, place, "is larger than %zu bytes", buf->max - 1);
    else if (r < 0)
        error_set(detail, ERR_USAGE, place, "%s", strerror(errno));
    if (fd != STDIN_FILENO)
        close(fd);
    return r < 0 ? ERR_USAGE : 0;
}
