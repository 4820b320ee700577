/*
 * A relay in front of a server: cutting it makes the node unreachable, and the server keeps what it holds. It is the
 * test program itself, run once more (`relay_main`): so valgrind, which a fork takes along, does not make it slow.
 */
#ifndef RELAY_H
#define RELAY_H

#include <poll.h>

#include "servers.h"

typedef struct {
  char address[32];
  uint16_t port;
  /* Of the relay and its connections, which are a process group; 0 while it is cut. */
  pid_t pid;
  const test_server *server;
  /* The test program. */
  char *program;
} test_relay;

static inline void relay_copy(int client, int server) {
  struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  char bytes[16384];
  while (poll(ends, 2, -1) > 0)
    for (int from = 0; from < 2; from++) {
      if (ends[from].revents == 0) continue;
      ssize_t came = read(ends[from].fd, bytes, sizeof bytes);
      if (came <= 0) return;
      for (ssize_t sent = 0, part; sent < came; sent += part)
        if ((part = write(ends[!from].fd, bytes + sent, (size_t)(came - sent))) <= 0) return;
    }
}

/* What `program relay LISTENER PORT` does; it never returns. */
static inline void relay_main(char **arguments) {
  const int listener = atoi(arguments[2]);
  test_server server = {.address = "loopback"};
  snprintf(server.port, sizeof server.port, "%s", arguments[3]);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  for (int client; (client = accept(listener, NULL, NULL)) >= 0; close(client)) {
    if (fork() != 0) continue;
    /* A connection that outlives the relay for a moment does not listen. */
    close(listener);
    int there = server_connect(&server);
    if (there >= 0) relay_copy(client, there);
    _exit(0);
  }
  _exit(1);
}

/* Listens, at the same port as before if there was one. */
static inline void relay_join(test_relay *relay) {
  struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(relay->port)};
  socklen_t size = sizeof inet;
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind(listener, (const struct sockaddr *)&inet, size) < 0 || listen(listener, 64) < 0 ||
      getsockname(listener, (struct sockaddr *)&inet, &size) < 0)
    give_up("a relay");
  relay->port = ntohs(inet.sin_port);
  snprintf(relay->address, sizeof relay->address, "127.0.0.1:%u", relay->port);
  fflush(NULL);
  relay->pid = fork();
  if (relay->pid < 0) give_up("fork");
  if (relay->pid == 0) {
    char number[16];
    setpgid(0, 0);
    /* What the test has open otherwise would be held open by it. */
    for (int fd = 3; fd < 256; fd++)
      if (fd != listener) close(fd);
    snprintf(number, sizeof number, "%d", listener);
    execv(relay->program, (char *[]){relay->program, "relay", number, (char *)(size_t)relay->server->port, NULL});
    _exit(127);
  }
  setpgid(relay->pid, relay->pid);
  servers_note(0, -relay->pid);
  close(listener);
}

/* Breaks its connections, and refuses others. */
static inline void relay_cut(test_relay *relay) {
  kill(-relay->pid, SIGKILL);
  waitpid(relay->pid, NULL, 0);
  servers_note(-relay->pid, 0);
  relay->pid = 0;
  /* A process that had just begun with a connection ends a moment later, and still listens until then. */
  test_server there = {.address = "loopback"};
  snprintf(there.port, sizeof there.port, "%u", relay->port);
  for (int fd; (fd = server_connect(&there)) >= 0; nap(1)) close(fd);
}

#endif
