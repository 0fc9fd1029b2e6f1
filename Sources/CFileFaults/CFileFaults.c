#define _GNU_SOURCE
#include "CFileFaults.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct cff_region {
    // Odd while the bounds change, so that the handler never combines the bounds of two mappings.
    atomic_uint sequence;
    // The bytes from `start` to before `end`; both 0 where nothing is watched.
    _Atomic uintptr_t start, end;
    atomic_bool damaged;
    // The following are read and written under `lock` only, except `next`, which is constant once it can be found.
    bool used;
    char *path;
    struct cff_region *next;
};

// The handler walks this list without a lock: regions are added in front and reused, but never freed.
static _Atomic(struct cff_region *) regions;
static _Atomic(struct cff_region *) first_damaged;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool installed;
static uintptr_t page_size;
static struct sigaction previous;

static void set_bounds(struct cff_region *region, uintptr_t start, uintptr_t end) {
    atomic_fetch_add(&region->sequence, 1);
    atomic_store(&region->start, start);
    atomic_store(&region->end, end);
    atomic_fetch_add(&region->sequence, 1);
}

// The end of the region, if the address is in it; 0 otherwise. The bounds of the region that a thread is reading do
// not change meanwhile, so one whose bounds are changing is another.
static uintptr_t end_if_in(struct cff_region *region, uintptr_t address) {
    unsigned before = atomic_load(&region->sequence);
    uintptr_t start = atomic_load(&region->start), end = atomic_load(&region->end);
    bool is_stable = before % 2 == 0 && atomic_load(&region->sequence) == before;
    return is_stable && address >= start && address < end ? end : 0;
}

// Maps zeros over a watched region from the page of `address` to its end; false where that is not possible. All of the
// rest rather than one page, because the kernel limits the number of mappings.
static bool replace(uintptr_t address) {
    for (struct cff_region *region = atomic_load(&regions); region != NULL; region = region->next) {
        uintptr_t end = end_if_in(region, address);
        if (end == 0) continue;
        uintptr_t page = address & ~(page_size - 1);
        // Before the zeros can be read, so that no reader misses it.
        atomic_store(&region->damaged, true);
        struct cff_region *none = NULL;
        atomic_compare_exchange_strong(&first_damaged, &none, region);
        // A plain system call on Linux, and so safe in a handler.
        return mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
                    0) != MAP_FAILED;
    }
    return false;
}

static void handle(int number, siginfo_t *info, void *context) {
    (void)context;
    int code = errno;
    bool is_sent = info->si_code <= 0;
    // Bad memory that no instruction has read yet, and a signal that was ignored before, concern nobody.
    bool is_ignored = info->si_code == BUS_MCEERR_AO || (is_sent && previous.sa_handler == SIG_IGN);
    bool is_fault = info->si_code == BUS_ADRERR || info->si_code == BUS_MCEERR_AR;
    if (!is_ignored && (!is_fault || !replace((uintptr_t)info->si_addr))) {
        // The instruction is repeated after the handler, and faults again; a signal that was sent is not.
        sigaction(number, &previous, NULL);
        if (is_sent) raise(number);
    }
    errno = code;
}

int cff_install(void) {
    int code = 0;
    pthread_mutex_lock(&lock);
    if (!atomic_load(&installed)) {
        page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = handle;
        sigemptyset(&action.sa_mask);
        // On the alternate stack of a thread that has one. A fault in a handler of another signal is handled, too.
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        // A fault of a thread that blocks the signal would kill the process; new threads inherit the mask.
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGBUS);
        if (sigaction(SIGBUS, &action, &previous) != 0) code = errno;
        if (code == 0) code = pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
        if (code == 0) atomic_store(&installed, true);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

// A region that is not in use, reused or new; NULL where memory is short. Called with `lock` held.
static struct cff_region *unused_region(void) {
    struct cff_region *region = atomic_load(&regions);
    while (region != NULL && region->used) region = region->next;
    if (region != NULL) return region;
    region = calloc(1, sizeof *region);
    if (region == NULL) return NULL;
    region->next = atomic_load(&regions);
    atomic_store(&regions, region);
    return region;
}

cff_region *cff_watch(const void *start, size_t length, const char *path) {
    if (!atomic_load(&installed)) return NULL;
    char *copy = strdup(path);
    if (copy == NULL) return NULL;
    pthread_mutex_lock(&lock);
    struct cff_region *region = unused_region();
    if (region != NULL) {
        region->used = true;
        region->path = copy;
        uintptr_t first = (uintptr_t)start;
        // To the end of the last page, which a mapping includes.
        set_bounds(region, first, (first + length + page_size - 1) & ~(page_size - 1));
    }
    pthread_mutex_unlock(&lock);
    if (region == NULL) free(copy);
    return region;
}

void cff_unwatch(cff_region *region) {
    if (region == NULL) return;
    pthread_mutex_lock(&lock);
    set_bounds(region, 0, 0);
    // A damaged one is kept, for `cff_first_damaged`.
    if (!atomic_load(&region->damaged)) {
        free(region->path);
        region->path = NULL;
        region->used = false;
    }
    pthread_mutex_unlock(&lock);
}

bool cff_is_damaged(const cff_region *region) {
    return region != NULL && atomic_load_explicit(&((cff_region *)region)->damaged, memory_order_relaxed);
}

const char *cff_first_damaged(void) {
    struct cff_region *region = atomic_load(&first_damaged);
    return region == NULL ? NULL : region->path;
}
