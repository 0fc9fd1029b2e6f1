// The contract: every kernel of inference in its plainest form. Sums are kept in double, in which a product of two
// floats is exact, so the results are also close to the true values.
#include "simd_none.h"

#include <math.h>
#include <string.h>

#include "blocks.h"
#include "kernels.h"
#include "training.h"

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

// Weights converted at a time: a multiple of every block format's block.
enum { CONVERTED = 256 };

static double dot(lk_dtype dtype, const char *row, const float *input, size_t n, double sum) {
    float weights[CONVERTED];
    for (size_t begin = 0; begin < n; begin += CONVERTED) {
        size_t count = lk_min(CONVERTED, n - begin);
        convert(dtype, row + lk_dtype_bytes(dtype, begin), weights, count);
        for (size_t k = 0; k < count; k++) sum += (double)weights[k] * (double)input[begin + k];
    }
    return sum;
}

static void linear_rows(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *from,
                        float *scratch) {
    (void)scratch;
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, part_columns = weight->blocks[0].columns;
    for (size_t t = 0; t < from->tokens; t++) {
        for (size_t r = row_begin; r < row_end; r++) {
            const lk_block *blocks = weight->blocks + r / part_rows * weight->column_parts;
            double sum = 0;
            for (size_t part = 0; part < weight->column_parts; part++) {
                const char *row = lk_block_row(&blocks[part], weight->dtype, r % part_rows);
                const float *input = from->x + t * from->x_stride + part * part_columns;
                sum = dot(weight->dtype, row, input, part_columns, sum);
            }
            float *out = &op->out[(from->first + t) * op->out_stride + r];
            float value = (float)sum + (op->bias ? op->bias[r] : 0);
            *out = op->accumulate ? *out + value : value;
        }
    }
}

static size_t packed_tiles(lk_dtype dtype, size_t tokens) {
    (void)dtype;
    (void)tokens;
    return 0;
}

static void silu_multiply(float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++) {
        // silu(-inf) is 0 by its limit; below -104 it is 0 in float32 already.
        float x = gate[i] < -104 ? -104 : gate[i];
        gate[i] = x / (1 + expf(-x)) * up[i];
    }
}

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, size_t dim) {
    double squares = 0;
    for (size_t d = 0; d < dim; d++) squares += (double)x[d] * (double)x[d];
    float scale = 1 / sqrtf((float)(squares / (double)dim) + epsilon);
    for (size_t d = 0; d < dim; d++) out[d] = x[d] * scale * weight[d];
}

static float score(const lk_query *query, size_t position, size_t head_dim, float scale, const float *keys) {
    size_t block = position / LK_POSITION_LANES, lane = position % LK_POSITION_LANES;
    double sum = 0;
    for (size_t d = 0; d < head_dim; d++) {
        sum += (double)query->q[d] * (double)keys[(block * head_dim + d) * LK_POSITION_LANES + lane];
    }
    return (float)sum * scale;
}

static void attend(const lk_query *queries, size_t count, size_t head_dim, float scale, const float *keys,
                   const float *values, float *scratch) {
    (void)scratch;
    for (const lk_query *query = queries; query < queries + count; query++) {
        // The scores are computed twice rather than kept: there is no bound on how many there are.
        float greatest = -INFINITY;
        for (size_t p = 0; p < query->length; p++) {
            greatest = fmaxf(greatest, score(query, p, head_dim, scale, keys));
        }
        double sum = 0;
        for (size_t d = 0; d < head_dim; d++) query->out[d] = 0;
        for (size_t p = 0; p < query->length; p++) {
            float probability = expf(score(query, p, head_dim, scale, keys) - greatest);
            sum += (double)probability;
            for (size_t d = 0; d < head_dim; d++) query->out[d] += probability * values[p * head_dim + d];
        }
        for (size_t d = 0; d < head_dim; d++) query->out[d] /= (float)sum;
    }
}

static double log_sum_exp(const float *x, size_t n) {
    double greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = fmax(greatest, (double)x[i]);
    if (isinf(greatest)) return greatest;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - greatest);
    return greatest + log(sum);
}

const lk_kernels lk_kernels_reference = {
    .convert = convert,
    .linear_rows = linear_rows,
    .packed_tiles = packed_tiles,
    .silu_multiply = silu_multiply,
    .rms_norm = rms_norm,
    .attend = attend,
    .log_sum_exp = log_sum_exp,
    .training = &lk_training_reference,
};
