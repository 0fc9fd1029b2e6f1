// Linear layers over the vector operations of one instruction set.
//
// Every output element is a dot product kept in one vector of partial sums: lane i adds columns i, i + VEC_LANES, ...
// of each column part in ascending order, and a fixed tree adds the lanes once at the end. Tiles, K blocks and panels
// only decide when a sum advances, never in which order.
#ifndef CLLAMAKERNELS_SIMD_LINEAR_H
#define CLLAMAKERNELS_SIMD_LINEAR_H

#include "blocks.h"
#include "kernels.h"

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

// Columns that a tile advances through before it moves on to the next rows: TILE_TOKENS x K_BLOCK activations (24 KiB
// on AVX-512) stay in a first-level cache of 32 or 48 KiB while the panel streams from the second level.
enum { K_BLOCK = 1024 };
// With this many tokens or fewer, weights are converted in registers for each tile of tokens; with more, once,
// into a panel. Measured: the panel begins to pay between 32 and 128 tokens.
enum { DIRECT_TOKENS = 6 * TILE_TOKENS };
// Weights in blocks cost more to convert, so they use the panel as soon as there are two tiles.
enum { DIRECT_BLOCK_TOKENS = TILE_TOKENS };
// Block formats other than the two that `load_weight` knows are first decoded, this many rows and columns at a time
// (128 KiB), into the panel's memory and then multiplied as float32.
enum { DECODED_ROWS = 4, DECODED_COLUMNS = 8192, DECODED_BLOCK = 256 };
// Rows of a single-token tile. The fewer, the more nearly memory is read in order; two sums at a time still keep
// up with it.
enum { STREAM_ROWS = 2 };

// A few rows of a weight matrix, as in the file or as a panel of float32.
typedef struct {
    lk_dtype dtype;
    size_t rows;
    size_t column_parts, part_columns;
    const lk_block *blocks;  // the row part's blocks
    size_t block_row;        // the first row's index in them
    float *decoded;          // scratch for DECODED_ROWS x DECODED_COLUMNS where there is no panel
    const float *panel;      // or NULL: [column_parts, rows / 4, padded part_columns / VEC_LANES, 4, VEC_LANES]
} weight_rows;

// Rows of a panel are interleaved in groups of four, vector by vector: a tile then reads one stream in ascending order,
// which the processor prefetches, instead of four that compete for the same cache sets.
enum { PANEL_GROUP = 4 };

typedef struct {
    const float *x;
    size_t x_stride;
    size_t n;
    vec *sums;  // of this tile, kept between K blocks
    bool first, last;
    float *out;
    size_t out_stride;
    const float *bias;
    bool accumulate;
} tile_target;

static inline size_t padded(size_t columns) { return lk_divide_up(columns, VEC_LANES) * VEC_LANES; }

