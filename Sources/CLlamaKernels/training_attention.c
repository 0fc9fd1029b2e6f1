// Causal attention of training over whole sequences, as matrix products of blocks of queries.
//
// A thread processes one kv head of one sequence, a unit, alone, so that no other adds to its dk and dv. The `repeats`
// query heads that share the kv head are stacked: a block is a few positions x repeats rows [rows, head_dim], in which
// row p * repeats + i is head i at the block's position p, the order they have in memory. A block's products run over
// the keys up to the block's end; scores above the diagonal inside a block are set to zero.
#include <math.h>
#include <string.h>

#include "training.h"

// Stacked rows of a block. Fewer make the products slow; more waste the half of the last keys that is masked, and
// OpenBLAS's quick path for small products ends at a million multiply-adds: 48 rows x 256 keys x 64 are 0.8 million.
enum { BLOCK_ROWS = 48 };

typedef struct {
    const lk_training_kernels *kernels;
    lk_sgemm sgemm;
    const lk_causal_shape *shape;
    const float *q, *k, *v, *dout;
    float *out, *lse, *dq, *dk, *dv;
    float *scratch;
} causal_job;

// A thread's memory.
typedef struct {
    float *q, *dout, *out;         // [stacked rows, head_dim]; out is dq in the backward pass
    float *scores, *gradients;     // [stacked rows, score_stride]
    float *keys, *values;          // transposed, [head_dim, score_stride]
    float *sums;                   // [stacked rows]
    size_t score_stride;
} workspace;

// A block of a unit.
typedef struct {
    const causal_job *job;
    workspace memory;
    size_t sequence, kv_head;
    size_t repeats, q_stride, kv_stride;
    size_t q_begin, kv_begin;  // offsets of the unit's first row
    size_t first, end;         // the block's positions
} block;

static size_t repeats_of(const lk_causal_shape *shape) { return shape->n_heads / shape->n_kv_heads; }
static size_t block_positions(const lk_causal_shape *shape) { return lk_max(BLOCK_ROWS / repeats_of(shape), 1); }

// Whole cache lines, so that two threads' memory shares none.
static size_t padded(size_t floats) { return lk_divide_up(floats, 16) * 16; }

// A cache line more than the scores: rows a power of two apart would compete for the same cache sets.
static size_t score_stride(const lk_causal_shape *shape) { return padded(shape->length) + 16; }

static size_t stacked_floats(const lk_causal_shape *shape) {
    return padded(block_positions(shape) * repeats_of(shape) * shape->head_dim);
}

static size_t workspace_floats(const lk_causal_shape *shape) {
    size_t rows = block_positions(shape) * repeats_of(shape);
    return 3 * stacked_floats(shape) + 2 * (rows + shape->head_dim) * score_stride(shape) + padded(rows);
}

size_t lk_causal_scratch(lk_context *context, const lk_causal_shape *shape) {
    return (size_t)lk_team_size(context->team) * workspace_floats(shape);
}

static workspace workspace_of(const causal_job *job, int member) {
    const lk_causal_shape *shape = job->shape;
    size_t stacked = stacked_floats(shape), stride = score_stride(shape);
    size_t scores = block_positions(shape) * repeats_of(shape) * stride, transposed = shape->head_dim * stride;
    float *base = job->scratch + (size_t)member * workspace_floats(shape);
    float *after = base + 3 * stacked;
    return (workspace){.q = base,
                       .dout = base + stacked,
                       .out = base + 2 * stacked,
                       .scores = after,
                       .gradients = after + scores,
                       .keys = after + 2 * scores,
                       .values = after + 2 * scores + transposed,
                       .sums = after + 2 * (scores + transposed),
                       .score_stride = stride};
}

static block unit_of(const causal_job *job, uint32_t chunk, int member) {
    const lk_causal_shape *shape = job->shape;
    size_t sequence = chunk / shape->n_kv_heads, kv_head = chunk % shape->n_kv_heads;
    size_t repeats = repeats_of(shape);
    size_t q_stride = shape->n_heads * shape->head_dim, kv_stride = shape->n_kv_heads * shape->head_dim;
    return (block){.job = job,
                   .memory = workspace_of(job, member),
                   .sequence = sequence,
                   .kv_head = kv_head,
                   .repeats = repeats,
                   .q_stride = q_stride,
                   .kv_stride = kv_stride,
                   .q_begin = sequence * shape->length * q_stride + kv_head * repeats * shape->head_dim,
                   .kv_begin = sequence * shape->length * kv_stride + kv_head * shape->head_dim};
}

static size_t stacked_rows(const block *block) { return (block->end - block->first) * block->repeats; }

