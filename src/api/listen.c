/*
 * Addresses to listen on: ADDR:PORT, [V6]:PORT, or :PORT, which means loopback.
 */
#include "api/server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_BYTES 256

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int bad_address(const char *listen, struct error_detail *detail)
{
    return error_set(detail, ERR_USAGE, "listen",
                     "\"%.100s\" is no address to listen on; right would be 127.0.0.1:8080, "
                     "[::1]:8080 or :8080",
                     listen);
}

/* Splits at the last colon; brackets around the host are taken off. */
static int split(const char *listen, char host[HOST_BYTES], const char **port)
{
    const char *colon = strrchr(listen, ':');
    if (!colon || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return ERR_USAGE;
    /* getaddrinfo would take the lowest 16 bits of any number. */
    if (strlen(colon + 1) > 5 || strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return ERR_USAGE;
    const char *from = listen;
    size_t size = (size_t)(colon - listen);
    if (size >= 2 && from[0] == '[' && from[size - 1] == ']') {
        from++;
        size -= 2;
    } else if (memchr(from, ':', size)) {
        return ERR_USAGE; /* an IPv6 address without brackets: where does it end? */
    }
    if (size >= HOST_BYTES)
        return ERR_USAGE;
    memcpy(host, from, size);
    host[size] = '\0';
    *port = colon + 1;
    return 0;
}

static int resolve(const char *listen, union address *ret, socklen_t *ret_size,
                   struct error_detail *detail)
{
    char host[HOST_BYTES];
    const char *port;
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (split(listen, host, &port))
        return bad_address(listen, detail);
    if (getaddrinfo(host[0] ? host : "127.0.0.1", port, &hints, &found) || !found)
        return bad_address(listen, detail);
    int r = 0;
    if (found->ai_addrlen <= sizeof *ret) {
        memcpy(ret, found->ai_addr, found->ai_addrlen);
        *ret_size = found->ai_addrlen;
    } else {
        r = bad_address(listen, detail);
    }
    freeaddrinfo(found);
    return r;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return (ntohl(address->v4.sin_addr.s_addr) >> 24) == 127;
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

int api_check_listen(const char *listen, bool insecure, bool *exposed, struct error_detail *detail)
{
    union address address;
    socklen_t size;
    int r = resolve(listen, &address, &size, detail);
    if (r)
        return r;
    bool reachable = !is_loopback(&address);
    if (reachable && !insecure)
        return error_set(detail, ERR_USAGE, "listen",
                         "%.100s can be reached by others, who could name any user in X-User-ID; "
                         "listen on a loopback address such as 127.0.0.1:8080, or say "
                         "--listen-insecure if something in front of it checks who calls",
                         listen);
    *exposed = reachable;
    return 0;
}

/* Where the socket is, as a URL. */
static int describe(int fd, char *url, size_t url_size, uint16_t *ret_port)
{
    union address address;
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN];
    if (getsockname(fd, &address.any, &size))
        return ERR_SYSTEM;
    bool v6 = address.any.sa_family == AF_INET6;
    uint16_t port = ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port);
    const void *number = v6 ? (void *)&address.v6.sin6_addr : (void *)&address.v4.sin_addr;
    if (!inet_ntop(address.any.sa_family, number, text, sizeof text))
        return ERR_SYSTEM;
    snprintf(url, url_size, v6 ? "http://[%s]:%u" : "http://%s:%u", text, port);
    *ret_port = port;
    return 0;
}

int api_listen(const char *listen_text, int backlog, int *ret_fd, char *url, size_t url_size,
               uint16_t *ret_port, struct error_detail *detail)
{
    union address address;
    socklen_t size;
    int r = resolve(listen_text, &address, &size, detail);
    if (r)
        return r;
    int on = 1;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, &address.any, size) || listen(fd, backlog)) {
        r = error_set(detail, ERR_SYSTEM, "listen", "cannot listen on %.100s: %s", listen_text,
                      strerror(errno));
        goto out;
    }
    r = describe(fd, url, url_size, ret_port);
    if (r)
        goto out;
    *ret_fd = fd;
    fd = -1;
out:
    if (fd >= 0)
        close(fd);
    return r;
}
