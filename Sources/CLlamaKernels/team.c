#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

// A forward pass opens a parallel region every few tens of microseconds, and waking a sleeping thread takes as long, so
// an idle member spins for about that long before it sleeps. The bound keeps an idle team off the processor, and costs
// little where there are more threads than processors.
enum { SPINS_BEFORE_SLEEP = 4000, SPINS_BEFORE_YIELD = 2000 };

struct lk_team {
    // The job's number in the high half, the number of its chunks not yet started in the low half. One word, so that a
    // claim can never mix two jobs: a member that wakes late finds either nothing or a chunk of the current job.
    // `lk_team_run` waits for started chunks only, never for sleeping members.
    _Alignas(128) _Atomic uint64_t ticket;
    _Alignas(128) _Atomic uint32_t finished;
    _Alignas(128) _Atomic int sleepers;
    _Atomic bool stopping;

    // Written before `ticket` is published, read only by holders of an unfinished chunk.
    lk_work work;
    void *job;
    uint32_t chunks;

    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int size, started;
    struct lk_member {
        lk_team *team;
        int index;
        pthread_t thread;
    } members[];
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline bool has_chunks(uint64_t ticket) { return (uint32_t)ticket != 0; }

static void do_chunks(lk_team *team, int member) {
    uint64_t ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
    while (has_chunks(ticket)) {
        if (!atomic_compare_exchange_weak_explicit(&team->ticket, &ticket, ticket - 1, memory_order_acq_rel,
                                                   memory_order_acquire)) {
            continue;
        }
        team->work(team->job, team->chunks - (uint32_t)ticket, member);
        atomic_fetch_add_explicit(&team->finished, 1, memory_order_release);
        ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
    }
}

static bool spin_for_chunks(lk_team *team) {
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (has_chunks(atomic_load_explicit(&team->ticket, memory_order_relaxed))) return true;
        pause_briefly();
    }
    return false;
}

static void sleep_for_chunks(lk_team *team) {
    pthread_mutex_lock(&team->mutex);
    // Sequentially consistent on both sides: either this member sees the new ticket or `lk_team_run` sees
    // the sleeper and, through the mutex, wakes it.
    atomic_fetch_add(&team->sleepers, 1);
    while (!has_chunks(atomic_load(&team->ticket)) && !atomic_load(&team->stopping)) {
        pthread_cond_wait(&team->wake, &team->mutex);
    }
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->mutex);
}

static void *member_main(void *argument) {
    struct lk_member *member = argument;
    lk_team *team = member->team;
    while (!atomic_load(&team->stopping)) {
        if (!spin_for_chunks(team)) sleep_for_chunks(team);
        do_chunks(team, member->index);
    }
    return NULL;
}

static void wake_sleepers(lk_team *team) {
    if (atomic_load(&team->sleepers) == 0) return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->mutex);
}

lk_team *lk_team_create(int threads) {
    if (threads < 1) return NULL;
    size_t bytes = sizeof(lk_team) + (size_t)threads * sizeof(struct lk_member);
    size_t alignment = _Alignof(lk_team);
    lk_team *team = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (team == NULL) return NULL;
    atomic_init(&team->ticket, 0);
    atomic_init(&team->finished, 0);
    atomic_init(&team->sleepers, 0);
    atomic_init(&team->stopping, false);
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->wake, NULL);
    team->size = threads;
    for (team->started = 1; team->started < threads; team->started++) {
        struct lk_member *member = &team->members[team->started];
        member->team = team;
        member->index = team->started;
        if (pthread_create(&member->thread, NULL, member_main, member) != 0) {
            lk_team_destroy(team);
            return NULL;
        }
    }
    return team;
}

void lk_team_destroy(lk_team *team) {
    if (team == NULL) return;
    atomic_store(&team->stopping, true);
    wake_sleepers(team);
    for (int i = 1; i < team->started; i++) pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->mutex);
    free(team);
}

int lk_team_size(const lk_team *team) { return team->size; }

void lk_team_run(lk_team *team, lk_work work, void *job, uint32_t chunks) {
    if (team->size == 1 || chunks <= 1) {
        for (uint32_t chunk = 0; chunk < chunks; chunk++) work(job, chunk, 0);
        return;
    }
    team->work = work;
    team->job = job;
    team->chunks = chunks;
    atomic_store_explicit(&team->finished, 0, memory_order_relaxed);
    uint64_t number = (atomic_load_explicit(&team->ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store(&team->ticket, number << 32 | chunks);
    wake_sleepers(team);
    do_chunks(team, 0);
    // Other members may still be in their last chunk. If one of them was descheduled, yielding gives it this processor.
    for (int spins = 0; atomic_load_explicit(&team->finished, memory_order_acquire) != chunks; spins++) {
        if (spins < SPINS_BEFORE_YIELD) {
            pause_briefly();
        } else {
            sched_yield();
        }
    }
}
