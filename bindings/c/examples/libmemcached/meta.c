/* Meta get: connect, send a line, read a line and a value, all within a time. */
#define _POSIX_C_SOURCE 200809L
#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* No item is larger than memcached's largest `-I`. */
static const size_t largest = (size_t)1 << 30;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static meta_status wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd poller = {fd, events, 0};
    int ready = left > 0 ? poll(&poller, 1, (int)left) : 0;
    if (ready > 0) return META_FOUND;
    if (ready == 0) return META_TIMEOUT;
    if (errno != EINTR) return META_ERROR;
  }
}

void meta_close(meta_connection *meta) {
  if (meta->fd >= 0) close(meta->fd);
  meta->fd = -1;
  meta->at = meta->end = 0;
}

/* What an error says when no connection was made. */
static meta_status unmade(int error) {
  switch (error) {
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
  case EADDRNOTAVAIL:
    return META_LACKING;
  default:
    return META_UNREACHABLE;
  }
}

static meta_status connect_to(meta_connection *meta, const struct sockaddr *address, socklen_t size, int64_t deadline) {
  int fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd < 0) return unmade(errno);
  meta->fd = fd;
  int on = 1;
  if (address->sa_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  meta_status status = META_FOUND;
  if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    status = META_ERROR;
  } else if (connect(fd, address, size) < 0) {
    int error = 0;
    socklen_t room = sizeof error;
    int begun = errno == EINPROGRESS || errno == EINTR;
    status = begun ? wait_for(fd, POLLOUT, deadline) : unmade(errno);
    if (status == META_TIMEOUT) status = META_UNREACHABLE;
    if (status == META_FOUND && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &room) < 0 || error != 0))
      status = META_UNREACHABLE;
  }
  if (status != META_FOUND) meta_close(meta);
  return status;
}

static meta_status open_to(meta_connection *meta, const char *host, const char *port, int64_t deadline) {
  if (port == NULL) {
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    if (strlen(host) >= sizeof path.sun_path) return META_ERROR;
    memcpy(path.sun_path, host, strlen(host) + 1);
    return connect_to(meta, (const struct sockaddr *)&path, sizeof path, deadline);
  }
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
  int failed = getaddrinfo(host, port, &hints, &found);
  if (failed != 0) return failed == EAI_MEMORY ? META_LACKING : META_UNREACHABLE;
  meta_status status = META_LACKING;
  for (struct addrinfo *each = found; each != NULL && status != META_FOUND; each = each->ai_next) {
    meta_status one = connect_to(meta, each->ai_addr, each->ai_addrlen, deadline);
    /* One address that is not reached says more than others for which something was lacking. */
    if (status == META_LACKING || one == META_FOUND) status = one;
  }
  freeaddrinfo(found);
  return status;
}

static meta_status send_all(meta_connection *meta, const char *text, size_t len, int64_t deadline) {
  while (len > 0) {
    ssize_t sent = send(meta->fd, text, len, MSG_NOSIGNAL);
    if (sent >= 0) {
      text += sent;
      len -= (size_t)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      meta_status status = wait_for(meta->fd, POLLOUT, deadline);
      if (status != META_FOUND) return status;
    } else if (errno != EINTR) {
      return META_ERROR;
    }
  }
  return META_FOUND;
}

/* Takes the next `len` bytes. */
static meta_status read_bytes(meta_connection *meta, char *out, size_t len, int64_t deadline) {
  while (len > 0) {
    if (meta->at == meta->end) {
      ssize_t came = recv(meta->fd, meta->buffer, sizeof meta->buffer, 0);
      if (came == 0) return META_ERROR;
      if (came < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return META_ERROR;
        meta_status status = wait_for(meta->fd, POLLIN, deadline);
        if (status != META_FOUND) return status;
        continue;
      }
      meta->at = 0;
      meta->end = (size_t)came;
    }
    size_t part = meta->end - meta->at < len ? meta->end - meta->at : len;
    memcpy(out, meta->buffer + meta->at, part);
    meta->at += part;
    out += part;
    len -= part;
  }
  return META_FOUND;
}

static meta_status read_line(meta_connection *meta, char *line, size_t room, int64_t deadline) {
  for (size_t len = 0; len < room; len++) {
    meta_status status = read_bytes(meta, line + len, 1, deadline);
    if (status != META_FOUND) return status;
    if (line[len] == '\n') {
      line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
      return META_FOUND;
    }
  }
  return META_ERROR;
}

/* The flags of `VA <size> <flag>...`, each a letter and what belongs to it. */
static void read_marks(char *marks, meta_item *item) {
  int marked_stale = 0, marked_token = 0;
  char *rest = NULL;
  for (char *mark = strtok_r(marks, " ", &rest); mark != NULL; mark = strtok_r(NULL, " ", &rest)) {
    if (*mark == 'f') item->value.flags = (uint32_t)strtoul(mark + 1, NULL, 10);
    if (*mark == 't') item->left = strtoll(mark + 1, NULL, 10);
    if (*mark == 'c') item->cas = strtoull(mark + 1, NULL, 10);
    if (*mark == 'X') marked_stale = 1;
    if (*mark == 'W' || *mark == 'Z') marked_token = 1;
  }
  item->stands_in = marked_stale || (marked_token && item->value.len == 0);
}

static meta_status exchange(meta_connection *meta, const char *key, size_t key_len, int64_t deadline, meta_item *item) {
  char line[320];
  int len = snprintf(line, sizeof line, "mg %.*s v f t c\r\n", (int)key_len, key);
  if (len < 0 || (size_t)len >= sizeof line) return META_ERROR;
  meta_status status = send_all(meta, line, (size_t)len, deadline);
  if (status == META_FOUND) status = read_line(meta, line, sizeof line, deadline);
  if (status != META_FOUND) return status;
  if (strncmp(line, "EN", 3) == 0) return META_MISSING;
  if (strcmp(line, "ERROR") == 0) return META_UNKNOWN;
  char *marks = NULL;
  size_t size = strncmp(line, "VA ", 3) == 0 ? (size_t)strtoull(line + 3, &marks, 10) : largest + 1;
  if (size > largest) return META_ERROR;
  /* The value's end of line is read with it. */
  char *data = malloc(size + 2);
  if (data == NULL) return META_LACKING;
  status = read_bytes(meta, data, size + 2, deadline);
  if (status != META_FOUND || memcmp(data + size, "\r\n", 2) != 0) {
    free(data);
    return status == META_FOUND ? META_ERROR : status;
  }
  data[size] = '\0';
  *item = (meta_item){.value = {data, size, 0}, .left = META_NO_END};
  read_marks(marks, item);
  return META_FOUND;
}

meta_status meta_reach(const char *host, const char *port, int timeout_ms) {
  meta_connection meta = {.fd = -1};
  meta_status status = open_to(&meta, host, port, now_ms() + timeout_ms);
  meta_close(&meta);
  return status;
}

meta_status meta_get(meta_connection *meta, const char *host, const char *port, int timeout_ms, const char *key,
                     size_t key_len, meta_item *item) {
  for (;;) {
    int idle = meta->fd >= 0;
    int64_t deadline = now_ms() + timeout_ms;
    meta_status status = idle ? META_FOUND : open_to(meta, host, port, deadline);
    if (status == META_FOUND) status = exchange(meta, key, key_len, deadline, item);
    if (status == META_FOUND || status == META_MISSING) return status;
    meta_close(meta);
    if (!idle || status != META_ERROR) return status;
  }
}
