// Faults of files, for tests: put in front of the system's library (LD_PRELOAD), it counts what a program does to the files below a folder (makes, writes, flushes, renames,
// links, deletes) and kills it, or lets the call fail, at the n-th. Built by tests/kill.sh and the tests with any C compiler.
//   FAULTS_BELOW    the folder, absolute
//   FAULTS_KILL     SIGKILL at this operation; a write is cut in the middle first
//   FAULTS_FAIL     this operation fails, with the error number FAULTS_ERROR (28, no space, if not given); all after it too with FAULTS_ON=1
//   FAULTS_COUNT    file that gets the number of operations at the end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
enum { DESCRIPTORS = 65536 };

static long count;
static char watched[DESCRIPTORS];

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int below(const char *path) {
    const char *folder = getenv("FAULTS_BELOW");
    return folder && path && (path[0] != '/' || strncmp(path, folder, strlen(folder)) == 0);
}

static int isWatched(int descriptor) { return descriptor >= 0 && descriptor < DESCRIPTORS && watched[descriptor]; }

// Counts an operation. 1: it is the one to be killed at; -1: it has to fail, and errno says how; 0: it goes on.
static int operation(void) {
    long n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST), fail = number("FAULTS_FAIL");
    if (n == number("FAULTS_KILL")) return 1;
    if (fail && (n == fail || (n > fail && number("FAULTS_ON")))) {
        errno = number("FAULTS_ERROR") ? (int)number("FAULTS_ERROR") : ENOSPC;
        return -1;
    }
    return 0;
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define BEFORE                        \
    switch (operation()) {            \
        case 1: end(); break;         \
        case -1: return -1;           \
        default: break;               \
    }

static int opened(int descriptor, const char *path, int flags) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) watched[descriptor] = (flags & O_ACCMODE) != O_RDONLY && below(path);
    return descriptor;
}

#define OPEN(name)                                                           \
    int name(const char *path, int flags, ...) {                             \
        va_list values;                                                      \
        va_start(values, flags);                                             \
        mode_t mode = flags & O_CREAT ? va_arg(values, mode_t) : 0;          \
        va_end(values);                                                      \
        if ((flags & O_CREAT) && below(path)) { BEFORE }                     \
        return opened(NEXT(name)(path, flags, mode), path, flags);           \
    }
OPEN(open)
OPEN(open64)

#define WRITE(name, parameters, whole, half)        \
    ssize_t name parameters {                       \
        if (isWatched(descriptor)) {                \
            switch (operation()) {                  \
                case 1:                             \
                    if (half < 0) perror("faults"); \
                    end();                          \
                    break;                          \
                case -1: return -1;                 \
                default: break;                     \
            }                                       \
        }                                           \
        return whole;                               \
    }
WRITE(write, (int descriptor, const void *from, size_t bytes), NEXT(write)(descriptor, from, bytes), NEXT(write)(descriptor, from, bytes / 2))
WRITE(pwrite, (int descriptor, const void *from, size_t bytes, off_t at), NEXT(pwrite)(descriptor, from, bytes, at), NEXT(pwrite)(descriptor, from, bytes / 2, at))
WRITE(pwrite64, (int descriptor, const void *from, size_t bytes, off64_t at), NEXT(pwrite64)(descriptor, from, bytes, at), NEXT(pwrite64)(descriptor, from, bytes / 2, at))

int fsync(int descriptor) {
    if (isWatched(descriptor)) { BEFORE }
    return NEXT(fsync)(descriptor);
}

int rename(const char *from, const char *to) {
    if (below(to)) { BEFORE }
    return NEXT(rename)(from, to);
}

int unlink(const char *path) {
    if (below(path)) { BEFORE }
    return NEXT(unlink)(path);
}

int rmdir(const char *path) {
    if (below(path)) { BEFORE }
    return NEXT(rmdir)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (below(path)) { BEFORE }
    return NEXT(mkdir)(path, mode);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULTS_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld\n", count);
    fclose(file);
}
