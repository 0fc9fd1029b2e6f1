// Linear layers for many tokens, as outer products over one residue class of the columns at a time; included by
// simd_linear.h alone, which describes the order of summation.
//
// Columns k, k + 16, k + 32, ... are class k. A tile multiplies OUTER_TOKENS tokens by OUTER_ROWS rows: its sums, kept
// in registers, run through the columns of one class, and are that class's lane of every output of the tile. After the
// sixteenth class the lanes are added by the same tree as elsewhere. The multiply-adds of an outer product need one
// load per token and OUTER_VECTORS per column, half the loads of a dot product, and no sum across lanes.

// Rows of the outer product.
enum { OUTER_ROWS = OUTER_VECTORS * VEC_LANES };
// Columns / 16 of a panel: OUTER_ROWS x 2,048 floats are 128 KiB (AVX2) or 256 KiB and stay in a second-level cache.
enum { PANEL_STEPS = 128 };
// Between two classes of a panel lies one step more: a power of two would map all sixteen to the same cache sets.
enum { CLASS_FLOATS = (PANEL_STEPS + 1) * OUTER_ROWS };
_Static_assert(VEC_LANES * CLASS_FLOATS <= LK_PANEL_FLOATS, "the panel");
_Static_assert(LK_PANEL_ROWS % OUTER_ROWS == 0, "rows of a chunk");
// Sums of a tile: [16 classes, tokens, OUTER_ROWS].
enum { TILE_SUMS = VEC_LANES * OUTER_TOKENS * OUTER_ROWS };
_Static_assert((LK_ROUND_TOKENS / OUTER_TOKENS + 1) * TILE_SUMS <= LK_SUM_FLOATS, "the sums of a round");

// With this many tokens or fewer, weights are converted in registers for every tile of tokens; with more, once into a
// panel. Where the two meet is measured: later for dtypes that are cheap to convert, earlier for blocks that must be
// decoded into memory.
static size_t few_tokens(lk_dtype dtype) {
    if (needs_decoding(dtype)) return DOT_TOKENS;
    return dtype == LK_F32 ? lk_min(FEW_TOKENS, 16) : FEW_TOKENS;
}

// Steps of 16 columns in a column part.
static size_t part_steps(size_t part_columns) { return lk_divide_up(part_columns, VEC_LANES); }

static size_t packed_tiles(lk_dtype dtype, size_t tokens) {
    return tokens > few_tokens(dtype) ? lk_divide_up(tokens, OUTER_TOKENS) : 0;
}

static size_t packed_size(const lk_matrix *weight) {
    return weight->column_parts * part_steps(weight->blocks[0].columns) * VEC_LANES;
}

// A tile's tokens by class: [16, steps of all parts, tokens of the tile]. Columns past the end of a part are 0.
static MAY_BE_UNUSED void pack(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed) {
    size_t begin = lk_tile_begin(tile, tiles, input->tokens);
    size_t tokens = lk_tile_begin(tile + 1, tiles, input->tokens) - begin;
    size_t columns = weight->blocks[0].columns, class_floats = packed_size(weight) / VEC_LANES * tokens;
    float *to = packed + begin * packed_size(weight);
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t k = 0; k < columns; k += VEC_LANES, to += tokens) {
            for (size_t t = 0; t < tokens; t++) {
                const float *from = input->x + (begin + t) * input->x_stride + part * columns + k;
                float lanes[VEC_LANES];
                vec_store(lanes, k + VEC_LANES <= columns ? vec_load(from) : vec_load_n(from, columns - k));
                UNROLL for (size_t lane = 0; lane < VEC_LANES; lane++) to[lane * class_floats + t] = lanes[lane];
            }
        }
    }
}

// MARK: The panel: [16 classes, PANEL_STEPS + 1, OUTER_ROWS], of the steps `first` ..< `first + count`

