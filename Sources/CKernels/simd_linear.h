// Linear layers over the vector operations of one instruction set; included once by each kernels_<isa>.c.
//
// Every output element is a dot product kept in one vector of partial sums: lane i takes columns i,
// i + VEC_LANES, ... of each column part in ascending order, and the lanes are added up once at the end, as a
// fixed tree. Tiles, K blocks and panels only choose when a sum advances, never in which order.

// Columns a tile advances through before the next rows take their turn: TILE_TOKENS x K_BLOCK activations
// (24 KiB on AVX-512) stay in a first-level cache of 32 or 48 KiB while the panel streams past them from the
// second level.
enum { K_BLOCK = 1024 };
// With this many tokens or fewer, weights are converted in registers as they stream in: the conversion is
// repeated for each tile of tokens but nothing is written back.
enum { DIRECT_TOKENS = TILE_TOKENS };
// Rows of a single-token tile: enough independent sums to hide the latency of a multiply-add.
enum { STREAM_ROWS = 8 };

// A few rows of a weight matrix, as in the file or as a panel of float32.
typedef struct {
    lk_dtype dtype;
    size_t rows;
    size_t column_parts, part_columns;
    const lk_block *blocks;  // the row part's blocks; NULL for a panel
    size_t block_row;        // the first row's index in them
    const float *panel;      // [column_parts, rows, padded part_columns]
} weight_rows;

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
    }
    return vec_zero();
}

static INLINE vec load_weight_tail(lk_dtype dtype, const char *row, size_t k, size_t n) {
    switch (dtype) {
    case LK_F32: return vec_load_n((const float *)(const void *)(row + 4 * k), n);
    case LK_F16: return vec_load_f16_n(row + 2 * k, n);
    case LK_BF16: return vec_load_bf16_n(row + 2 * k, n);
    }
    return vec_zero();
}

static INLINE void emit(const tile_target *to, int token, int row, int rows, const vec *sums) {
    float *out = to->out + (size_t)token * to->out_stride + row;
    if (rows == 1) {
        float value = vec_sum(sums[0]);
        if (to->bias) value += to->bias[row];
        *out = to->accumulate ? *out + value : value;
        return;
    }
    __m128 values = vec_sum4(sums[0], sums[1], sums[2], sums[3]);
    if (to->bias) values = _mm_add_ps(values, _mm_loadu_ps(to->bias + row));
    if (to->accumulate) values = _mm_add_ps(_mm_loadu_ps(out), values);
    _mm_storeu_ps(out, values);
}

