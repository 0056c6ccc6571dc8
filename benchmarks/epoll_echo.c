/* The floor: the least that a server can do for a ping. It sends back what it received, by two
   system calls and one epoll_wait for up to 512 sockets, knows nobody, and keeps nothing.

   epoll_echo PORT: listens there on loopback, until it is killed. Exit 1: a system call failed. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, BATCH = 512, RECEIVE = 16 * 1024 };

static int must(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static int listening(int port) {
    int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    must(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    must(listen(fd, BACKLOG), "listen");
    return fd;
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void welcome(int epoll, int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
        watch(epoll, fd);
    }
}

static void echo(int fd) {
    char data[RECEIVE];
    ssize_t length = recv(fd, data, sizeof data, 0);
    if (length <= 0 || send(fd, data, (size_t)length, MSG_NOSIGNAL) != length)
        close(fd);
}

int main(int count, char **words) {
    int listener = listening(count == 2 ? atoi(words[1]) : 0);
    int epoll = must(epoll_create1(0), "epoll_create1");
    struct epoll_event ready[BATCH];
    watch(epoll, listener);
    for (;;) {
        int found = must(epoll_wait(epoll, ready, BATCH, -1), "epoll_wait");
        for (int i = 0; i < found; i++) {
            if (ready[i].data.fd == listener)
                welcome(epoll, listener);
            else
                echo(ready[i].data.fd);
        }
    }
}