// Up to 16 rows x 16 columns; `rows` are those of the file that exist.
static INLINE void convert_step(lk_dtype dtype, const char *weight, size_t row_bytes, size_t rows, size_t k, size_t n,
                                float *to) {
    vec w[VEC_LANES];
    if (rows == VEC_LANES && n >= VEC_LANES) {
        UNROLL for (size_t r = 0; r < VEC_LANES; r++) w[r] = load_weight(dtype, weight + r * row_bytes, k);
    } else {
        for (size_t r = 0; r < VEC_LANES; r++) {
            const char *row = weight + r * row_bytes;
            w[r] = r >= rows          ? vec_zero()
                   : n >= VEC_LANES ? load_weight(dtype, row, k)
                                    : load_weight_tail(dtype, row, k, n);
        }
    }
    store_transposed(w, to, CLASS_FLOATS);
}

// Columns [k, end) of one part, the first of which goes to `to`.
static INLINE void convert_columns(lk_dtype dtype, const char *weight, size_t row_bytes, size_t rows, size_t k,
                                   size_t end, float *to) {
    for (; k < end; k += VEC_LANES, to += OUTER_ROWS) convert_step(dtype, weight, row_bytes, rows, k, end - k, to);
}

// Blocks are decoded a few columns of sixteen rows at a time (16 KiB).
enum { DECODED_BLOCK = 256 };

static void convert_blocks(lk_dtype dtype, const char *weight, size_t row_bytes, size_t rows, size_t k, size_t end,
                           float *to) {
    float decoded[VEC_LANES * DECODED_BLOCK];
    size_t n;
    for (; k < end; k += n, to += n / VEC_LANES * OUTER_ROWS) {
        // A panel may begin in the middle of a block, which only ever has whole vectors.
        size_t block = k / DECODED_BLOCK * DECODED_BLOCK, block_end = lk_min(block + DECODED_BLOCK, end);
        n = block_end - k;
        size_t unit = lk_dtype_block_count(dtype), decoded_n = lk_divide_up(block_end - block, unit) * unit;
        for (size_t r = 0; r < rows; r++) {
            const char *from = weight + r * row_bytes + lk_dtype_bytes(dtype, block);
            decode_blocks(dtype, from, decoded + r * DECODED_BLOCK, decoded_n);
        }
        convert_columns(LK_F32, (const char *)decoded, DECODED_BLOCK * sizeof(float), rows, k - block,
                        block_end - block, to);
    }
}

static void convert_part(lk_dtype dtype, const char *weight, size_t row_bytes, size_t rows, size_t k, size_t end,
                         float *to) {
    switch (dtype) {
    case LK_F32: convert_columns(LK_F32, weight, row_bytes, rows, k, end, to); break;
    case LK_F16: convert_columns(LK_F16, weight, row_bytes, rows, k, end, to); break;
    case LK_BF16: convert_columns(LK_BF16, weight, row_bytes, rows, k, end, to); break;
    default: convert_blocks(dtype, weight, row_bytes, rows, k, end, to);
    }
}

// OUTER_ROWS rows from `row` on; rows past the last are 0.
static void fill_panel(const weight_rows *weight, size_t row, size_t first, size_t count, float *panel) {
    size_t steps = part_steps(weight->part_columns);
    for (size_t step = first; step < first + count;) {
        size_t part = step / steps, k = step % steps * VEC_LANES;
        size_t n = lk_min(steps - step % steps, first + count - step);
        size_t end = lk_min(k + n * VEC_LANES, weight->part_columns);
        const lk_block *block = &weight->blocks[part];
        size_t row_bytes = lk_dtype_bytes(weight->dtype, block->row_stride);
        const char *from = lk_block_row(block, weight->dtype, weight->block_row + row);
        for (size_t v = 0; v < OUTER_VECTORS; v++) {
            size_t begin = v * VEC_LANES, left = weight->rows - row;
            float *to = panel + (step - first) * OUTER_ROWS + begin;
            convert_part(weight->dtype, from + begin * row_bytes, row_bytes,
                         left > begin ? lk_min(left - begin, VEC_LANES) : 0, k, end, to);
        }
        step += n;
    }
}

// MARK: Tiles

