// Linear layers over the vector operations of one instruction set, in float32.
//
// Lane j of an output element's sixteen partial sums adds the products of the columns j, j + 16, ... of each column
// part in ascending order, and a fixed tree adds the lanes once at the end (scalar_sums.h states it). Few tokens are
// multiplied row by row as the weights are stored; many as an outer product of 16 rows and a few tokens, one lane of
// the sums at a time. Both compute the same bits.
#ifndef CLLAMAKERNELS_SIMD_LINEAR_H
#define CLLAMAKERNELS_SIMD_LINEAR_H

#include "blocks.h"
#include "kernels.h"
#include "simd_emit.h"

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

// Block formats other than the two that `load_weight` knows are first decoded, this many rows and columns at a time
// (128 KiB), into the panel's memory and then multiplied as float32.
enum { DECODED_ROWS = 4, DECODED_COLUMNS = 8192 };
// Rows of a single-token tile: with one, memory is read in order. Its sum waits for one multiply-add after another, but
// the processor begins the next row meanwhile.
enum { STREAM_ROWS = 1 };
// Bytes that are fetched ahead of those being multiplied, where memory is read in order: a page.
enum { STREAM_AHEAD = 4096 };

// A few rows of a weight matrix, as in the file.
typedef struct {
    lk_dtype dtype;
    size_t rows;
    size_t column_parts, part_columns;
    const lk_block *blocks;  // the row part's blocks
    size_t block_row;        // the first row's index in them
} weight_rows;

static INLINE vec load_q8_0(const char *row, size_t k) {
    const q8_0_block *block = (const q8_0_block *)(const void *)row + k / 32;
    __m128i quants = _mm_loadu_si128((const __m128i *)(const void *)(block->quants + k % 32));
    return vec_mul(vec_set_f16(block->d), floats_of_bytes(quants));
}

static INLINE vec load_q4_0(const char *row, size_t k) {
    const q4_0_block *block = (const q4_0_block *)(const void *)row + k / 32;
    __m128i pairs = _mm_loadu_si128((const __m128i *)(const void *)block->quants);
    __m128i nibbles = _mm_and_si128(_mm_srl_epi16(pairs, _mm_cvtsi32_si128((int)(k % 32 / 16 * 4))),
                                    _mm_set1_epi8(0xf));
    return vec_mul(vec_set_f16(block->d), floats_of_bytes(_mm_sub_epi8(nibbles, _mm_set1_epi8(8))));
}

// 16 elements of a row of weights; of blocks, k is a multiple of 16.
static INLINE vec load_weight(lk_dtype dtype, const char *row, size_t k) {
    switch (dtype) {
    case LK_F32: return vec_load((const float *)(const void *)(row + 4 * k));
    case LK_F16: return vec_load_f16(row + 2 * k);
    case LK_BF16: return vec_load_bf16(row + 2 * k);
    case LK_Q8_0: return load_q8_0(row, k);
    case LK_Q4_0: return load_q4_0(row, k);
    default: return vec_zero();
    }
}

static INLINE vec load_weight_tail(lk_dtype dtype, const char *row, size_t k, size_t n) {
    switch (dtype) {
    case LK_F32: return vec_load_n((const float *)(const void *)(row + 4 * k), n);
    case LK_F16: return vec_load_f16_n(row + 2 * k, n);
    case LK_BF16: return vec_load_bf16_n(row + 2 * k, n);
    default: return vec_zero();  // whole blocks leave no tail
    }
}

// Whether weights must be decoded before they are multiplied.
static INLINE bool needs_decoding(lk_dtype dtype) {
    return lk_dtype_block_count(dtype) > 1 && dtype != LK_Q8_0 && dtype != LK_Q4_0;
}

static MAY_BE_UNUSED void convert(lk_dtype dtype, const void *from, float *to, size_t n) {
    if (lk_dtype_block_count(dtype) > 1) {
        decode_blocks(dtype, from, to, n);
        return;
    }
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(to + i, load_weight(dtype, from, i));
    if (i < n) vec_store_n(to + i, load_weight_tail(dtype, from, i, n - i), n - i);
}

// MARK: Few tokens: dot products of rows as they are stored

typedef struct {
    const float *x;
    size_t x_stride;
    size_t n;
    vec *sums;  // of this tile, kept between blocks of decoded columns
    bool first, last;
    float *out;
    size_t out_stride;
    const float *bias;
    bool accumulate;
} dot_target;