static INLINE vec load_weight(lk_dtype dtype, const char *row, size_t k) {
    switch (dtype) {
    case LK_F32: return vec_load((const float *)(const void *)(row + 4 * k));
    case LK_F16: return vec_load_f16(row + 2 * k);
    case LK_BF16: return vec_load_bf16(row + 2 * k);
    case LK_Q8_0: return vec_load_q8_0(row, k);
    case LK_Q4_0: return vec_load_q4_0(row, k);
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

static INLINE void emit_one(const tile_target *to, int token, int row, vec sum) {
    float *out = to->out + (size_t)token * to->out_stride + row;
    float value = vec_sum(sum);
    if (to->bias) value += to->bias[row];
    *out = to->accumulate ? *out + value : value;
}

static INLINE void emit_four(const tile_target *to, int token, const vec *sums) {
    float *out = to->out + (size_t)token * to->out_stride;
    vec4 values = vec_sum4(sums[0], sums[1], sums[2], sums[3]);
    if (to->bias) values = vec4_add(values, vec4_load(to->bias));
    if (to->accumulate) values = vec4_add(vec4_load(out), values);
    vec4_store(out, values);
}

// `tokens`, `rows` (1, 2 or 4), `dtype` and `packed` are constants wherever this is inlined, which
// keeps the sums in registers.
static INLINE void tile(lk_dtype dtype, int tokens, int rows, bool packed, const char *weight, size_t row_bytes,
                        const tile_target *to) {
    // Vectors of one row, and of one token, are this many vectors apart.
    size_t row_step = packed ? (size_t)rows : 1, token_step = packed ? (size_t)tokens : 1;
    size_t x_stride = packed ? VEC_LANES : to->x_stride;
    vec sums[TILE_TOKENS][4];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int r = 0; r < rows; r++) sums[t][r] = to->first ? vec_zero() : to->sums[t * rows + r];
    }
    const float *x = to->x;
    size_t n = to->n, k = 0;
    // Rows in the file's layout come from memory and end before the processor's own prefetching gets going, so the next
    // tile's bytes are fetched meanwhile, in ascending order.
    const char *next = weight + (size_t)rows * row_bytes;
    size_t step_bytes = (size_t)rows * VEC_LANES * lk_dtype_block_size(dtype) / lk_dtype_block_count(dtype);
    for (; k + VEC_LANES <= n; k += VEC_LANES) {
        vec w[4];
        UNROLL for (int r = 0; r < rows; r++) {
            w[r] = load_weight(dtype, weight + (size_t)r * row_bytes, k * row_step);
        }
        if (!packed) {
            UNROLL for (size_t line = 0; line < step_bytes; line += 64) __builtin_prefetch(next + line, 0, 3);
            next += step_bytes;
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load(x + (size_t)t * x_stride + k * token_step);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    if (k < n) {
        vec w[4];
        UNROLL for (int r = 0; r < rows; r++) {
            w[r] = load_weight_tail(dtype, weight + (size_t)r * row_bytes, k * row_step, n - k);
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load_n(x + (size_t)t * x_stride + k * token_step, n - k);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        if (to->last) {
            if (rows == 4) {
                emit_four(to, t, sums[t]);
            } else {
                UNROLL for (int r = 0; r < rows; r++) emit_one(to, t, r, sums[t][r]);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++) to->sums[t * rows + r] = sums[t][r];
        }
    }
}

static INLINE void tile_of_tokens(lk_dtype dtype, size_t tokens, int rows, bool packed, const char *weight,
                                  size_t row_bytes, const tile_target *to) {
    switch (tokens) {
    case 1: tile(dtype, 1, rows, packed, weight, row_bytes, to); break;
    case 2: tile(dtype, 2, rows, packed, weight, row_bytes, to); break;
#if TILE_TOKENS > 2
    case 3: tile(dtype, 3, rows, packed, weight, row_bytes, to); break;
    case 4: tile(dtype, 4, rows, packed, weight, row_bytes, to); break;
    case 5: tile(dtype, 5, rows, packed, weight, row_bytes, to); break;
    case 6: tile(dtype, 6, rows, packed, weight, row_bytes, to); break;
#endif
    }
}

// One tile of tokens and one K block for all rows.
static INLINE void rows_of_tiles(lk_dtype dtype, size_t tokens, size_t rows, const char *weight, size_t row_bytes,
                                 tile_target to) {
    size_t r = 0;
    while (r < rows) {
        size_t step = 1;
        if (tokens == 1 && r + STREAM_ROWS <= rows) {
            step = STREAM_ROWS;
            tile(dtype, 1, STREAM_ROWS, false, weight, row_bytes, &to);
        } else if (r + 4 <= rows) {
            step = 4;
            tile_of_tokens(dtype, tokens, 4, false, weight, row_bytes, &to);
        } else {
            tile_of_tokens(dtype, tokens, 1, false, weight, row_bytes, &to);
        }
        r += step;
        weight += step * row_bytes;
        to.sums += step * tokens;
        to.out += step;
        if (to.bias) to.bias += step;
    }
}

static void f32_rows_of_tiles(size_t tokens, size_t rows, const char *weight, size_t row_bytes, tile_target to) {
    rows_of_tiles(LK_F32, tokens, rows, weight, row_bytes, to);
}

static void f16_rows_of_tiles(size_t tokens, size_t rows, const char *weight, size_t row_bytes, tile_target to) {
    rows_of_tiles(LK_F16, tokens, rows, weight, row_bytes, to);
}

static void bf16_rows_of_tiles(size_t tokens, size_t rows, const char *weight, size_t row_bytes, tile_target to) {
    rows_of_tiles(LK_BF16, tokens, rows, weight, row_bytes, to);
}

static void q8_0_rows_of_tiles(size_t tokens, size_t rows, const char *weight, size_t row_bytes, tile_target to) {
    rows_of_tiles(LK_Q8_0, tokens, rows, weight, row_bytes, to);
}

static void q4_0_rows_of_tiles(size_t tokens, size_t rows, const char *weight, size_t row_bytes, tile_target to) {
    rows_of_tiles(LK_Q4_0, tokens, rows, weight, row_bytes, to);
}

static void decoded_rows_of_tiles(const weight_rows *from, size_t tokens, const char *weight, size_t row_bytes,
                                  tile_target to) {
    for (size_t r = 0; r < from->rows; r++) {
        decode_blocks(from->dtype, weight + r * row_bytes, from->decoded + r * DECODED_COLUMNS, to.n);
    }
    f32_rows_of_tiles(tokens, from->rows, (const char *)from->decoded, DECODED_COLUMNS * sizeof(float), to);
}

static void panel_of_tiles(size_t tokens, size_t rows, const char *weight, size_t group_bytes, tile_target to) {
    for (size_t r = 0; r < rows; r += PANEL_GROUP) {
        tile_of_tokens(LK_F32, tokens, PANEL_GROUP, true, weight, VEC_LANES * sizeof(float), &to);
        weight += group_bytes;
        to.sums += PANEL_GROUP * tokens;
        to.out += PANEL_GROUP;
        if (to.bias) to.bias += PANEL_GROUP;
    }
}

// One tile of tokens through all columns of the rows; `packed` is the tile as `pack` left it, for a panel.
static void multiply_tile(const weight_rows *weight, size_t tokens, const float *packed, tile_target to) {
    const float *x = to.x;
    size_t columns = weight->part_columns;
    // Blocks of equal length. With few tokens the rows are read straight through: memory is slower than reading the
    // activations from the second-level cache.
    size_t blocks = packed == NULL ? 1 : lk_max(lk_divide_up(columns, K_BLOCK), 1);
    size_t step = padded(lk_divide_up(columns, blocks));
    if (packed == NULL && needs_decoding(weight->dtype)) {
        step = DECODED_COLUMNS;
        blocks = lk_max(lk_divide_up(columns, step), 1);
    }
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t block = 0; block < blocks; block++) {
            size_t k = lk_min(block * step, columns);
            to.n = lk_min(step, columns - k);
            to.first = part == 0 && block == 0;
            to.last = part + 1 == weight->column_parts && block + 1 == blocks;
            if (weight->panel) {
                size_t group_floats = PANEL_GROUP * padded(columns);
                const float *panel = weight->panel + part * weight->rows / PANEL_GROUP * group_floats;
                to.x = packed + (part * padded(columns) + k) * tokens;
                panel_of_tiles(tokens, weight->rows, (const char *)(panel + PANEL_GROUP * k),
                               group_floats * sizeof(float), to);
                continue;
            }
            to.x = x + part * columns + k;
            const lk_block *from = &weight->blocks[part];
            const char *row = lk_block_row(from, weight->dtype, weight->block_row);
            const char *at = row + lk_dtype_bytes(weight->dtype, k);
            size_t row_bytes = lk_dtype_bytes(weight->dtype, from->row_stride);
            switch (weight->dtype) {
            case LK_F32: f32_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_F16: f16_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_BF16: bf16_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_Q8_0: q8_0_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_Q4_0: q4_0_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            default: decoded_rows_of_tiles(weight, tokens, at, row_bytes, to);
            }
        }
    }
}

static void convert(lk_dtype dtype, const void *from, float *to, size_t n) {
    if (lk_dtype_block_count(dtype) > 1) {
        decode_blocks(dtype, from, to, n);
        return;
    }
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(to + i, load_weight(dtype, from, i));
    if (i < n) vec_store_n(to + i, load_weight_tail(dtype, from, i, n - i), n - i);
}

// Bytes that a conversion prefetches ahead of its reads; the next rows follow in the file.
enum { CONVERT_AHEAD = 8192 };

// Decodes a row into its vectors of the panel, which are PANEL_GROUP vectors apart.
static void decode_panel_row(lk_dtype dtype, const char *row, float *to, size_t columns) {
    float decoded[DECODED_BLOCK];
    for (size_t k = 0; k < columns; k += DECODED_BLOCK) {
        size_t n = lk_min(DECODED_BLOCK, columns - k);
        decode_blocks(dtype, row + lk_dtype_bytes(dtype, k), decoded, n);
        for (size_t i = 0; i < n; i += VEC_LANES) vec_store(to + (k + i) * PANEL_GROUP, vec_load(decoded + i));
    }
}

static void convert_panel(const weight_rows *weight, float *panel) {
    size_t columns = weight->part_columns;
    size_t step_bytes = VEC_LANES * lk_dtype_block_size(weight->dtype) / lk_dtype_block_count(weight->dtype);
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t r = 0; r < weight->rows; r++) {
            const char *row = lk_block_row(&weight->blocks[part], weight->dtype, weight->block_row + r);
            size_t group = (part * weight->rows + r) / PANEL_GROUP;
            float *to = panel + group * PANEL_GROUP * padded(columns) + r % PANEL_GROUP * VEC_LANES;
            if (needs_decoding(weight->dtype)) {
                decode_panel_row(weight->dtype, row, to, columns);
                continue;
            }
            const char *ahead = row + CONVERT_AHEAD;
            size_t k = 0;
            for (; k + VEC_LANES <= columns; k += VEC_LANES) {
                __builtin_prefetch(ahead, 0, 3);
                ahead += step_bytes;
                vec_store(to + k * PANEL_GROUP, load_weight(weight->dtype, row, k));
            }
            if (k < columns) vec_store(to + k * PANEL_GROUP, load_weight_tail(weight->dtype, row, k, columns - k));
        }
    }
}

