// The hot loops of the Llama forward pass, in C.
//
// Results are independent of batch composition: every output element is reduced in one order that depends on its
// own row alone (its weight row, its activations, its position), never on the number of tokens in the call, the
// number of threads, or the thread that computes it. Two calls that compute the same element return the same bits, with
// any instruction set.
//
// Inputs and outputs are float32. Weights keep the dtype of their file and are converted inside the loops; for those in
// blocks, a linear layer may quantize its input (`lk_activations`). No function here allocates after
// `lk_context_create`. Callers check sizes and ranges; nothing is checked here.
#ifndef CLLAMAKERNELS_H
#define CLLAMAKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Context: an instruction set and a thread team

// Types of weights. The Q formats are GGML's: blocks of elements that share scales.
typedef enum {
    LK_F32 = 0,
    LK_F16 = 1,
    LK_BF16 = 2,
    LK_Q4_0 = 3,
    LK_Q4_1 = 4,
    LK_Q5_0 = 5,
    LK_Q5_1 = 6,
    LK_Q8_0 = 7,
    LK_Q2_K = 8,
    LK_Q3_K = 9,
    LK_Q4_K = 10,
    LK_Q5_K = 11,
    LK_Q6_K = 12,
} lk_dtype;

// Elements of a block: of the formats named K, and of the other Q formats.
enum { LK_LARGE_BLOCK = 256, LK_SMALL_BLOCK = 32 };

// Bytes of a block.
enum {
    LK_Q4_0_BYTES = 18,
    LK_Q4_1_BYTES = 20,
    LK_Q5_0_BYTES = 22,
    LK_Q5_1_BYTES = 24,
    LK_Q8_0_BYTES = 34,
    LK_Q2_K_BYTES = 84,
    LK_Q3_K_BYTES = 110,
    LK_Q4_K_BYTES = 144,
    LK_Q5_K_BYTES = 176,
    LK_Q6_K_BYTES = 210,
};

// Elements that are stored together: 1, or those of a block.
static inline size_t lk_dtype_block_count(lk_dtype dtype) {
    if (dtype <= LK_BF16) return 1;
    return dtype <= LK_Q8_0 ? LK_SMALL_BLOCK : LK_LARGE_BLOCK;
}

// Bytes of that many.
static inline size_t lk_dtype_block_size(lk_dtype dtype) {
    switch (dtype) {
    case LK_F32: return 4;
    case LK_F16:
    case LK_BF16: return 2;
    case LK_Q4_0: return LK_Q4_0_BYTES;
    case LK_Q4_1: return LK_Q4_1_BYTES;
    case LK_Q5_0: return LK_Q5_0_BYTES;
    case LK_Q5_1: return LK_Q5_1_BYTES;
    case LK_Q8_0: return LK_Q8_0_BYTES;
    case LK_Q2_K: return LK_Q2_K_BYTES;
    case LK_Q3_K: return LK_Q3_K_BYTES;
    case LK_Q4_K: return LK_Q4_K_BYTES;
    case LK_Q5_K: return LK_Q5_K_BYTES;
    case LK_Q6_K: return LK_Q6_K_BYTES;
    }
    return 0;
}

// Instruction sets. The names with VNNI multiply integers with its dot products; otherwise they are the ones before them.
typedef enum { LK_REFERENCE = 0, LK_AVX2 = 1, LK_AVX_VNNI = 2, LK_AVX512 = 3, LK_AVX512_VNNI = 4 } lk_isa;

// How the activations of linear layers are multiplied: as they are; by weights in block formats, quantized to int8 in
// blocks like the weights', with exact integer sums within a block; or so and, by BF16 weights, rounded to bfloat16, in
// the way of processors that can. Everything else is multiplied as float32 always.
typedef enum { LK_ACTIVATIONS_FLOAT32 = 0, LK_ACTIVATIONS_INT8 = 1, LK_ACTIVATIONS_BFLOAT16 = 2 } lk_activations;

// Whether this processor (and operating system) can run the instruction set.
bool lk_isa_supported(lk_isa isa);
// Whether it can also multiply numbers of bfloat16.
bool lk_bfloat16_supported(lk_isa isa);
// The fastest supported instruction set.
lk_isa lk_isa_best(void);

// Number of processors that this process may run on, at least 1.
int lk_processor_count(void);

// An instruction set, a persistent team of `threads` threads (the caller is one of them) and each
// thread's scratch memory. One call at a time may use a context.
typedef struct lk_context lk_context;
// NULL where the instruction set, or bfloat16 if asked for, is not supported or the system has no memory or threads left.
lk_context *lk_context_create(lk_isa isa, lk_activations activations, int threads);
void lk_context_destroy(lk_context *context);
int lk_context_threads(const lk_context *context);
// The instruction set of its kernels in float32, and of those in integers; NULL where activations stay float32.
const char *lk_context_kernels(const lk_context *context);
const char *lk_context_integer_kernels(const lk_context *context);

// MARK: Linear layers

