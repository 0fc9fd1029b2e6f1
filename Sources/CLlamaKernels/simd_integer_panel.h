// Rows interleaved for many tokens; included by simd_integer.h alone.

enum { INTEGER_ROWS = INTEGER_VECTORS * VEC_LANES };
// Columns of a panel: up to 32 rows x 4,096 bytes, and a third more for the scales.
enum { PANEL_COLUMNS = 4096, PANEL_UNITS = PANEL_COLUMNS / LK_LARGE_BLOCK };
_Static_assert(INTEGER_ROWS <= LK_PANEL_ROWS, "rows of a chunk");

// [columns / 4, INTEGER_ROWS, 4] quants; per unit and row its factors; per large unit the scales as `scale_groups`
// wants them [scales, INTEGER_ROWS], and pairs of 16-bit numbers to multiply by pairs of sums of activations [8 or 4,
// INTEGER_ROWS, 2]: scales where quants have an offset, else minimums.
typedef struct {
    _Alignas(64) uint8_t quants[(PANEL_COLUMNS + LK_RUN) * INTEGER_ROWS];
    _Alignas(64) float d[PANEL_COLUMNS / LK_SMALL_BLOCK][INTEGER_ROWS], m[PANEL_COLUMNS / LK_SMALL_BLOCK][INTEGER_ROWS];
    _Alignas(64) int32_t scales[PANEL_UNITS][16][INTEGER_ROWS];
    _Alignas(64) int16_t pairs[PANEL_UNITS][8][INTEGER_ROWS][2];
} integer_panel;
_Static_assert(sizeof(integer_panel) <= LK_PANEL_FLOATS * sizeof(float), "the panel");
_Static_assert((LK_ROUND_TOKENS / INTEGER_TOKENS + 1) * VEC_LANES * INTEGER_TOKENS * INTEGER_ROWS <= LK_SUM_FLOATS,
               "the sums of a round");

// Pairs of sums of activations that a large unit's `pairs` belong to: minimums of 32 columns need half as many.
static INLINE size_t pair_count(lk_dtype dtype) {
    if (!lk_is_large(dtype)) return 0;
    if (lk_quant_offset(dtype) != 0 || dtype == LK_Q2_K) return 8;
    return 4;
}

static INLINE void fill_factors(lk_dtype dtype, const void *unit, size_t index, size_t row, integer_panel *panel) {
    panel->d[index][row] = load_half(scale_of(dtype, unit));
    if (lk_has_minimums(dtype)) panel->m[index][row] = load_half(minimum_of(dtype, unit));
    if (!lk_is_large(dtype)) return;
    __m256i vectors[2];
    int16_t scales[16], minimums[16];
    load_scales(dtype, unit, &vectors[0], &vectors[1]);
    _mm256_storeu_si256((__m256i *)(void *)scales, vectors[0]);
    _mm256_storeu_si256((__m256i *)(void *)minimums, vectors[1]);
    size_t step = lk_scale_columns(dtype) / 16;
    for (size_t i = 0; i < 16 / step; i++) panel->scales[index][i][row] = scale_group(scales[i * step]);
    const int16_t *factors = lk_quant_offset(dtype) != 0 ? scales : minimums;
    step = 8 / pair_count(dtype);
    for (size_t i = 0; i < pair_count(dtype); i++) {
        panel->pairs[index][i][row][0] = factors[2 * i * step];
        panel->pairs[index][i][row][1] = factors[(2 * i + 1) * step];
    }
}

// Units [begin, end) of 16 rows, those of a column part; the first goes to unit `index` of the panel, the rows to
// `column` and on.
static INLINE void fill_rows(lk_dtype dtype, const char *weight, size_t row_bytes, size_t rows, size_t begin,
                             size_t end, size_t index, size_t column, integer_panel *panel) {
    size_t bytes = lk_dtype_block_size(dtype), runs = lk_unit(dtype) / LK_RUN;
    // Two runs are a vector of 16 groups of four quants.
    size_t first_run = begin * runs, run_count = (end - begin) * runs;
    float *to = (float *)(void *)(panel->quants) + index * runs * (LK_RUN / 4) * INTEGER_ROWS + column;
    for (size_t run = 0; run < run_count; run += 2) {
        vec groups[VEC_LANES];
        for (size_t r = 0; r < VEC_LANES; r++) {
            __m256i low = _mm256_setzero_si256(), high = low;
            if (r < rows) {
                size_t at = first_run + run;
                low = load_run(dtype, weight + r * row_bytes + at / runs * bytes, (int)(at % runs));
                if (run + 1 < run_count) {
                    high = load_run(dtype, weight + r * row_bytes + (at + 1) / runs * bytes, (int)((at + 1) % runs));
                }
            }
            groups[r] = vec_join(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high));
        }
        store_transposed(groups, to + run * (LK_RUN / 4) * INTEGER_ROWS, INTEGER_ROWS);
    }
    for (size_t unit = begin; unit < end; unit++) {
        for (size_t r = 0; r < rows; r++) {
            fill_factors(dtype, weight + r * row_bytes + unit * bytes, index + unit - begin, column + r, panel);
        }
    }
}

// Units [first, first + count) of a row counted through its parts, INTEGER_ROWS rows from `row` of the slice on. What
// the panel holds of rows past the last is left as it was: their results are not used.
static INLINE void fill_integer_panel(lk_dtype dtype, const lk_matrix *weight, const lk_block *blocks, size_t block_row,
                                      size_t rows, size_t first, size_t count, integer_panel *panel) {
    size_t units = weight->blocks[0].columns / lk_unit(dtype);
    for (size_t unit = first; unit < first + count;) {
        size_t part = unit / units, begin = unit % units, end = lk_min(begin + first + count - unit, units);
        const char *from = lk_block_row(&blocks[part], dtype, block_row);
        size_t row_bytes = lk_dtype_bytes(dtype, blocks[part].row_stride);
        for (size_t column = 0; column < rows; column += VEC_LANES) {
            fill_rows(dtype, from + column * row_bytes, row_bytes, lk_min(rows - column, VEC_LANES), begin, end,
                      unit - first, column, panel);
        }
        unit += end - begin;
    }
}
