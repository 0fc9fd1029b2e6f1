// The contract: every kernel of inference in its plainest form, whose bits the other instruction sets reproduce.
#include "simd_none.h"

#include <math.h>
#include <string.h>

#include "blocks.h"
#include "kernels.h"
#include "scalar_sums.h"
#include "training.h"

// MARK: Weights

static float float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float load_element(lk_dtype dtype, const void *data, size_t index) {
    const char *address = (const char *)data + lk_dtype_bytes(dtype, index);
    if (dtype == LK_F32) {
        float value;
        memcpy(&value, address, sizeof value);
        return value;
    }
    uint16_t bits;
    memcpy(&bits, address, sizeof bits);
    return dtype == LK_F16 ? half_to_float(bits) : float_from_bits((uint32_t)bits << 16);
}

static void convert(lk_dtype dtype, const void *from, float *to, size_t n) {
    if (lk_dtype_block_count(dtype) > 1) {
        decode_blocks(dtype, from, to, n);
        return;
    }
    for (size_t i = 0; i < n; i++) to[i] = load_element(dtype, from, i);
}

// MARK: Linear layers

// Weights converted at a time: a multiple of every block format's block.
enum { CONVERTED = 256 };

static void dot(lk_dtype dtype, const char *row, const float *input, size_t n, lanes *sums) {
    float weights[CONVERTED];
    for (size_t begin = 0; begin < n; begin += CONVERTED) {
        size_t count = lk_min(CONVERTED, n - begin);
        convert(dtype, row + lk_dtype_bytes(dtype, begin), weights, count);
        add_products(sums, input + begin, weights, count);
    }
}

static void linear_rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *from,
                        float *scratch) {
    (void)scratch;
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, part_columns = weight->blocks[0].columns;
    for (size_t t = 0; t < from->tokens; t++) {
        for (size_t r = row_begin; r < row_end; r++) {
            const lk_block *blocks = weight->blocks + r / part_rows * weight->column_parts;
            lanes sums = {{0}};
            for (size_t part = 0; part < weight->column_parts; part++) {
                const char *row = lk_block_row(&blocks[part], weight->dtype, r % part_rows);
                dot(weight->dtype, row, from->x + t * from->x_stride + part * part_columns, part_columns, &sums);
            }
            emit_output(&op->out[(from->first + t) * op->out_stride + r], sum_of_lanes(&sums),
                        op->bias ? &op->bias[r] : NULL, op->accumulate);
        }
    }
}

static size_t packed_tiles(lk_dtype dtype, size_t tokens) {
    (void)dtype;
    (void)tokens;
    return 0;
}

// MARK: Element-wise

static void silu_multiply(float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++) gate[i] = scalar_silu(gate[i]) * up[i];
}

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, size_t dim) {
    lanes squares = {{0}};
    add_products(&squares, x, x, dim);
    float scale = 1 / sqrtf(sum_of_lanes(&squares) / (float)dim + epsilon);
    for (size_t d = 0; d < dim; d++) out[d] = x[d] * scale * weight[d];
}

static double log_sum_exp(const float *x, size_t n) {
    float greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = x[i] > greatest ? x[i] : greatest;
    if (isinf(greatest)) return (double)greatest;
    double sums[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) sums[i % LANES] += (double)scalar_exp(x[i] - greatest);
    for (size_t lane = 0; lane < LANES; lane++) sum += sums[lane];
    return (double)greatest + log(sum);
}

// MARK: Attention

static float score(const lk_query *query, size_t position, size_t head_dim, lk_dtype dtype, const lk_cached *cached) {
    const void *keys = lk_page(cached->keys, cached, position);
    size_t block = position % LK_PAGE_POSITIONS / LK_POSITION_LANES, lane = position % LK_POSITION_LANES;
    float sum = 0;
    for (size_t d = 0; d < head_dim; d++) {
        sum = fmaf(query->q[d], load_element(dtype, keys, (block * head_dim + d) * LK_POSITION_LANES + lane), sum);
    }
    return sum;
}

// The softmax is computed online, in blocks of LK_POSITION_BLOCK positions: where one raises the maximum, what was
// summed before is rescaled.
static void attend_to(const lk_query *query, size_t head_dim, float scale, lk_dtype dtype,
                      const lk_cached *cached) {
    float greatest = -INFINITY, sum = 0;
    for (size_t d = 0; d < head_dim; d++) query->out[d] = 0;
    for (size_t start = 0; start < query->length; start += LK_POSITION_BLOCK) {
        size_t count = lk_min(query->length - start, LK_POSITION_BLOCK);
        float weights[LK_POSITION_BLOCK], before = greatest;
        for (size_t p = 0; p < count; p++) {
            weights[p] = score(query, start + p, head_dim, dtype, cached) * scale;
            greatest = weights[p] > greatest ? weights[p] : greatest;
        }
        lanes sums = {{0}};
        for (size_t p = 0; p < count; p++) {
            weights[p] = scalar_exp(weights[p] - greatest);
            sums.lane[p % LANES] += weights[p];
        }
        if (greatest != before) {
            float correction = scalar_exp(before - greatest);
            sum *= correction;
            for (size_t d = 0; d < head_dim; d++) query->out[d] *= correction;
        }
        sum += sum_of_lanes(&sums);
        for (size_t p = 0; p < count; p++) {
            const void *values = lk_page(cached->values, cached, start + p);
            size_t row = (start + p) % LK_PAGE_POSITIONS;
            for (size_t d = 0; d < head_dim; d++) {
                float value = load_element(dtype, values, row * head_dim + d);
                query->out[d] = fmaf(weights[p], value, query->out[d]);
            }
        }
    }
    for (size_t d = 0; d < head_dim; d++) query->out[d] /= sum;
}

static void attend(const lk_query *queries, size_t count, size_t head_dim, float scale, lk_dtype dtype,
                   const lk_cached *cached, float *scratch) {
    (void)scratch;
    for (size_t i = 0; i < count; i++) attend_to(&queries[i], head_dim, scale, dtype, cached);
}

// MARK: The processor's limit

// Products that a round adds to each lane.
enum { PEAK_PRODUCTS = 256 };

static size_t peak(uint32_t rounds, double *sum) {
    const volatile float one = 1;
    float a = one;
    double total = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        lanes sums = {{0}};
        for (int product = 0; product < PEAK_PRODUCTS; product++) {
            for (int lane = 0; lane < LANES; lane++) sums.lane[lane] = fmaf(a, a, sums.lane[lane]);
        }
        total += (double)sum_of_lanes(&sums);
    }
    *sum = total;
    return (size_t)2 * LANES * PEAK_PRODUCTS * rounds;
}

static const lk_linear_kernels linear = {
    .name = "reference",
    .group = 1,
    .packed_tiles = packed_tiles,
    .rows = linear_rows,
    .peak = peak,
};

const lk_kernels lk_kernels_reference = {
    .convert = convert,
    .linear = &linear,
    .silu_multiply = silu_multiply,
    .rms_norm = rms_norm,
    .attend = attend,
    .log_sum_exp = log_sum_exp,
    .training = &lk_training_reference,
};