static INLINE void emit_four(const dot_target *to, int token, const vec *sums) {
    float *out = to->out + (size_t)token * to->out_stride;
    vec4 values = vec_sum4(sums[0], sums[1], sums[2], sums[3]);
    if (to->bias) values = vec4_add(values, vec4_load(to->bias));
    if (to->accumulate) values = vec4_add(vec4_load(out), values);
    vec4_store(out, values);
}

// `tokens`, `rows` and `dtype` are constants wherever this is inlined, which keeps the sums in registers.
static INLINE void dot_tile(lk_dtype dtype, int tokens, int rows, const char *weight, size_t row_bytes,
                            const dot_target *to) {
    vec sums[DOT_TOKENS][DOT_ROWS];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int r = 0; r < rows; r++) sums[t][r] = to->first ? vec_zero() : to->sums[t * rows + r];
    }
    const float *x = to->x;
    size_t n = to->n, k = 0;
    // Rows come from memory and end before the processor's own prefetching gets going, so bytes that come later are
    // fetched meanwhile, in ascending order: those of the next tile.
    const char *next = weight + (rows == STREAM_ROWS ? STREAM_AHEAD : (size_t)rows * row_bytes);
    size_t step_bytes = (size_t)rows * VEC_LANES * lk_dtype_block_size(dtype) / lk_dtype_block_count(dtype);
    for (; k + VEC_LANES <= n; k += VEC_LANES) {
        vec w[DOT_ROWS];
        UNROLL for (int r = 0; r < rows; r++) w[r] = load_weight(dtype, weight + (size_t)r * row_bytes, k);
        UNROLL for (size_t line = 0; line < step_bytes; line += 64) __builtin_prefetch(next + line, 0, 3);
        next += step_bytes;
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load(x + (size_t)t * to->x_stride + k);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    if (k < n) {
        vec w[DOT_ROWS];
        UNROLL for (int r = 0; r < rows; r++) {
            w[r] = load_weight_tail(dtype, weight + (size_t)r * row_bytes, k, n - k);
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load_n(x + (size_t)t * to->x_stride + k, n - k);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        if (!to->last) {
            UNROLL for (int r = 0; r < rows; r++) to->sums[t * rows + r] = sums[t][r];
        } else if (rows == 4) {
            emit_four(to, t, sums[t]);
        } else {
            UNROLL for (int r = 0; r < rows; r++) {
                emit_output(to->out + (size_t)t * to->out_stride + r, vec_sum(sums[t][r]),
                            to->bias ? to->bias + r : NULL, to->accumulate);
            }
        }
    }
}

static INLINE void dot_tokens(lk_dtype dtype, size_t tokens, int rows, const char *weight, size_t row_bytes,
                              const dot_target *to) {
    switch (tokens) {
    case 1: dot_tile(dtype, 1, rows, weight, row_bytes, to); break;
    case 2: dot_tile(dtype, 2, rows, weight, row_bytes, to); break;
#if DOT_TOKENS > 2
    case 3: dot_tile(dtype, 3, rows, weight, row_bytes, to); break;
#endif
#if DOT_TOKENS > 3
    case 4: dot_tile(dtype, 4, rows, weight, row_bytes, to); break;
    case 5: dot_tile(dtype, 5, rows, weight, row_bytes, to); break;
    case 6: dot_tile(dtype, 6, rows, weight, row_bytes, to); break;
#endif
    }
}

// One tile of tokens and one block of columns for all rows.
static INLINE void dot_rows(lk_dtype dtype, size_t tokens, size_t rows, const char *weight, size_t row_bytes,
                            dot_target to) {
    size_t r = 0;
    while (r < rows) {
        size_t step = 1;
        if (tokens == 1 && r + STREAM_ROWS <= rows) {
            step = STREAM_ROWS;
            dot_tile(dtype, 1, STREAM_ROWS, weight, row_bytes, &to);
        } else if (r + DOT_ROWS <= rows) {
            step = DOT_ROWS;
            dot_tokens(dtype, tokens, DOT_ROWS, weight, row_bytes, &to);
        } else {
            dot_tokens(dtype, tokens, 1, weight, row_bytes, &to);
        }
        r += step;
        weight += step * row_bytes;
        to.sums += step * tokens;
        to.out += step;
        if (to.bias) to.bias += step;
    }
}

static void f32_dot_rows(size_t tokens, size_t rows, const char *weight, size_t row_bytes, dot_target to) {
    dot_rows(LK_F32, tokens, rows, weight, row_bytes, to);
}

static void f16_dot_rows(size_t tokens, size_t rows, const char *weight, size_t row_bytes, dot_target to) {
    dot_rows(LK_F16, tokens, rows, weight, row_bytes, to);
}

static void bf16_dot_rows(size_t tokens, size_t rows, const char *weight, size_t row_bytes, dot_target to) {
    dot_rows(LK_BF16, tokens, rows, weight, row_bytes, to);
}

static void q8_0_dot_rows(size_t tokens, size_t rows, const char *weight, size_t row_bytes, dot_target to) {
    dot_rows(LK_Q8_0, tokens, rows, weight, row_bytes, to);
}

static void q4_0_dot_rows(size_t tokens, size_t rows, const char *weight, size_t row_bytes, dot_target to) {
    dot_rows(LK_Q4_0, tokens, rows, weight, row_bytes, to);
}

static void decoded_dot_rows(const weight_rows *from, size_t tokens, const char *weight, size_t row_bytes,
                             float *decoded, dot_target to) {
    for (size_t r = 0; r < from->rows; r++) {
        decode_blocks(from->dtype, weight + r * row_bytes, decoded + r * to.n, to.n);
    }
    f32_dot_rows(tokens, from->rows, (const char *)decoded, to.n * sizeof(float), to);
}

// One tile of tokens through all columns of the rows.
static void dot_columns(const weight_rows *weight, size_t tokens, float *decoded, dot_target to) {
    const float *x = to.x;
    size_t columns = weight->part_columns, step = lk_max(columns, 1);
    if (needs_decoding(weight->dtype)) step = lk_min(step, DECODED_COLUMNS);
    for (size_t part = 0; part < weight->column_parts; part++) {
        const lk_block *from = &weight->blocks[part];
        const char *row = lk_block_row(from, weight->dtype, weight->block_row);
        size_t row_bytes = lk_dtype_bytes(weight->dtype, from->row_stride);
        for (size_t k = 0; k < lk_max(columns, 1); k += step) {
            to.n = lk_min(step, columns - k);
            to.first = part == 0 && k == 0;
            to.last = part + 1 == weight->column_parts && k + step >= columns;
            to.x = x + part * columns + k;
            const char *at = row + lk_dtype_bytes(weight->dtype, k);
            switch (weight->dtype) {
            case LK_F32: f32_dot_rows(tokens, weight->rows, at, row_bytes, to); break;
            case LK_F16: f16_dot_rows(tokens, weight->rows, at, row_bytes, to); break;
            case LK_BF16: bf16_dot_rows(tokens, weight->rows, at, row_bytes, to); break;
            case LK_Q8_0: q8_0_dot_rows(tokens, weight->rows, at, row_bytes, to); break;
            case LK_Q4_0: q4_0_dot_rows(tokens, weight->rows, at, row_bytes, to); break;
            default: decoded_dot_rows(weight, tokens, at, row_bytes, decoded, to);
            }
        }
    }
}

static void multiply_few(const weight_rows *weight, const lk_linear_op *op, size_t row, const lk_input *input,
                         float *scratch) {
    size_t tiles = lk_divide_up(input->tokens, DOT_TOKENS);
    for (size_t i = 0; i < tiles; i++) {
        size_t t = lk_tile_begin(i, tiles, input->tokens), end = lk_tile_begin(i + 1, tiles, input->tokens);
        dot_columns(weight, end - t, scratch,
                    (dot_target){.x = input->x + t * input->x_stride,
                                 .x_stride = input->x_stride,
                                 .sums = (vec *)(void *)(scratch + LK_PANEL_FLOATS),
                                 .out = op->out + (input->first + t) * op->out_stride + row,
                                 .out_stride = op->out_stride,
                                 .bias = op->bias ? op->bias + row : NULL,
                                 .accumulate = op->accumulate});
    }
}

#include "simd_outer.h"

static void linear_rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *input,
                        float *scratch) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows;
    size_t most = input->packed ? LK_PANEL_ROWS : needs_decoding(weight->dtype) ? DECODED_ROWS : row_end;
    for (size_t row = row_begin; row < row_end;) {
        size_t block_row = row % part_rows;
        size_t rows = lk_min(lk_min(row_end - row, part_rows - block_row), most);
        weight_rows slice = {.dtype = weight->dtype,
                             .rows = rows,
                             .column_parts = weight->column_parts,
                             .part_columns = weight->blocks[0].columns,
                             .blocks = weight->blocks + row / part_rows * weight->column_parts,
                             .block_row = block_row};
        if (input->packed) {
            multiply_many(&slice, op, row, input, scratch);
        } else {
            multiply_few(&slice, op, row, input, scratch);
        }
        row += rows;
    }
}

SIMD_END

#endif