// One class: sums[tokens, OUTER_ROWS] (+)= x[steps, tokens] * panel[steps, OUTER_ROWS].
static INLINE void outer_tile(int tokens, const float *panel, const float *x, size_t steps, bool first, float *sums) {
    vec acc[OUTER_TOKENS][OUTER_VECTORS];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int v = 0; v < OUTER_VECTORS; v++) {
            acc[t][v] = first ? vec_zero() : vec_load(sums + t * OUTER_ROWS + v * VEC_LANES);
        }
    }
    for (size_t step = 0; step < steps; step++) {
        vec w[OUTER_VECTORS];
        UNROLL for (int v = 0; v < OUTER_VECTORS; v++) w[v] = vec_load(panel + v * VEC_LANES);
        UNROLL for (int t = 0; t < tokens; t++) {
            vec input = vec_set(x[t]);
            UNROLL for (int v = 0; v < OUTER_VECTORS; v++) acc[t][v] = vec_fma(input, w[v], acc[t][v]);
        }
        panel += OUTER_ROWS;
        x += tokens;
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int v = 0; v < OUTER_VECTORS; v++) vec_store(sums + t * OUTER_ROWS + v * VEC_LANES, acc[t][v]);
    }
}

// All classes of a panel.
static INLINE void outer_classes(int tokens, const float *panel, const float *x, size_t class_floats, size_t steps,
                                 bool first, float *sums) {
    for (size_t class = 0; class < VEC_LANES; class++) {
        outer_tile(tokens, panel + class * CLASS_FLOATS, x + class * class_floats, steps, first,
                   sums + class * (size_t)tokens * OUTER_ROWS);
    }
}

#define OUTER_CASE(n) \
    case n: outer_classes(n, panel, x, class_floats, steps, first, sums); break;

static void outer_tokens(size_t tokens, const float *panel, const float *x, size_t class_floats, size_t steps,
                         bool first, float *sums) {
    switch (tokens) {
        OUTER_CASE(1) OUTER_CASE(2) OUTER_CASE(3) OUTER_CASE(4) OUTER_CASE(5) OUTER_CASE(6)
#if OUTER_TOKENS > 6
        OUTER_CASE(7) OUTER_CASE(8) OUTER_CASE(9) OUTER_CASE(10) OUTER_CASE(11) OUTER_CASE(12)
#endif
    }
}

static void emit_tile(const lk_linear_op *op, size_t row, size_t rows, size_t token, size_t tokens,
                      const float *sums) {
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < rows; r += VEC_LANES) {
            vec lanes[VEC_LANES];
            UNROLL for (size_t lane = 0; lane < VEC_LANES; lane++) {
                lanes[lane] = vec_load(sums + (lane * tokens + t) * OUTER_ROWS + r);
            }
            emit_lanes(op, token + t, row + r, rows - r, lanes);
        }
    }
}

// Up to OUTER_ROWS rows, from `row` of the slice on, for all tokens of a round.
static void multiply_group(const weight_rows *weight, const lk_linear_op *op, size_t slice_row, size_t row,
                           const lk_input *input, float *scratch) {
    float *panel = scratch, *sums = scratch + LK_PANEL_FLOATS;
    size_t steps = weight->column_parts * part_steps(weight->part_columns);
    size_t panels = lk_divide_up(steps, PANEL_STEPS), tiles = lk_divide_up(input->tokens, OUTER_TOKENS);
    for (size_t i = 0; i < panels; i++) {
        size_t first = lk_tile_begin(i, panels, steps), count = lk_tile_begin(i + 1, panels, steps) - first;
        fill_panel(weight, row, first, count, panel);
        for (size_t tile = 0; tile < tiles; tile++) {
            size_t t = lk_tile_begin(tile, tiles, input->tokens), n = lk_tile_begin(tile + 1, tiles, input->tokens) - t;
            // A single panel's sums are used at once and stay in the first-level cache.
            float *tile_sums = panels == 1 ? sums : sums + tile * TILE_SUMS;
            outer_tokens(n, panel, input->packed + t * steps * VEC_LANES + first * n, steps * n, count, i == 0,
                         tile_sums);
            if (i + 1 < panels) continue;
            emit_tile(op, slice_row + row, lk_min(weight->rows - row, OUTER_ROWS), input->first + t, n, tile_sums);
        }
    }
}

static void multiply_many(const weight_rows *weight, const lk_linear_op *op, size_t slice_row, const lk_input *input,
                          float *scratch) {
    for (size_t row = 0; row < weight->rows; row += OUTER_ROWS) {
        multiply_group(weight, op, slice_row, row, input, scratch);
    }
}