// The queries of the block's position, all heads of the unit.
static size_t q_offset(const block *block, size_t position) { return block->q_begin + position * block->q_stride; }

static float *lse_of(const block *block, size_t head, size_t position) {
    const lk_causal_shape *shape = block->job->shape;
    size_t heads = block->sequence * shape->n_heads + block->kv_head * block->repeats + head;
    return block->job->lse + heads * shape->length + position;
}

// Prefetches rows. A unit's pieces of them are too far apart for the processor's own prefetching, and waiting for them
// would take a third as long as the arithmetic.
static void fetch(const block *block, const float *from, size_t first, size_t end) {
    enum { LINE_FLOATS = 16 };
    size_t floats = block->repeats * block->job->shape->head_dim;
    for (size_t p = first; p < end; p++) {
        for (size_t i = 0; i < floats; i += LINE_FLOATS) __builtin_prefetch(from + q_offset(block, p) + i);
    }
}

// Prefetches the next block: they are processed from the last to the first.
static void fetch_next(const block *block, const float *from) {
    size_t positions = lk_min(block->first, block_positions(block->job->shape));
    fetch(block, from, block->first - positions, block->first);
}

static void stack(const block *block, const float *from, float *to) {
    size_t floats = block->repeats * block->job->shape->head_dim;
    for (size_t p = block->first; p < block->end; p++, to += floats) {
        memcpy(to, from + q_offset(block, p), floats * sizeof *to);
    }
}

static void unstack(const block *block, const float *from, float *to) {
    size_t floats = block->repeats * block->job->shape->head_dim;
    for (size_t p = block->first; p < block->end; p++, from += floats) {
        memcpy(to + q_offset(block, p), from, floats * sizeof *to);
    }
}

// The unit's keys or values as [head_dim, length]: the library's product of small matrices is a third quicker when
// the right-hand one need not be transposed.
static void transpose(const block *block, const float *from, float *to) {
    const lk_causal_shape *shape = block->job->shape;
    for (size_t d = 0; d < shape->head_dim; d++) {
        const float *column = from + block->kv_begin + d;
        float *row = to + d * block->memory.score_stride;
        for (size_t p = 0; p < shape->length; p++) row[p] = column[p * block->kv_stride];
    }
}

// scores = stacked [rows, head_dim] times transposed [head_dim, keys up to the block's end].
static void score(const block *block, const float *stacked, const float *transposed, float *scores) {
    size_t head_dim = block->job->shape->head_dim, stride = block->memory.score_stride;
    lk_gemm_op op = {.m = stacked_rows(block),
                     .n = block->end,
                     .k = head_dim,
                     .a = stacked,
                     .lda = head_dim,
                     .b = transposed,
                     .ldb = stride,
                     .c = scores,
                     .ldc = stride};
    lk_gemm_here(block->job->sgemm, &op);
}

// stacked = scores times keys or values [length, head_dim], which are not copied.
static void combine(const block *block, const float *scores, const float *from, float *stacked) {
    size_t head_dim = block->job->shape->head_dim;
    lk_gemm_op op = {.m = stacked_rows(block),
                     .n = head_dim,
                     .k = block->end,
                     .a = scores,
                     .lda = block->memory.score_stride,
                     .b = from + block->kv_begin,
                     .ldb = block->kv_stride,
                     .c = stacked,
                     .ldc = head_dim};
    lk_gemm_here(block->job->sgemm, &op);
}

// The gradient of keys or values: scores transposed times stacked. The last block sees every key, comes first and
// sets the sums that the others add to.
static void collect(const block *block, const float *scores, const float *stacked, float *to) {
    size_t head_dim = block->job->shape->head_dim;
    lk_gemm_op op = {.transpose_a = true,
                     .accumulate = block->end != block->job->shape->length,
                     .m = block->end,
                     .n = head_dim,
                     .k = stacked_rows(block),
                     .a = scores,
                     .lda = block->memory.score_stride,
                     .b = stacked,
                     .ldb = head_dim,
                     .c = to + block->kv_begin,
                     .ldc = block->kv_stride};
    lk_gemm_here(block->job->sgemm, &op);
}

// Zeroes the scores of the positions that a row's query does not see.
static void mask(const block *block, float *scores, size_t valid) {
    memset(scores + valid, 0, (block->end - valid) * sizeof *scores);
}