// Tiles of nearly equal size: 128 tokens are 18 tiles of 6 and 4 of 5 rather than 21 of 6 and a slow one of 2.
static size_t tile_begin(size_t tile, size_t tiles, size_t tokens) { return tile * tokens / tiles; }

// The rows of x are often a power of two apart and then compete for the same cache sets, so many tokens are first laid
// out in the order in which a tile reads them.
static size_t packed_tiles(lk_dtype dtype, size_t tokens) {
    size_t direct = lk_dtype_block_count(dtype) > 1 ? DIRECT_BLOCK_TOKENS : DIRECT_TOKENS;
    return tokens > direct ? lk_divide_up(tokens, TILE_TOKENS) : 0;
}

static size_t packed_size(const lk_matrix *weight) {
    return weight->column_parts * padded(weight->blocks[0].columns);
}

static void pack(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed) {
    size_t begin = tile_begin(tile, tiles, input->tokens), end = tile_begin(tile + 1, tiles, input->tokens);
    size_t columns = weight->blocks[0].columns;
    float *to = packed + begin * packed_size(weight);
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t k = 0; k < columns; k += VEC_LANES) {
            for (size_t t = begin; t < end; t++) {
                const float *from = input->x + t * input->x_stride + part * columns + k;
                vec_store(to, k + VEC_LANES <= columns ? vec_load(from) : vec_load_n(from, columns - k));
                to += VEC_LANES;
            }
        }
    }
}

