// What an instruction set provides: the inner loops, each run by one thread on its share of the rows.
#ifndef CLLAMAKERNELS_KERNELS_H
#define CLLAMAKERNELS_KERNELS_H

#include "CLlamaKernels.h"
#include "team.h"

// Each thread's scratch memory, in floats, aligned to 64 bytes.
//
// The panel holds a few weight rows, converted to float32 or as integers in another order; panel and activations share a
// second-level cache.
enum {
    LK_PANEL_FLOATS = 128 * 1024,
    LK_PANEL_ROWS = 32,
    // Tokens that are processed at a time, and partial sums of sixteen lanes of that many for the panel's rows.
    LK_ROUND_TOKENS = 256,
    LK_SUM_FLOATS = 16 * (LK_ROUND_TOKENS + 16) * LK_PANEL_ROWS,
    // Activations that the whole team packs and shares; more tokens than fit are processed in several rounds.
    LK_PACKED_FLOATS = 2 * 1024 * 1024,
    LK_SCRATCH_FLOATS = LK_PANEL_FLOATS + LK_SUM_FLOATS,  // a whole number of pages
};

// Softmax advances through the positions in blocks counted from position 0, so a row's sums do not depend on how its
// prompt was cut into chunks. A block of 128 keys of 64 floats fits a first-level cache.
enum { LK_POSITION_BLOCK = 128 };
_Static_assert(LK_POSITION_BLOCK % LK_PAGE_POSITIONS == 0, "whole pages of the cache");
_Static_assert(LK_PAGE_POSITIONS % LK_POSITION_LANES == 0, "whole blocks of the key cache");
// Queries that share the loads of keys and values.
enum { LK_QUERIES = 16 };

// A query of one head, the number of positions it sees and where its result goes.
typedef struct {
    const float *q;
    float *out;
    size_t length;
} lk_query;

// Keys and values of one slot and kv head: of the head in page 0, the distance of pages in bytes, and the slot's pages.
typedef struct {
    const char *keys, *values;
    size_t page_bytes;
    const int32_t *pages;
} lk_cached;

static inline const void *lk_page(const char *base, const lk_cached *cached, size_t position) {
    return base + (size_t)cached->pages[position / LK_PAGE_POSITIONS] * cached->page_bytes;
}

// The tokens of a round of a linear layer.
typedef struct {
    const float *x;  // of the first
    size_t x_stride;
    size_t first, tokens;
    // What `pack` wrote, in `tiles` tiles, or NULL where x is to be read.
    const float *packed;
    size_t tiles;
} lk_input;

typedef struct lk_training_kernels lk_training_kernels;

// Linear layers whose activations are float32, quantized to int8 (integer.h), or rounded to bfloat16.
typedef struct {
    // The instruction set's.
    const char *name;
    // Rows that are computed together where tokens are packed: fewer take as long.
    size_t group;
    // Number of tiles that the tokens are packed into for weights of a dtype; 0 where they are not packed.
    size_t (*packed_tiles)(lk_dtype dtype, size_t tokens);
    // Floats of a packed token; like what `pack` writes, they follow from the weight's dtype and the cut of its
    // columns.
    size_t (*packed_size)(const lk_matrix *weight);
    // Packs one of `tiles` tiles.
    void (*pack)(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed);
    // Rows row_begin ..< row_end of one linear layer for all tokens of the input.
    void (*rows)(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *input, float *scratch);
    // The multiply-adds of these layers with nothing else to do (CPeaks.h): the number of operations, and in `sum` the
    // sum of as many products of 1 and 1.
    size_t (*peak)(uint32_t rounds, double *sum);
} lk_linear_kernels;

typedef struct {
    // n elements of a dtype as float32.
    void (*convert)(lk_dtype dtype, const void *from, float *to, size_t n);
    const lk_linear_kernels *linear;
    // gate[i] = silu(gate[i]) * up[i]
    void (*silu_multiply)(float *gate, const float *up, size_t n);
    // One token of lk_rms_norm.
    void (*rms_norm)(const float *x, const float *weight, float epsilon, float *out, size_t dim);
    // Up to LK_QUERIES queries over keys and values of LK_F32 or LK_F16.
    void (*attend)(const lk_query *queries, size_t count, size_t head_dim, float scale, lk_dtype dtype,
                   const lk_cached *cached, float *scratch);
    double (*log_sum_exp)(const float *x, size_t n);
    const lk_training_kernels *training;
} lk_kernels;

extern const lk_kernels lk_kernels_reference;
extern const lk_linear_kernels lk_integer_reference;
#if defined(__x86_64__)
extern const lk_kernels lk_kernels_avx2, lk_kernels_avx512;
extern const lk_linear_kernels lk_integer_avx2, lk_integer_avxvnni, lk_integer_avx512vnni, lk_bfloat16_avx512;
#endif

struct lk_context {
    const lk_kernels *kernels;
    // For weights in block formats, and for BF16; NULL where their activations stay float32.
    const lk_linear_kernels *integer, *bfloat16;
    lk_team *team;
    float *scratch;
    float *packed;
};

static inline float *lk_scratch(const lk_context *context, int member) {
    return context->scratch + (size_t)member * LK_SCRATCH_FLOATS;
}

// Bytes of n elements, whole blocks.
static inline size_t lk_dtype_bytes(lk_dtype dtype, size_t n) {
    return n / lk_dtype_block_count(dtype) * lk_dtype_block_size(dtype);
}

static inline const void *lk_block_row(const lk_block *block, lk_dtype dtype, size_t row) {
    return (const char *)block->data + row * lk_dtype_bytes(dtype, block->row_stride);
}

static inline size_t lk_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t lk_max(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t lk_divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

// Tiles of nearly equal size: 128 tokens are 8 tiles of 12 and 4 of 8 rather than 10 of 12 and a slow one of 8.
static inline size_t lk_tile_begin(size_t tile, size_t tiles, size_t tokens) { return tile * tokens / tiles; }

// Runs the chunks on the team, or on the calling thread alone where waking another (about ten microseconds) costs more
// than it saves. `cost` counts multiply-adds.
enum { LK_PARALLEL_COST = 128 * 1024 };

static inline void lk_run(const lk_context *context, lk_work function, void *job, size_t chunks, size_t cost) {
    if (cost < LK_PARALLEL_COST) {
        for (size_t chunk = 0; chunk < chunks; chunk++) function(job, (uint32_t)chunk, 0);
    } else {
        lk_team_run(context->team, function, job, (uint32_t)chunks);
    }
}

#endif