// `tokens`, `rows` (1 or a multiple of 4) and `dtype` are constants wherever this is inlined, which keeps the
// sums in registers.
static INLINE void tile(lk_dtype dtype, int tokens, int rows, const char *weight, size_t row_bytes,
                        const tile_target *to) {
    vec sums[TILE_TOKENS][STREAM_ROWS];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int r = 0; r < rows; r++) sums[t][r] = to->first ? vec_zero() : to->sums[t * rows + r];
    }
    const float *x = to->x;
    size_t x_stride = to->x_stride, n = to->n, k = 0;
    // A row is soon read to its end, and the processor's own prefetching restarts with every page. When the
    // weights come from memory, this row's place in the next tile is fetched meanwhile.
    bool streaming = tokens == 1;
    size_t ahead = (size_t)rows * row_bytes;
    for (; k + VEC_LANES <= n; k += VEC_LANES) {
        vec w[STREAM_ROWS];
        UNROLL for (int r = 0; r < rows; r++) {
            w[r] = load_weight(dtype, weight + (size_t)r * row_bytes, k);
            if (streaming) {
                __builtin_prefetch(weight + (size_t)r * row_bytes + ahead + k * lk_dtype_size(dtype), 0, 2);
            }
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load(x + (size_t)t * x_stride + k);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    if (k < n) {
        vec w[STREAM_ROWS];
        UNROLL for (int r = 0; r < rows; r++) {
            w[r] = load_weight_tail(dtype, weight + (size_t)r * row_bytes, k, n - k);
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_load_n(x + (size_t)t * x_stride + k, n - k);
            UNROLL for (int r = 0; r < rows; r++) sums[t][r] = vec_fma(input, w[r], sums[t][r]);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        if (to->last) {
            UNROLL for (int r = 0; r < rows; r += 4) emit(to, t, r, rows, &sums[t][r]);
        } else {
            UNROLL for (int r = 0; r < rows; r++) to->sums[t * rows + r] = sums[t][r];
        }
    }
}

static INLINE void tile_of_tokens(lk_dtype dtype, size_t tokens, int rows, const char *weight, size_t row_bytes,
                                  const tile_target *to) {
    switch (tokens) {
    case 1: tile(dtype, 1, rows, weight, row_bytes, to); break;
    case 2: tile(dtype, 2, rows, weight, row_bytes, to); break;
    case 3: tile(dtype, 3, rows, weight, row_bytes, to); break;
#if TILE_TOKENS > 3
    case 4: tile(dtype, 4, rows, weight, row_bytes, to); break;
    case 5: tile(dtype, 5, rows, weight, row_bytes, to); break;
    case 6: tile(dtype, 6, rows, weight, row_bytes, to); break;
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
            tile(dtype, 1, STREAM_ROWS, weight, row_bytes, &to);
        } else if (r + 4 <= rows) {
            step = 4;
            tile_of_tokens(dtype, tokens, 4, weight, row_bytes, &to);
        } else {
            tile_of_tokens(dtype, tokens, 1, weight, row_bytes, &to);
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

// One tile of tokens through all columns of the rows.
static void multiply_tile(const weight_rows *weight, size_t tokens, tile_target to) {
    const float *x = to.x;
    for (size_t part = 0; part < weight->column_parts; part++) {
        size_t columns = weight->part_columns;
        const char *rows;
        size_t row_bytes;
        if (weight->panel) {
            row_bytes = padded(columns) * sizeof(float);
            rows = (const char *)weight->panel + part * weight->rows * row_bytes;
        } else {
            row_bytes = weight->blocks[part].row_stride * lk_dtype_size(weight->dtype);
            rows = (const char *)weight->blocks[part].data + weight->block_row * row_bytes;
        }
        // Blocks of equal length; one token's activations need no blocking.
        size_t blocks = tokens == 1 ? 1 : lk_max(lk_divide_up(columns, K_BLOCK), 1);
        size_t step = padded(lk_divide_up(columns, blocks));
        for (size_t block = 0; block < blocks; block++) {
            size_t k = lk_min(block * step, columns);
            to.x = x + part * columns + k;
            to.n = lk_min(step, columns - k);
            to.first = part == 0 && block == 0;
            to.last = part + 1 == weight->column_parts && block + 1 == blocks;
            const char *at = rows + k * lk_dtype_size(weight->dtype);
            switch (weight->dtype) {
            case LK_F32: f32_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_F16: f16_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            case LK_BF16: bf16_rows_of_tiles(tokens, weight->rows, at, row_bytes, to); break;
            }
        }
    }
}

static void convert(lk_dtype dtype, const void *from, float *to, size_t n) {
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(to + i, load_weight(dtype, from, i));
    if (i < n) vec_store_n(to + i, load_weight_tail(dtype, from, i, n - i), n - i);
}

static weight_rows convert_panel(const weight_rows *weight, float *panel) {
    size_t stride = padded(weight->part_columns);
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t r = 0; r < weight->rows; r++) {
            const void *row = lk_block_row(&weight->blocks[part], weight->dtype, weight->block_row + r);
            convert(weight->dtype, row, panel + (part * weight->rows + r) * stride, weight->part_columns);
        }
    }
    weight_rows converted = *weight;
    converted.dtype = LK_F32;
    converted.panel = panel;
    return converted;
}

// Up to LK_PANEL_ROWS rows of one row part for all tokens.
static void multiply_rows(const weight_rows *weight, const lk_linear_op *op, size_t row, const float *x, size_t x_stride,
                          size_t tokens, float *scratch) {
    // Tiles of nearly equal size: 128 tokens are 18 tiles of 6 and 4 of 5 rather than 21 of 6 and a poor one of 2.
    size_t tiles = lk_divide_up(tokens, TILE_TOKENS);
    for (size_t i = 0; i < tiles; i++) {
        size_t t = i * tokens / tiles, end = (i + 1) * tokens / tiles;
        multiply_tile(weight, end - t,
                      (tile_target){.x = x + t * x_stride,
                                    .x_stride = x_stride,
                                    .sums = (vec *)(void *)(scratch + LK_PANEL_FLOATS),
                                    .out = op->out + t * op->out_stride + row,
                                    .out_stride = op->out_stride,
                                    .bias = op->bias ? op->bias + row : NULL,
                                    .accumulate = op->accumulate});
    }
}

static void linear_rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const float *x, size_t x_stride,
                        size_t tokens, float *scratch) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, part_columns = weight->blocks[0].columns;
    size_t row_floats = weight->column_parts * padded(part_columns);
    // Rows too long for even one of them to fit the panel are converted in registers for every tile.
    size_t most = LK_PANEL_ROWS;
    bool direct = tokens <= DIRECT_TOKENS || row_floats > LK_PANEL_FLOATS;
    if (!direct) {
        most = lk_max(LK_PANEL_TARGET / lk_max(row_floats, 1), 4);
        most = lk_min(lk_min(most, LK_PANEL_FLOATS / lk_max(row_floats, 1)), LK_PANEL_ROWS);
    }
    for (size_t row = row_begin; row < row_end;) {
        size_t block_row = row % part_rows;
        size_t rows = lk_min(lk_min(row_end - row, part_rows - block_row), most);
        weight_rows slice = {.dtype = weight->dtype,
                             .rows = rows,
                             .column_parts = weight->column_parts,
                             .part_columns = part_columns,
                             .blocks = weight->blocks + row / part_rows * weight->column_parts,
                             .block_row = block_row};
        if (!direct) slice = convert_panel(&slice, scratch);
        multiply_rows(&slice, op, row, x, x_stride, tokens, scratch);
        row += rows;
    }
}