// Up to LK_PANEL_ROWS rows of one row part for all tokens.
static void multiply_rows(const weight_rows *weight, const lk_linear_op *op, size_t row, const lk_input *input,
                          float *scratch) {
    size_t tiles = lk_divide_up(input->tokens, TILE_TOKENS);
    size_t token_floats = weight->column_parts * padded(weight->part_columns);
    for (size_t i = 0; i < tiles; i++) {
        size_t t = tile_begin(i, tiles, input->tokens), end = tile_begin(i + 1, tiles, input->tokens);
        multiply_tile(weight, end - t, weight->panel ? input->packed + t * token_floats : NULL,
                      (tile_target){.x = input->x + t * input->x_stride,
                                    .x_stride = input->x_stride,
                                    .sums = (vec *)(void *)(scratch + LK_PANEL_FLOATS),
                                    .out = op->out + (input->first + t) * op->out_stride + row,
                                    .out_stride = op->out_stride,
                                    .bias = op->bias ? op->bias + row : NULL,
                                    .accumulate = op->accumulate});
    }
}

static void linear_rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *input,
                        float *scratch) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, part_columns = weight->blocks[0].columns;
    size_t row_floats = lk_max(packed_size(weight), 1);
    // Rows too long for four of them to fit the panel are converted in registers for every tile, as are the one to
    // three rows after the last group of four.
    bool direct = input->packed == NULL || PANEL_GROUP * row_floats > LK_PANEL_FLOATS;
    size_t most = direct && needs_decoding(weight->dtype) ? DECODED_ROWS : LK_PANEL_ROWS;
    if (!direct) {
        size_t target = LK_PANEL_TARGET / row_floats / PANEL_GROUP * PANEL_GROUP;
        most = lk_min(lk_max(target, PANEL_GROUP), LK_PANEL_ROWS);
    }
    for (size_t row = row_begin; row < row_end;) {
        size_t block_row = row % part_rows;
        size_t rows = lk_min(lk_min(row_end - row, part_rows - block_row), most);
        bool grouped = !direct && rows >= PANEL_GROUP;
        if (grouped) rows = rows / PANEL_GROUP * PANEL_GROUP;
        weight_rows slice = {.dtype = weight->dtype,
                             .rows = rows,
                             .column_parts = weight->column_parts,
                             .part_columns = part_columns,
                             .blocks = weight->blocks + row / part_rows * weight->column_parts,
                             .block_row = block_row,
                             .decoded = scratch,
                             .panel = grouped ? scratch : NULL};
        if (grouped) convert_panel(&slice, scratch);
        multiply_rows(&slice, op, row, input, scratch);
        row += rows;
    }
}

SIMD_END

#endif
