/* Real memcached servers for a test, on unix sockets in its directory or on loopback, and plain requests to them. */
#ifndef SERVERS_H
#define SERVERS_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  /* As a spec has it. */
  char address[100];
  /* What follows `memcached`; the first two say where it listens. */
  const char *arguments[8];
  char port[8];
  pid_t pid;
} test_server;

/* Those that run, a group of processes as a negative number. They end with the test, however it ends. */
static pid_t servers_running[16];

static inline void servers_end(void) {
  for (int i = 0; i < 16; i++)
    if (servers_running[i] != 0) kill(servers_running[i], SIGKILL);
}

static inline void servers_note(pid_t from, pid_t to) {
  static int is_registered;
  if (!is_registered++) atexit(servers_end);
  for (int i = 0; i < 16; i++)
    if (servers_running[i] == from) {
      servers_running[i] = to;
      return;
    }
}

static inline void nap(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static inline long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void give_up(const char *what) {
  perror(what);
  exit(1);
}

/* A connection to a server, or -1. */
static inline int server_connect(const test_server *server) {
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int is_path = server->address[0] == '/';
  int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
  if (fd < 0) give_up("socket");
  memcpy(path.sun_path, server->address, sizeof server->address);
  inet.sin_port = htons((uint16_t)atoi(server->port));
  int failed = is_path ? connect(fd, (const struct sockaddr *)&path, sizeof path)
                       : connect(fd, (const struct sockaddr *)&inet, sizeof inet);
  if (failed == 0) return fd;
  close(fd);
  return -1;
}

/* Whether it came up. */
static inline int server_run(test_server *server) {
  fflush(NULL);
  server->pid = fork();
  if (server->pid < 0) give_up("fork");
  if (server->pid == 0) {
    char *arguments[16] = {"memcached", "-U", "0", "-t", "1"};
    int count = 5;
    if (geteuid() == 0) arguments[count++] = "-u", arguments[count++] = "root";
    for (int i = 0; server->arguments[i] != NULL; i++) arguments[count++] = (char *)(size_t)server->arguments[i];
    execvp("memcached", arguments);
    perror("memcached");
    _exit(127);
  }
  servers_note(0, server->pid);
  for (int i = 0; i < 1000; i++) {
    int fd = server_connect(server);
    if (fd >= 0) return close(fd), 1;
    if (waitpid(server->pid, NULL, WNOHANG) == server->pid) break;
    nap(10);
  }
  servers_note(server->pid, 0);
  return 0;
}

/* Starts a server: at directory/name, or on a port if `directory` is NULL; `option` is one of memcached's, or NULL. */
static inline void server_start(test_server *server, const char *directory, const char *name, const char *option) {
  for (int attempt = 0; attempt < 20; attempt++) {
    memset(server, 0, sizeof *server);
    if (directory != NULL) {
      if ((size_t)snprintf(server->address, sizeof server->address, "%s/%s", directory, name) >= sizeof server->address)
        give_up("a path that is too long");
      server->arguments[0] = "-s", server->arguments[1] = server->address;
    } else {
      struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
      socklen_t size = sizeof inet;
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0 || bind(fd, (const struct sockaddr *)&inet, size) < 0 ||
          getsockname(fd, (struct sockaddr *)&inet, &size) < 0)
        give_up("a free port");
      close(fd);
      snprintf(server->port, sizeof server->port, "%u", ntohs(inet.sin_port));
      snprintf(server->address, sizeof server->address, "127.0.0.1:%s", server->port);
      server->arguments[0] = "-p", server->arguments[1] = server->port;
      server->arguments[2] = "-l", server->arguments[3] = "127.0.0.1";
    }
    for (int i = 0; option != NULL; i++)
      if (server->arguments[i] == NULL) server->arguments[i] = option, option = NULL;
    if (server_run(server)) return;
  }
  give_up("memcached does not start");
}

static inline void server_kill(test_server *server) {
  kill(server->pid, SIGKILL);
  waitpid(server->pid, NULL, 0);
  servers_note(server->pid, 0);
  if (server->address[0] == '/') unlink(server->address);
}

/* It accepts connections and answers nothing, until `server_wake`. */
static inline void server_stop(const test_server *server) {
  kill(server->pid, SIGSTOP);
  waitpid(server->pid, NULL, WUNTRACED);
}

static inline void server_wake(const test_server *server) { kill(server->pid, SIGCONT); }

/* Empty, at the same address. */
static inline void server_start_again(test_server *server) {
  if (!server_run(server)) give_up("memcached does not start again");
}

static inline void server_restart(test_server *server) {
  server_kill(server);
  server_start_again(server);
}

/* Takes the place of a server that was killed: a memcached that knows `gets` and no meta command, and has one item. */
static inline void server_pretend_old(test_server *server, const char *directory, const char *name,
                                      const char *item) {
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  snprintf(server->address, sizeof server->address, "%s/%s", directory, name);
  memcpy(path.sun_path, server->address, sizeof server->address);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (const struct sockaddr *)&path, sizeof path) < 0 || listen(listener, 8) < 0)
    give_up(server->address);
  fflush(NULL);
  server->pid = fork();
  if (server->pid < 0) give_up("fork");
  if (server->pid > 0) {
    servers_note(0, server->pid);
    close(listener);
    return;
  }
  signal(SIGCHLD, SIG_IGN);
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
    if (fork() != 0) continue;
    char line[512];
    for (ssize_t came; (came = read(fd, line, sizeof line)) > 0;) {
      const char *answer = strncmp(line, "gets ", 5) == 0 ? item : "ERROR\r\n";
      if (write(fd, answer, strlen(answer)) < 0) break;
    }
    _exit(0);
  }
  _exit(1);
}

/* What a server answers to some commands: valid until the next call. NULs are written as '@'. */
static inline const char *server_ask(const test_server *server, const char *format, const char *key) {
  static char answer[8192];
  char commands[2048];
  int len = snprintf(commands, sizeof commands, format, key);
  len += snprintf(commands + len, sizeof commands - (size_t)len, "quit\r\n");
  int fd = server_connect(server);
  if (fd < 0) give_up(server->address);
  for (int i = 0; i < len; i++)
    if (commands[i] == '@') commands[i] = '\0';
  if (write(fd, commands, (size_t)len) != len) give_up("write");
  size_t end = 0;
  for (ssize_t came; (came = read(fd, answer + end, sizeof answer - 1 - end)) > 0;) end += (size_t)came;
  close(fd);
  for (size_t i = 0; i < end; i++)
    if (answer[i] == '\0') answer[i] = '@';
  answer[end] = '\0';
  return answer;
}

#endif
