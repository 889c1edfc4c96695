// What the peers in C have in common: time, and connections to a server on this machine.
#ifndef BENCH_PEER_H_
#define BENCH_PEER_H_

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kBuffer = 256 * 1024, kMaxDescriptors = 65536 };

static char buffer[kBuffer];
// By descriptor: bytes of the answer so far; -1: not connected yet.
static long received[kMaxDescriptors];
static unsigned made;

static void check(int condition, const char* what) {
  if (condition) return;
  perror(what);
  exit(1);
}

// CLOCK_MONOTONIC in ns, as process.hrtime.bigint() gives.
static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void sleep_us(long us) {
  const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  nanosleep(&time, NULL);
}

static struct sockaddr_in address_of(uint32_t host, int port) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(host), .sin_port = htons((uint16_t)port)};
  return address;
}

// From sixteen addresses in turn: the closing side's TIME_WAIT holds each port for a minute.
static int start(int port, int type) {
  const int fd = socket(AF_INET, SOCK_STREAM | type, 0);
  check(fd >= 0 && fd < kMaxDescriptors, "socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = address_of(0x7f000101 + made++ % 16, 0);
  check(bind(fd, (struct sockaddr*)&from, sizeof from) == 0, "bind");
  if (type == 0) {
    // The window: wide enough for loopback's segments of 64 KiB, less than what is sent to `acked`.
    const int size = 256 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  struct sockaddr_in to = address_of(INADDR_LOOPBACK, port);
  const int result = connect(fd, (struct sockaddr*)&to, sizeof to);
  check(result == 0 || errno == EINPROGRESS, "connect");
  received[fd] = -1;
  return fd;
}

#endif
