/*
 * A relay in front of a server: cutting it makes the node unreachable, and the server keeps what it holds; slowing it
 * holds back a part of what is sent. It is the test program itself, run once more (`relay_main`): so valgrind, which a
 * fork takes along, does not make it slow.
 */
#ifndef RELAY_H
#define RELAY_H

#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "servers.h"

/* So many milliseconds a request is held back that is slow: longer than any client waits. */
enum { RELAY_DELAY = 1000 };

typedef struct {
  char address[32];
  uint16_t port;
  /* Of the relay and its connections, which are a process group; 0 while it is cut. */
  pid_t pid;
  const test_server *server;
  /* The test program. */
  char *program;
} test_relay;

/* What the relay's processes share. */
static struct relay_state {
  atomic_int is_slow;
  atomic_uint requests;
} *relay_state;

static inline void relay_take_signal(int number) { atomic_store(&relay_state->is_slow, number == SIGUSR1); }

/* Two of three requests, whatever connection they come by. */
static inline void relay_hold_back(void) {
  if (atomic_load(&relay_state->is_slow) && atomic_fetch_add(&relay_state->requests, 1) % 3 != 0) nap(RELAY_DELAY);
}

static inline void relay_copy(int client, int server) {
  struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  char bytes[16384];
  while (poll(ends, 2, -1) > 0)
    for (int from = 0; from < 2; from++) {
      if (ends[from].revents == 0) continue;
      ssize_t came = read(ends[from].fd, bytes, sizeof bytes);
      if (came <= 0) return;
      if (from == 0) relay_hold_back();
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
  /* POSIX knows no memory to share without a file. */
  FILE *shared = tmpfile();
  if (shared == NULL || ftruncate(fileno(shared), sizeof *relay_state) < 0) give_up("a file to share");
  relay_state = mmap(NULL, sizeof *relay_state, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(shared), 0);
  if (relay_state == MAP_FAILED) give_up("mmap");
  /* They don't end what waits for a client. */
  struct sigaction take = {.sa_handler = relay_take_signal, .sa_flags = SA_RESTART};
  if (sigaction(SIGUSR1, &take, NULL) < 0 || sigaction(SIGUSR2, &take, NULL) < 0) give_up("sigaction");
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

/* Has it hold back a part of what is sent, or no more. */
static inline void relay_slow(const test_relay *relay, int is_slow) {
  if (kill(relay->pid, is_slow ? SIGUSR1 : SIGUSR2) < 0) give_up("a signal to the relay");
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
