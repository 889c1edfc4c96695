// A peer that answers faster than a Node process closes: connects, sends a byte, reads the answer, closes when the
// other side has. stdin, one request per line:
//   rate <port> <connections> <at a time> <bytes>   stdout: how many got the whole answer
//   fin <port> <connections> <bytes>                stdout: per connection, when it closed
//   acked <port> <connections> <bytes>              stdout: per connection, when it acknowledged the FIN
// Times are CLOCK_MONOTONIC in ns, as process.hrtime.bigint() gives. An empty line ends each answer.
#define _GNU_SOURCE
#include "peer.h"

enum { kPiece = 16 * 1024 };

static void rate(int port, long connections, long at_a_time, long bytes) {
  const int set = epoll_create1(0);
  long started = 0, ended = 0, complete = 0;
  while (ended < connections) {
    while (started < connections && started - ended < at_a_time) {
      const int fd = start(port, SOCK_NONBLOCK);
      struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
      check(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
      started += 1;
    }
    struct epoll_event events[64];
    const int count = epoll_wait(set, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (received[fd] < 0 && (events[i].events & EPOLLOUT)) {
        check(send(fd, "x", 1, MSG_NOSIGNAL) == 1, "send");
        received[fd] = 0;
      }
      ssize_t got = -1;
      errno = 0;
      while ((got = recv(fd, buffer, kBuffer, 0)) > 0) received[fd] += got;
      if (got < 0 && errno == EAGAIN) continue;
      if (got == 0 && received[fd] == bytes) complete += 1;
      close(fd);
      ended += 1;
    }
  }
  close(set);
  printf("%ld\n", complete);
}

static int has_fin(int fd) {
  uint8_t state = 0;  // the first byte of struct tcp_info
  socklen_t size = sizeof state;
  check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0, "getsockopt");
  return state == TCP_CLOSE_WAIT;
}

// Reads to the end without a pause. The FIN comes as soon as there is room for what is before it, long before the end
// of file is read. Its acknowledgement may be delayed by 40 ms: TCP_QUICKACK sends it now. Gives the time of that.
static int64_t read_all(int fd, long bytes) {
  long got_in_all = 0;
  int64_t fin_at = 0;
  for (;;) {
    const ssize_t got = recv(fd, buffer, kPiece, MSG_DONTWAIT);
    if (fin_at == 0 && has_fin(fd)) {
      const int on = 1;
      fin_at = now();
      check(setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on) == 0, "setsockopt");
    }
    if (got > 0) got_in_all += got;
    else if (got == 0) break;
    else check(errno == EAGAIN, "recv");
  }
  check(got_in_all == bytes, "the answer is not complete");
  return fin_at;
}

static void fin(int port, long connections, long bytes) {
  for (long i = 0; i < connections; ++i) {
    const int fd = start(port, 0);
    check(send(fd, "x", 1, MSG_NOSIGNAL) == 1, "send");
    read_all(fd, bytes);
    sleep_us(rand() % 20000);
    const int64_t at = now();
    close(fd);
    printf("%lld\n", (long long)at);
    sleep_us(2000);
  }
}

static void acked(int port, long connections, long bytes) {
  int* open = calloc((size_t)connections, sizeof *open);
  for (long i = 0; i < connections; ++i) {
    open[i] = start(port, 0);
    check(send(open[i], "x", 1, MSG_NOSIGNAL) == 1, "send");
    sleep_us(10000 + rand() % 20000);
    printf("%lld\n", (long long)read_all(open[i], bytes));
    sleep_us(2000);
  }
  // Not before all is over there: the peer's FIN would say the same as the acknowledgement.
  fflush(stdout);
  sleep_us(500000);
  for (long i = 0; i < connections; ++i) close(open[i]);
  free(open);
}

int main(void) {
  char what[16];
  while (scanf("%15s", what) == 1) {
    int port;
    long connections, at_a_time, bytes;
    if (strcmp(what, "rate") == 0) {
      check(scanf("%d %ld %ld %ld", &port, &connections, &at_a_time, &bytes) == 4, "rate");
      rate(port, connections, at_a_time, bytes);
    } else {
      check(scanf("%d %ld %ld", &port, &connections, &bytes) == 3, what);
      if (strcmp(what, "fin") == 0) fin(port, connections, bytes);
      else if (strcmp(what, "acked") == 0) acked(port, connections, bytes);
      else check(0, what);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
