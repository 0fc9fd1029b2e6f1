// The contract of integer.h in plain C.
#include "simd_none.h"

#include "blocks.h"
#include "integer.h"
#include "scalar_sums.h"

// MARK: Activations

static void quantize_unit(const float *x, size_t n, size_t unit, const lk_quantized *to) {
    float greatest = 0;
    for (size_t i = 0; i < n; i++) {
        float magnitude = fabsf(x[i]);
        // The greatest stays NaN once it is.
        if (!(magnitude <= greatest)) greatest = isnan(greatest) ? greatest : magnitude;
    }
    lk_unit_scale scale = lk_activation_scale(greatest, n);
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int quant = isnan(scale.d) ? 0 : (int)rintf(x[i] * scale.factor);
        to->quants[unit * n + i] = (int8_t)quant;
        sum += quant;
        if (n == LK_SMALL_BLOCK) continue;
        if (i % 16 == 0) to->sums16[unit * 16 + i / 16] = 0;
        to->sums16[unit * 16 + i / 16] = (int16_t)(to->sums16[unit * 16 + i / 16] + quant);
    }
    to->d[unit] = scale.d;
    if (n == LK_LARGE_BLOCK) return;
    to->sums[unit] = sum;
    to->s[unit] = lk_round_scale(scale.exact * (float)sum);
}

static size_t packed_tiles(lk_dtype dtype, size_t tokens) {
    (void)dtype;
    return tokens;
}

static size_t packed_size(const lk_matrix *weight) { return lk_quantized_floats(weight->dtype, weight->columns); }

static void pack(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed) {
    (void)tiles;
    lk_quantized to = lk_quantized_tile(weight->dtype, weight->columns, 1, packed + tile * packed_size(weight));
    size_t n = lk_unit(weight->dtype);
    const float *x = input->x + tile * input->x_stride;
    for (size_t unit = 0; unit < weight->columns / n; unit++) quantize_unit(x + unit * n, n, unit, &to);
}

// MARK: Weights

// Column k's quant as stored.
static int quant_of(lk_dtype dtype, const void *unit, size_t k) {
    size_t run = k / 32, i = k % 32, low = k / 128 * 32 + i;
    switch (dtype) {
    case LK_Q4_0: return ((const q4_0_block *)unit)->quants[i % 16] >> i / 16 * 4 & 0xf;
    case LK_Q4_1: return ((const q4_1_block *)unit)->quants[i % 16] >> i / 16 * 4 & 0xf;
    case LK_Q5_0: {
        const q5_0_block *block = unit;
        return (block->quants[i % 16] >> i / 16 * 4 & 0xf) | (int)(load_word(block->fifths) >> i & 1) << 4;
    }
    case LK_Q5_1: {
        const q5_1_block *block = unit;
        return (block->quants[i % 16] >> i / 16 * 4 & 0xf) | (int)(load_word(block->fifths) >> i & 1) << 4;
    }
    case LK_Q8_0: return ((const q8_0_block *)unit)->quants[i];
    case LK_Q2_K: return ((const q2_k_block *)unit)->quants[low] >> run % 4 * 2 & 3;
    case LK_Q3_K: {
        const q3_k_block *block = unit;
        return (block->quants[low] >> run % 4 * 2 & 3) | (block->thirds[i] >> run & 1) << 2;
    }
    case LK_Q4_K: return ((const q4_k_block *)unit)->quants[run / 2 * 32 + i] >> run % 2 * 4 & 0xf;
    case LK_Q5_K: {
        const q5_k_block *block = unit;
        return (block->quants[run / 2 * 32 + i] >> run % 2 * 4 & 0xf) | (block->fifths[i] >> run & 1) << 4;
    }
    case LK_Q6_K: {
        const q6_k_block *block = unit;
        int nibble = block->low[run / 4 * 64 + run % 2 * 32 + i] >> run % 4 / 2 * 4 & 0xf;
        return nibble | (block->high[low] >> run % 4 * 2 & 3) << 4;
    }
    case LK_F32:
    case LK_F16:
    case LK_BF16: break;
    }
    return 0;
}

// MARK: Rows

// The lane's sum after the term of a unit, whose index among the row's is `index`.
static float add_term(lk_dtype dtype, const void *unit, const lk_quantized *x, size_t index, float lane) {
    lk_unit_scales scales;
    load_unit_scales(dtype, unit, &scales);
    size_t n = lk_unit(dtype);
    int32_t products = 0, minimums = 0;
    for (size_t k = 0; k < n; k++) {
        int quant = quant_of(dtype, unit, k) - lk_quant_offset(dtype), input = x->quants[index * n + k];
        products += scales.scales[k / 16] * quant * input;
        minimums += scales.minimums[k / 16] * input;
    }
    lane = fmaf(scales.d * x->d[index], (float)products, lane);
    if (!lk_has_minimums(dtype)) return lane;
    if (lk_is_large(dtype)) return fmaf(-(scales.m * x->d[index]), (float)minimums, lane);
    return fmaf(scales.m, x->s[index], lane);
}

static void rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *input, float *scratch) {
    (void)scratch;
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, units = weight->blocks[0].columns / lk_unit(weight->dtype);
    for (size_t t = 0; t < input->tokens; t++) {
        float *memory = (float *)input->packed + t * packed_size(weight);
        lk_quantized x = lk_quantized_tile(weight->dtype, weight->columns, 1, memory);
        for (size_t row = row_begin; row < row_end; row++) {
            const lk_block *blocks = weight->blocks + row / part_rows * weight->column_parts;
            lanes sums = {{0}};
            for (size_t part = 0; part < weight->column_parts; part++) {
                const char *unit = lk_block_row(&blocks[part], weight->dtype, row % part_rows);
                for (size_t u = 0; u < units; u++, unit += lk_dtype_block_size(weight->dtype)) {
                    size_t index = part * units + u;
                    sums.lane[index % LANES] = add_term(weight->dtype, unit, &x, index, sums.lane[index % LANES]);
                }
            }
            emit_output(&op->out[(input->first + t) * op->out_stride + row], sum_of_lanes(&sums),
                        op->bias ? &op->bias[row] : NULL, op->accumulate);
        }
    }
}

// MARK: The processor's limit

// Products that a round adds to each lane.
enum { PEAK_PRODUCTS = 256 };

static size_t peak(uint32_t rounds, double *sum) {
    const volatile int8_t one = 1;
    int8_t a = one;
    double total = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        int sums[LANES] = {0};
        for (int product = 0; product < PEAK_PRODUCTS; product++) {
            // Otherwise the compiler would multiply the product instead of adding it again and again.
            for (int lane = 0; lane < LANES; lane++) {
                __asm__ volatile("" : "+r"(a));
                sums[lane] += a * a;
            }
        }
        for (int lane = 0; lane < LANES; lane++) total += sums[lane];
    }
    *sum = total;
    return (size_t)2 * LANES * PEAK_PRODUCTS * rounds;
}

const lk_linear_kernels lk_integer_reference = {
    .name = "reference",
    .group = 1,
    .packed_tiles = packed_tiles,
    .packed_size = packed_size,
    .pack = pack,
    .rows = rows,
    .peak = peak,
};