// A rectangle of a weight matrix in its file's layout: row r begins at data + r * row_stride elements. `data` is
// aligned to its element size only (files promise no more), or in a block format not at all; there, `row_stride` and
// `columns` are whole blocks.
typedef struct {
    const void *data;
    size_t row_stride;
    size_t rows;
    size_t columns;
} lk_block;

// A weight matrix [rows (out), columns (in)] cut into row_parts x column_parts blocks, row-major (1 x 1 unless the
// checkpoint is model-parallel). All blocks have equal `rows` and equal `columns`.
typedef struct {
    lk_dtype dtype;
    size_t rows, columns;
    size_t row_parts, column_parts;
    const lk_block *blocks;
} lk_matrix;

// out[t * out_stride + r] (+)= sum_k weight[r, k] * x[t * x_stride + k] + bias[r]
typedef struct {
    const lk_matrix *weight;
    const float *bias;  // [rows], or NULL
    float *out;         // [tokens, rows]
    size_t out_stride;  // in floats
    bool accumulate;    // add to `out` rather than replace it
} lk_linear_op;

// Runs `count` linear layers over the same input [tokens, columns] in one parallel region. Their weights may differ in
// dtype and in how their columns are cut; weights that are multiplied as bfloat16, in up to four ways.
void lk_linear(lk_context *context, const lk_linear_op *ops, size_t count, const float *x, size_t x_stride,
               size_t tokens);

// gate = silu(w1 x + b1) * (w3 x + b3), in one parallel region. `gate` and `up` are [tokens, rows] with the ops' own
// strides; on return `gate->out` holds the result and `up->out` is scratch.
void lk_swiglu(lk_context *context, const lk_linear_op *gate, const lk_linear_op *up, const float *x,
               size_t x_stride, size_t tokens);

// MARK: The rest of a Transformer block

// out[i, :] = float(weight[ids[i], :]); ids are in range. out is [count, columns].
void lk_embedding(lk_context *context, const lk_matrix *weight, const int32_t *ids, size_t count, float *out);

// out[t, d] = x[t, d] / sqrt(mean_d(x[t, :]^2) + epsilon) * weight[d]; x and out are [tokens, dim], may alias.
void lk_rms_norm(lk_context *context, const float *x, const float *weight, float epsilon, float *out,
                 size_t tokens, size_t dim);

// One row of a forward pass: the token at `position` of the sequence in cache slot `slot`.
typedef struct {
    int32_t position;
    int32_t slot;
} lk_row;

_Static_assert(sizeof(lk_row) == 8, "RowBatch fills arrays of rows");

// Which elements of a head rotate together: Meta's neighbors (2i, 2i + 1), or Hugging Face's halves
// (i, i + head_dim / 2).
typedef enum { LK_ROPE_INTERLEAVED = 0, LK_ROPE_HALVES = 1 } lk_rope_layout;

// Positions of a block of the key cache: the lanes of the widest vector.
enum { LK_POSITION_LANES = 16 };

// Positions of a page of the cache.
enum { LK_PAGE_POSITIONS = 64 };

// One layer's key-value cache, in LK_F32 or LK_F16: pages of LK_PAGE_POSITIONS positions. For page g and kv head h
// (base + (g * kv heads + h) * LK_PAGE_POSITIONS * head_dim elements), with L = LK_POSITION_LANES:
//   keys   [LK_PAGE_POSITIONS / L][head_dim][L]   position p of the page is lane p % L of block p / L
//   values [LK_PAGE_POSITIONS][head_dim]
// The positions of slot s from i * LK_PAGE_POSITIONS on are in page pages[s * table_stride + i]. Lanes and rows past the
// last stored position are unspecified.
typedef struct {
    lk_dtype dtype;
    void *keys;
    void *values;
    const int32_t *pages;
    size_t table_stride;
} lk_cache_layer;

typedef struct {
    size_t n_heads, n_kv_heads, head_dim;  // n_heads is a multiple of n_kv_heads; head_dim is even
    lk_rope_layout rope_layout;
    const float *rope_cos;  // [positions, head_dim / 2]
    const float *rope_sin;  // [positions, head_dim / 2]
    float scale;            // 1 / sqrt(head_dim)
} lk_attention_shape;

// Rotates q [count, n_heads * head_dim] in place; rotates k [count, n_kv_heads * head_dim] and stores it and
// v (same shape), rounded to the cache's dtype, at each row's slot and position.
void lk_rope_and_store(lk_context *context, const lk_attention_shape *shape, const lk_row *rows, size_t count,
                       float *q, const float *k, const float *v, const lk_cache_layer *cache);

// out[i, head, :] = sum_p softmax_p(scale * q[i, head] . keys[p, head / repeats]) values[p, head / repeats]
// over positions p <= rows[i].position of the row's slot. out is [count, n_heads * head_dim].
void lk_attention(lk_context *context, const lk_attention_shape *shape, const lk_row *rows, size_t count,
                  const float *q, float *out, const lk_cache_layer *cache);

// log(sum_i exp(x[i])), accumulated in double.
double lk_log_sum_exp(lk_context *context, const float *x, size_t count);

#ifdef __cplusplus
}
#endif

// This header is the module's umbrella: what it does not include, Swift does not see.
#include "CPeaks.h"
#include "CTraining.h"

#endif
