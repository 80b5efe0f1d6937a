// A library to preload: the wall clock of the process is behind by `SHEAF_TEST_CLOCK_BEHIND` seconds; or ahead by the seconds in the file
// `SHEAF_TEST_CLOCK`, eight bytes that may be changed while the process runs. Monotonic clocks are as they are.
//
// The time comes from the system call, not from the function of libc that this one hides: finding that one allocates memory, and an allocator
// that asks for the time in its start never ends it. That is what keeps libfaketime 0.9.10 from use here: with it and jemalloc
// `sheaf --version` hangs in the lock of malloc_init_hard, below clock_gettime, dlsym("__ftime") and malloc.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

// More seconds than a monotonic clock has, which begins with the machine, and fewer than a wall clock.
static const time_t WALL_CLOCK = 1000000000;

// The seconds in the file, which is mapped at the first call; two threads may map it, which does no harm.
static time_t ahead(void) {
    static _Atomic(const volatile int64_t *) mapped;
    const volatile int64_t *seconds = atomic_load(&mapped);
    const char *path = getenv("SHEAF_TEST_CLOCK");
    if (!seconds && path) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        void *memory = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) {
            abort();
        }
        close(file);
        seconds = memory;
        atomic_store(&mapped, seconds);
    }
    return seconds ? *seconds : 0;
}

static time_t behind(void) {
    const char *seconds = getenv("SHEAF_TEST_CLOCK_BEHIND");
    return (seconds ? atoll(seconds) : 0) - ahead();
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec -= behind();
    }
    return failed;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    if (!failed) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *now) {
    struct timespec precise;
    time_t seconds = clock_gettime(CLOCK_REALTIME, &precise) ? (time_t)-1 : precise.tv_sec;
    if (now) {
        *now = seconds;
    }
    return seconds;
}

// The kernel compares a time of the wall clock with its own.
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    struct timespec later = *until;
    if (later.tv_sec < WALL_CLOCK) {
        return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &later);
    }
    later.tv_sec += behind();
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &later);
}

// In glibc the conditions and mutexes of C11 are those of POSIX.
int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    int failed = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return failed == ETIMEDOUT ? thrd_timedout : failed ? thrd_error : thrd_success;
}
