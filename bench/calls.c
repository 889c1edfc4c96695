// The system calls behind the getters, setters, pendingBytes and tcpInfo, in a loop: as a library that Node loads, on Node's
// own socket (time_calls), or as a program, on a connected TCP socket of its own.
// The program's stdin: "<call> <times>"; stdout: nanoseconds in all, then an empty line. With --thread the process has a second,
// sleeping thread, as every Node process has: the kernel then takes a reference to the file for each call.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kInFlight = 1000000 };

static void check(int condition, const char* what) {
  if (condition) return;
  perror(what);
  exit(1);
}

static void make_pair(int pair[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  check(bind(listener, (struct sockaddr*)&address, size) == 0, "bind");
  check(listen(listener, 1) == 0, "listen");
  check(getsockname(listener, (struct sockaddr*)&address, &size) == 0, "getsockname");
  pair[1] = socket(AF_INET, SOCK_STREAM, 0);
  check(connect(pair[1], (struct sockaddr*)&address, size) == 0, "connect");
  pair[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  check(pair[0] >= 0, "accept4");
  close(listener);
}

static void* sleep_for_ever(void* unused) {
  for (;;) pause();
  return unused;
}

static volatile int sink;

static void get_linger(int fd) {
  struct linger linger;
  socklen_t size = sizeof linger;
  check(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0, "getsockopt");
  sink = linger.l_linger;
}

static void set_linger(int fd, int seconds) {
  const struct linger linger = {.l_onoff = 1, .l_linger = seconds};
  check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0, "setsockopt");
}

static void get_no_delay(int fd) {
  int flag;
  socklen_t size = sizeof flag;
  check(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &flag, &size) == 0, "getsockopt");
  sink = flag;
}

static void set_no_delay(int fd, int flag) {
  check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &flag, sizeof flag) == 0, "setsockopt");
}

static void get_keep_idle(int fd) {
  int seconds;
  socklen_t size = sizeof seconds;
  check(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, &size) == 0, "getsockopt");
  sink = seconds;
}

static void set_keep_idle(int fd, int seconds) {
  check(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds) == 0, "setsockopt");
}

static void get_tcp_info(int fd) {
  char bytes[512];
  socklen_t size = sizeof bytes;
  check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, &size) == 0, "getsockopt");
  sink = bytes[0];
}

// As native/sys/linux.cc asks: the queues, and the state only if something is unacknowledged.
static void pending(int fd, int ask_state) {
  int unsent, unacked, unread;
  check(ioctl(fd, SIOCOUTQNSD, &unsent) == 0, "ioctl");
  check(ioctl(fd, SIOCOUTQ, &unacked) == 0, "ioctl");
  check(ioctl(fd, FIONREAD, &unread) == 0, "ioctl");
  sink = unsent + unacked + unread;
  if (!ask_state) return;
  uint8_t state;
  socklen_t size = sizeof state;
  check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0, "getsockopt");
  sink = state;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#define LOOP(call) for (long i = 0; i < times; ++i) call

// Nanoseconds. Also for a process that has loaded this as a library, on a socket of its own.
double time_calls(const char* call, int fd, int times) {
  const int64_t from = now();
  if (strcmp(call, "getLinger") == 0) LOOP(get_linger(fd));
  else if (strcmp(call, "setLinger0") == 0) LOOP(set_linger(fd, 0));
  else if (strcmp(call, "setLinger30") == 0) LOOP(set_linger(fd, 30));
  else if (strcmp(call, "getNoDelay") == 0) LOOP(get_no_delay(fd));
  else if (strcmp(call, "setNoDelay") == 0) LOOP(set_no_delay(fd, i & 1));
  else if (strcmp(call, "getKeepIdle") == 0) LOOP(get_keep_idle(fd));
  else if (strcmp(call, "setKeepIdle") == 0) LOOP(set_keep_idle(fd, 100 + (i & 1)));
  else if (strcmp(call, "tcpInfo") == 0) LOOP(get_tcp_info(fd));
  else if (strcmp(call, "pendingQuiet") == 0) LOOP(pending(fd, 0));
  else if (strcmp(call, "pendingBusy") == 0) LOOP(pending(fd, 1));
  else check(0, call);
  return (double)(now() - from);
}

int main(int argc, char** argv) {
  pthread_t thread;
  if (argc > 1 && strcmp(argv[1], "--thread") == 0) pthread_create(&thread, NULL, sleep_for_ever, NULL);
  int quiet[2], busy[2];
  make_pair(quiet);
  make_pair(busy);
  char* block = calloc(1, kInFlight);
  check(write(busy[0], block, kInFlight) == kInFlight, "write");

  char call[32];
  int times;
  while (scanf("%31s %d", call, &times) == 2) {
    const int fd = strcmp(call, "pendingBusy") == 0 ? busy[0] : quiet[0];
    printf("%.0f\n\n", time_calls(call, fd, times));
    fflush(stdout);
  }
  return 0;
}
