// Measurements of the processor's limits, divided among the threads of a team.
#include <stdatomic.h>
#include <string.h>

#include "kernels.h"

// MARK: Reading

// Bytes that a thread reads at a time: enough to be a stream, few enough that the threads finish together. A multiple of
// eight.
enum { READ_CHUNK = 1 << 20 };

typedef struct {
    const lk_region *regions;
    _Atomic uint64_t words;
} read_job;

static uint64_t load_word(const char *from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static uint64_t read_bytes(const char *from, size_t bytes) {
    // As many loads in flight as hide each other's latency.
    enum { STREAMS = 16 };
    uint64_t words[STREAMS] = {0}, result = 0;
    size_t offset = 0;
    for (; bytes - offset >= sizeof words; offset += sizeof words) {
        for (size_t i = 0; i < STREAMS; i++) words[i] ^= load_word(from + offset + 8 * i);
    }
    for (size_t i = 0; i < STREAMS; i++) result ^= words[i];
    for (; bytes - offset >= 8; offset += 8) result ^= load_word(from + offset);
    char rest[8] = {0};
    if (offset < bytes) memcpy(rest, from + offset, bytes - offset);
    return result ^ load_word(rest);
}

static void read_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    read_job *job = argument;
    const lk_region *region = job->regions;
    size_t index = chunk;
    for (size_t chunks; index >= (chunks = lk_divide_up(region->bytes, READ_CHUNK)); region++) index -= chunks;
    size_t offset = index * READ_CHUNK;
    uint64_t words = read_bytes((const char *)region->data + offset, lk_min(region->bytes - offset, READ_CHUNK));
    atomic_fetch_xor_explicit(&job->words, words, memory_order_relaxed);
}

uint64_t lk_read(lk_context *context, const lk_region *regions, size_t count) {
    read_job job = {.regions = regions};
    size_t chunks = 0;
    for (size_t i = 0; i < count; i++) chunks += lk_divide_up(regions[i].bytes, READ_CHUNK);
    lk_team_run(context->team, read_chunk, &job, (uint32_t)chunks);
    return atomic_load(&job.words);
}

// MARK: Multiplying

// Chunks for each thread, so that one that starts late does less and all finish together.
enum { CHUNKS_PER_THREAD = 8 };

typedef struct {
    size_t (*peak)(uint32_t rounds, double *sum);
    uint32_t rounds;
    _Atomic uint64_t sum, operations;
} multiply_job;

static void multiply_chunk(void *argument, uint32_t chunk, int member) {
    (void)chunk;
    (void)member;
    multiply_job *job = argument;
    double sum = 0;
    uint64_t operations = job->peak(job->rounds, &sum);
    atomic_fetch_add_explicit(&job->operations, operations, memory_order_relaxed);
    atomic_fetch_add_explicit(&job->sum, (uint64_t)sum, memory_order_relaxed);
}

// The kernels that the context has for it; those of float32 where it has none.
static const lk_linear_kernels *kernels_for(const lk_context *context, lk_arithmetic arithmetic) {
    const lk_linear_kernels *kernels = arithmetic == LK_ARITHMETIC_INT8       ? context->integer
                                       : arithmetic == LK_ARITHMETIC_BFLOAT16 ? context->bfloat16
                                                                              : NULL;
    return kernels == NULL ? context->kernels->linear : kernels;
}

double lk_multiply(lk_context *context, lk_arithmetic arithmetic, uint32_t rounds, double *sum) {
    multiply_job job = {.peak = kernels_for(context, arithmetic)->peak, .rounds = rounds};
    lk_team_run(context->team, multiply_chunk, &job, CHUNKS_PER_THREAD * (uint32_t)lk_team_size(context->team));
    *sum = (double)atomic_load(&job.sum);
    return (double)atomic_load(&job.operations);
}
