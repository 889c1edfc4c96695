// HTTP clients that take far less CPU than the server that they ask. stdin, one command per line:
//   requests <port> <at a time> <count> <get|post|close>   stdout: how many got the whole answer
//   latency <port> <count> <pause in us>                   stdout: ns from each request to its whole answer
//   upload <port> <connections>                            stdout: how many got the whole answer, all the time uploading
//   stop                                                   ends those uploads; stdout: how many were open to the end, MB sent
// An empty line ends each answer. All answers to a command have the same length.
#define _GNU_SOURCE
#include "peer.h"

enum { kUploadPiece = 64 * 1024, kMaxUploads = 10000 };

static const char kGet[] = "GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
static const char kPost[] =
    "POST / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Type: text/plain\r\n"
    "Content-Length: 64\r\n\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char kClose[] =
    "GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\nConnection: close\r\n\r\n";
static const char kUpload[] =
    "POST /upload HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    "Content-Type: application/octet-stream\r\nContent-Length: 1000000000000000\r\n\r\n";

// Bytes of every answer to the running command, as the first one's head says; 0: not known yet.
static long answer_length;

static void send_all(int fd, const char* request) {
  const size_t length = strlen(request);
  check(send(fd, request, length, MSG_NOSIGNAL) == (ssize_t)length, "send");
}

// Takes what has come. 1: the answer is complete; 0: not yet; -1: the connection is over.
static int receive(int fd) {
  for (;;) {
    // One byte of `buffer` stays free for the end of a string.
    const ssize_t got = recv(fd, buffer, kBuffer - 1, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return answer_length > 0 && received[fd] == answer_length;
    if (got <= 0) return -1;
    if (answer_length == 0) {
      buffer[got] = '\0';
      const char* end = strstr(buffer, "\r\n\r\n");
      const char* length = strstr(buffer, "Content-Length: ");
      check(end != NULL && length != NULL && length < end, "the answer's head");
      answer_length = end + 4 - buffer + atol(length + strlen("Content-Length: "));
    }
    received[fd] += got;
    check(received[fd] <= answer_length, "more than the answer");
  }
}

static int add(int set, int port) {
  const int fd = start(port, SOCK_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
  check(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  return fd;
}

static void requests(int port, long at_a_time, long count, const char* kind) {
  const int is_close = strcmp(kind, "close") == 0;
  const char* request = is_close ? kClose : strcmp(kind, "post") == 0 ? kPost : kGet;
  const int set = epoll_create1(0);
  long started = 0, ended = 0, complete = 0;
  for (; started < at_a_time && started < count; ++started) add(set, port);
  while (ended < count) {
    struct epoll_event events[64];
    const int ready = epoll_wait(set, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (received[fd] < 0) {
        received[fd] = 0;
        send_all(fd, request);
      }
      const int state = receive(fd);
      if (state == 0 || (state == 1 && is_close)) continue;
      ended += 1;
      if (state == 1 || (is_close && received[fd] == answer_length)) complete += 1;
      const int goes_on = state == 1 && started < count;
      if (goes_on) {
        received[fd] = 0;
        send_all(fd, request);
      } else {
        close(fd);
        if (state == -1 && started < count) add(set, port);
      }
      if (goes_on || state == -1) started += 1;
    }
  }
  close(set);
  printf("%ld\n", complete);
}

static void latency(int port, long count, long pause) {
  const int fd = start(port, 0);
  for (long i = 0; i < count; ++i) {
    received[fd] = 0;
    const int64_t from = now();
    send_all(fd, kGet);
    do {
      const ssize_t more = recv(fd, buffer, 1, MSG_PEEK);  // waits
      check(more == 1, "recv");
    } while (receive(fd) == 0);
    printf("%lld\n", (long long)(now() - from));
    sleep_us(pause);
  }
  close(fd);
}

// Uploads on all of them until there is something on stdin, which is left there.
static void upload(int port, long connections) {
  static char piece[kUploadPiece];
  static char is_open[kMaxDescriptors];
  int fds[kMaxUploads];
  const int set = epoll_create1(0);
  struct epoll_event command = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
  check(connections <= kMaxUploads && epoll_ctl(set, EPOLL_CTL_ADD, STDIN_FILENO, &command) == 0, "epoll_ctl");
  for (long i = 0; i < connections; ++i) {
    fds[i] = start(port, 0);
    send_all(fds[i], kUpload);
    received[fds[i]] = 0;
    is_open[fds[i]] = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = fds[i]};
    check(epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) == 0, "epoll_ctl");
  }
  long answered = 0, open = connections, told = 0;
  int64_t sent = 0;
  for (int stopped = 0; !stopped;) {
    struct epoll_event events[64];
    const int ready = epoll_wait(set, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        stopped = 1;
        continue;
      }
      if (events[i].events & EPOLLIN) {
        receive(fd);
        if (received[fd] == answer_length) {
          answered += 1;
          // Nothing else is to come, and a FIN would wake us again and again.
          struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
          check(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0, "epoll_ctl");
        }
      }
      const ssize_t gone = send(fd, piece, kUploadPiece, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (gone > 0) {
        sent += gone;
      } else if (errno != EAGAIN) {
        close(fd);
        is_open[fd] = 0;
        open -= 1;
      }
    }
    if (!told && answered == connections) {
      told = 1;
      printf("%ld\n\n", answered);
      fflush(stdout);
    }
  }
  for (long i = 0; i < connections; ++i) {
    if (is_open[fds[i]]) close(fds[i]);
    is_open[fds[i]] = 0;
  }
  close(set);
  printf("%ld\n%lld\n", open, (long long)(sent / 1000000));
}

int main(void) {
  char what[16], kind[8];
  int port;
  long count, other;
  setvbuf(stdin, NULL, _IONBF, 0);  // epoll must see what has not been read
  while (scanf("%15s", what) == 1) {
    answer_length = 0;
    if (strcmp(what, "requests") == 0) {
      check(scanf("%d %ld %ld %7s", &port, &other, &count, kind) == 4, what);
      requests(port, other, count, kind);
    } else if (strcmp(what, "latency") == 0) {
      check(scanf("%d %ld %ld", &port, &count, &other) == 3, what);
      latency(port, count, other);
    } else if (strcmp(what, "upload") == 0) {
      check(scanf("%d %ld", &port, &count) == 2, what);
      upload(port, count);
      check(scanf("%15s", what) == 1 && strcmp(what, "stop") == 0, "stop");
    } else {
      check(0, what);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
