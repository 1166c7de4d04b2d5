/* A disk that fails by plan, preloaded into the server.
 *
 * Only files below one folder fail, and only while the trigger file exists, so that a server can start and work
 * before its disk goes bad. What fails is decided by count, not by chance: the same plan fails the same call.
 *
 *   FAULTFS_FOLDER   the data folder
 *   FAULTFS_TRIGGER  the file that arms the plan; counting starts with the first call after it appears
 *   FAULTFS_REPORT   a file that gets one line for each call that was failed
 *   FAULTFS_PLAN     write:N:EIO     the Nth write fails
 *                    write:N:ENOSPC  the Nth write finds the disk full
 *                    sync:N:EIO      the Nth fsync or fdatasync fails
 *                    full:N:ENOSPC   the Nth write and all after it find the disk full
 *                    A fourth part counts only files whose names end so: sync:1:EIO:.db
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC };

static struct {
    char folder[PATH_MAX];
    char trigger[PATH_MAX];
    char report[PATH_MAX];
    char ending[16];
    enum kind kind;
    long nth;
    int error;
    int for_ever;
} plan;

static atomic_long count;

static void setting(const char *name, char *value) {
    const char *found = getenv(name);
    if (found == NULL || strlen(found) >= PATH_MAX) {
        fprintf(stderr, "faultfs: %s is missing\n", name);
        _exit(99);
    }
    strcpy(value, found);
}

__attribute__((constructor)) static void prepare(void) {
    char text[PATH_MAX];
    char kind[8];
    char error[8];
    setting("FAULTFS_FOLDER", plan.folder);
    setting("FAULTFS_TRIGGER", plan.trigger);
    setting("FAULTFS_REPORT", plan.report);
    setting("FAULTFS_PLAN", text);
    if (sscanf(text, "%7[^:]:%ld:%7[^:]:%15s", kind, &plan.nth, error, plan.ending) < 3) {
        fprintf(stderr, "faultfs: no plan: %s\n", text);
        _exit(99);
    }
    plan.kind = strcmp(kind, "sync") == 0 ? SYNC : WRITE;
    plan.for_ever = strcmp(kind, "full") == 0;
    plan.error = strcmp(error, "ENOSPC") == 0 ? ENOSPC : EIO;
}

static int is_ours(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) {
        return 0;
    }
    path[length] = '\0';
    size_t folder = strlen(plan.folder);
    size_t ending = strlen(plan.ending);
    if (ending > (size_t)length || strcmp(path + length - ending, plan.ending) != 0) {
        return 0;
    }
    return strncmp(path, plan.folder, folder) == 0 && (path[folder] == '/' || path[folder] == '\0');
}

static void report(const char *call, long number, const char *path) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %ld %s\n", call, number, path);
    int file = open(plan.report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0) {
        ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        if (real(file, line, (size_t)length) < 0) {
            _exit(99);
        }
        close(file);
    }
}

/* Whether this call is the one to fail; sets errno if so. */
static int fails(enum kind kind, const char *call, int file) {
    char path[PATH_MAX];
    int saved = errno;
    if (kind != plan.kind || !is_ours(file, path) || access(plan.trigger, F_OK) != 0) {
        errno = saved;
        return 0;
    }
    long number = atomic_fetch_add(&count, 1) + 1;
    if (number < plan.nth || (number > plan.nth && !plan.for_ever)) {
        errno = saved;
        return 0;
    }
    report(call, number, path);
    errno = plan.error;
    return 1;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (real == NULL) { \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
    }

ssize_t write(int file, const void *bytes, size_t length) {
    REAL(write)
    return fails(WRITE, "write", file) ? -1 : real(file, bytes, length);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    REAL(pwrite)
    return fails(WRITE, "pwrite", file) ? -1 : real(file, bytes, length, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    REAL(pwrite64)
    return fails(WRITE, "pwrite64", file) ? -1 : real(file, bytes, length, offset);
}

ssize_t writev(int file, const struct iovec *parts, int parts_count) {
    REAL(writev)
    return fails(WRITE, "writev", file) ? -1 : real(file, parts, parts_count);
}

int ftruncate(int file, off_t length) {
    REAL(ftruncate)
    return fails(WRITE, "ftruncate", file) ? -1 : real(file, length);
}

int ftruncate64(int file, off64_t length) {
    REAL(ftruncate64)
    return fails(WRITE, "ftruncate64", file) ? -1 : real(file, length);
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    REAL(fallocate)
    return fails(WRITE, "fallocate", file) ? -1 : real(file, mode, offset, length);
}

int fsync(int file) {
    REAL(fsync)
    return fails(SYNC, "fsync", file) ? -1 : real(file);
}

int fdatasync(int file) {
    REAL(fdatasync)
    return fails(SYNC, "fdatasync", file) ? -1 : real(file);
}