static void forward_block(const block *block) {
    const causal_job *job = block->job;
    const workspace *memory = &block->memory;
    size_t head_dim = job->shape->head_dim, rows = stacked_rows(block);
    stack(block, job->q, memory->q);
    fetch_next(block, job->q);
    score(block, memory->q, memory->keys, memory->scores);
    for (size_t row = 0; row < rows; row++) {
        size_t position = block->first + row / block->repeats, valid = position + 1;
        float *scores = memory->scores + row * memory->score_stride;
        float greatest = job->kernels->exponentiate(scores, job->shape->scale, valid, &memory->sums[row]);
        mask(block, scores, valid);
        *lse_of(block, row % block->repeats, position) = job->shape->scale * greatest + logf(memory->sums[row]);
    }
    combine(block, memory->scores, job->v, memory->out);
    for (size_t row = 0; row < rows; row++) {
        job->kernels->scale(memory->out + row * head_dim, 1 / memory->sums[row], head_dim);
    }
    unstack(block, memory->out, job->out);
}

// With P the probabilities: dV = P^T dO, dP = dO V^T, dS = scale * P * (dP - rowsum(dO * O)), dQ = dS K, dK = dS^T Q.
static void backward_block(const block *block) {
    const causal_job *job = block->job;
    const workspace *memory = &block->memory;
    size_t head_dim = job->shape->head_dim, rows = stacked_rows(block);
    stack(block, job->q, memory->q);
    stack(block, job->dout, memory->dout);
    fetch(block, job->out, block->first, block->end);
    fetch_next(block, job->q);
    fetch_next(block, job->dout);
    score(block, memory->q, memory->keys, memory->scores);
    score(block, memory->dout, memory->values, memory->gradients);
    for (size_t row = 0; row < rows; row++) {
        size_t head = row % block->repeats, position = block->first + row / block->repeats, valid = position + 1;
        float delta = job->kernels->dot(memory->dout + row * head_dim,
                                        job->out + q_offset(block, position) + head * head_dim, head_dim);
        float *scores = memory->scores + row * memory->score_stride;
        float *gradients = memory->gradients + row * memory->score_stride;
        job->kernels->softmax_backward(scores, gradients, job->shape->scale, *lse_of(block, head, position), delta,
                                       valid);
        mask(block, scores, valid);
        mask(block, gradients, valid);
    }
    collect(block, memory->scores, memory->dout, job->dv);
    collect(block, memory->gradients, memory->q, job->dk);
    combine(block, memory->gradients, job->k, memory->out);
    unstack(block, memory->out, job->dq);
}

// From the last block to the first: see `collect`.
static void each_block(block *unit, void (*work)(const block *)) {
    const lk_causal_shape *shape = unit->job->shape;
    size_t positions = block_positions(shape);
    for (size_t index = lk_divide_up(shape->length, positions); index-- > 0;) {
        unit->first = index * positions;
        unit->end = lk_min(unit->first + positions, shape->length);
        work(unit);
    }
}

static void forward_unit(void *argument, uint32_t chunk, int member) {
    const causal_job *job = argument;
    block unit = unit_of(job, chunk, member);
    transpose(&unit, job->k, unit.memory.keys);
    each_block(&unit, forward_block);
}

static void backward_unit(void *argument, uint32_t chunk, int member) {
    const causal_job *job = argument;
    block unit = unit_of(job, chunk, member);
    transpose(&unit, job->k, unit.memory.keys);
    transpose(&unit, job->v, unit.memory.values);
    each_block(&unit, backward_block);
}

static void run_units(lk_context *context, lk_work unit, causal_job *job, size_t products) {
    const lk_causal_shape *shape = job->shape;
    size_t pairs = shape->batch * shape->n_heads * shape->length * (shape->length + 1) / 2;
    lk_run(context, unit, job, shape->batch * shape->n_kv_heads, products * pairs * shape->head_dim);
}

void lk_causal_forward(lk_context *context, lk_sgemm sgemm, const lk_causal_shape *shape, const float *q,
                       const float *k, const float *v, float *out, float *lse, float *scratch) {
    causal_job job = {.kernels = lk_training(context),
                      .sgemm = sgemm,
                      .shape = shape,
                      .q = q,
                      .k = k,
                      .v = v,
                      .out = out,
                      .lse = lse,
                      .scratch = scratch};
    run_units(context, forward_unit, &job, 2);
}

void lk_causal_backward(lk_context *context, lk_sgemm sgemm, const lk_causal_shape *shape, const float *dout,
                        const float *q, const float *k, const float *v, const float *out, const float *lse,
                        float *dq, float *dk, float *dv, float *scratch) {
    causal_job job = {.kernels = lk_training(context),
                      .sgemm = sgemm,
                      .shape = shape,
                      .q = q,
                      .k = k,
                      .v = v,
                      .dout = dout,
                      .out = (float *)out,
                      .lse = (float *)lse,
                      .dq = dq,
                      .dk = dk,
                      .dv = dv,
                      .scratch = scratch};
    run_units(context, backward_unit, &job, 5);
}
