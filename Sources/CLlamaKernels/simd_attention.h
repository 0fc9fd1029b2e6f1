// Attention over the vector operations of one instruction set.
//
// The softmax is computed online, in blocks of LK_POSITION_BLOCK positions counted from 0. A query's score at a
// position is one chain of multiply-adds over d; its output element is one chain over the positions it sees, rescaled
// when a block raises the maximum. Queries that are processed together only share loads.
#ifndef CLLAMAKERNELS_SIMD_ATTENTION_H
#define CLLAMAKERNELS_SIMD_ATTENTION_H

#include <math.h>

#include "kernels.h"
#include "simd_math.h"

SIMD_BEGIN

// Scores of 4 queries x SCORE_BLOCKS blocks of 16 positions, and outputs of 4 queries x VALUE_VECTORS vectors
// of d, fill half the registers with sums.
typedef struct {
    const float *q;
    float *out;
    size_t valid;  // positions of the current block that the query sees
    float *scores;  // [LK_POSITION_BLOCK], then their exponentials
    float *maximum, *sum;
} active_query;

// A vector, or its first n lanes, of keys or values from element i on.
static INLINE vec load_cached(lk_dtype dtype, const void *from, size_t i) {
    return dtype == LK_F16 ? vec_load_f16((const uint16_t *)from + i) : vec_load((const float *)from + i);
}
static INLINE vec load_cached_n(lk_dtype dtype, const void *from, size_t i, size_t n) {
    return dtype == LK_F16 ? vec_load_f16_n((const uint16_t *)from + i, n) : vec_load_n((const float *)from + i, n);
}

// `dtype` is a constant wherever this and the following are inlined; `keys` are the tile's, whose first position is
// `position` of the block.
static INLINE void score_tile(lk_dtype dtype, const active_query *queries, int n, int blocks, size_t head_dim,
                              const void *keys, size_t position) {
    size_t block_floats = head_dim * LK_POSITION_LANES;
    vec sums[4][SCORE_BLOCKS];
    UNROLL for (int i = 0; i < n; i++) {
        UNROLL for (int v = 0; v < blocks; v++) sums[i][v] = vec_zero();
    }
    for (size_t d = 0; d < head_dim; d++) {
        vec key[SCORE_BLOCKS];
        UNROLL for (int v = 0; v < blocks; v++) {
            size_t at = (size_t)v * block_floats + d * LK_POSITION_LANES;
            key[v] = load_cached(dtype, keys, at);
        }
        UNROLL for (int i = 0; i < n; i++) {
            vec q = vec_set(queries[i].q[d]);
            UNROLL for (int v = 0; v < blocks; v++) sums[i][v] = vec_fma(q, key[v], sums[i][v]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        UNROLL for (int v = 0; v < blocks; v++) {
            vec_store(queries[i].scores + position + (size_t)v * VEC_LANES, sums[i][v]);
        }
    }
}

// Scores of the block's positions from `begin` to `end`, rounded up to whole blocks of 16, which are in one page.
static INLINE void score_queries(lk_dtype dtype, const active_query *queries, int n, size_t begin, size_t end,
                                 size_t head_dim, const char *keys) {
    size_t tile_bytes = lk_dtype_bytes(dtype, LK_POSITION_LANES * head_dim), p = begin;
    for (; p + SCORE_BLOCKS * LK_POSITION_LANES <= end; p += SCORE_BLOCKS * LK_POSITION_LANES) {
        score_tile(dtype, queries, n, SCORE_BLOCKS, head_dim, keys, p);
        keys += SCORE_BLOCKS * tile_bytes;
    }
    for (; p < end; p += LK_POSITION_LANES) {
        score_tile(dtype, queries, n, 1, head_dim, keys, p);
        keys += tile_bytes;
    }
}

// Turns a block's scores into exponentials relative to the maximum so far, and rescales the earlier sum and output to
// that maximum.
static void exponentiate(const active_query *query, float scale, size_t head_dim) {
    float *scores = query->scores;
    size_t valid = query->valid;
    vec maxima = vec_set(-INFINITY);
    for (size_t p = 0; p < valid; p += VEC_LANES) {
        vec scaled = vec_keep_n(vec_mul(vec_load(scores + p), vec_set(scale)), -INFINITY, valid - p);
        vec_store(scores + p, scaled);
        maxima = vec_max(maxima, scaled);
    }
    float before = *query->maximum;
    float maximum = vec_maximum(maxima);
    maximum = maximum > before ? maximum : before;
    vec sums = vec_zero();
    for (size_t p = 0; p < valid; p += VEC_LANES) {
        vec e = vec_exp(vec_sub(vec_load(scores + p), vec_set(maximum)));
        vec_store(scores + p, e);
        sums = vec_add(sums, e);
    }
    if (maximum != before) {
        vec correction = vec_exp(vec_set(before - maximum));
        *query->sum *= vec_first(correction);
        size_t d = 0;
        for (; d + VEC_LANES <= head_dim; d += VEC_LANES) {
            vec_store(query->out + d, vec_mul(vec_load(query->out + d), correction));
        }
        if (d < head_dim) {
            size_t n = head_dim - d;
            vec_store_n(query->out + d, vec_mul(vec_load_n(query->out + d, n), correction), n);
        }
    }
    *query->sum += vec_sum(sums);
    *query->maximum = maximum;
}

// out[d ..< d + vectors * VEC_LANES] += scores[p] * values[p - begin, ...] for p in begin ..< end; the last vector has
// `lanes` lanes.
static INLINE void value_tile(lk_dtype dtype, const active_query *queries, int n, int vectors, size_t lanes,
                              size_t begin, size_t end, size_t head_dim, const void *values, size_t d) {
    vec sums[4][VALUE_VECTORS];
    UNROLL for (int i = 0; i < n; i++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            const float *out = queries[i].out + d + (size_t)v * VEC_LANES;
            sums[i][v] = lanes == VEC_LANES ? vec_load(out) : vec_load_n(out, lanes);
        }
    }
    for (size_t p = begin; p < end; p++) {
        vec value[VALUE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            size_t at = (p - begin) * head_dim + d + (size_t)v * VEC_LANES;
            value[v] = lanes == VEC_LANES ? load_cached(dtype, values, at) : load_cached_n(dtype, values, at, lanes);
        }
        UNROLL for (int i = 0; i < n; i++) {
            vec weight = vec_set(queries[i].scores[p]);
            UNROLL for (int v = 0; v < vectors; v++) sums[i][v] = vec_fma(weight, value[v], sums[i][v]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            float *out = queries[i].out + d + (size_t)v * VEC_LANES;
            if (lanes == VEC_LANES) {
                vec_store(out, sums[i][v]);
            } else {
                vec_store_n(out, sums[i][v], lanes);
            }
        }
    }
}

static INLINE void add_values(lk_dtype dtype, const active_query *queries, int n, size_t begin, size_t end,
                              size_t head_dim, const void *values) {
    size_t d = 0;
    for (; d + VALUE_VECTORS * VEC_LANES <= head_dim; d += VALUE_VECTORS * VEC_LANES) {
        value_tile(dtype, queries, n, VALUE_VECTORS, VEC_LANES, begin, end, head_dim, values, d);
    }
    for (; d + VEC_LANES <= head_dim; d += VEC_LANES) {
        value_tile(dtype, queries, n, 1, VEC_LANES, begin, end, head_dim, values, d);
    }
    if (d < head_dim) value_tile(dtype, queries, n, 1, head_dim - d, begin, end, head_dim, values, d);
}

// Four queries together over the positions of a page that all of them see, then each alone: a position that a query does
// not see must not reach its output, not even multiplied by zero (its value may be infinite).
static INLINE void add_values_of_four(lk_dtype dtype, const active_query *queries, size_t begin, size_t end,
                                      size_t head_dim, const char *values) {
    size_t common = end;
    for (int i = 0; i < 4; i++) common = lk_min(common, queries[i].valid);
    common = lk_max(common, begin);
    add_values(dtype, queries, 4, begin, common, head_dim, values);
    const char *rest = values + lk_dtype_bytes(dtype, (common - begin) * head_dim);
    for (int i = 0; i < 4; i++) {
        size_t last = lk_min(queries[i].valid, end);
        if (last > common) add_values(dtype, queries + i, 1, common, last, head_dim, rest);
    }
}

static INLINE void attend_block(lk_dtype dtype, const active_query *queries, size_t count, size_t head_dim,
                                float scale, const lk_cached *cached, size_t start) {
    size_t positions = 0;
    for (size_t i = 0; i < count; i++) positions = lk_max(positions, queries[i].valid);
    for (size_t p = 0; p < positions; p += LK_PAGE_POSITIONS) {
        size_t end = lk_min(p + LK_PAGE_POSITIONS, positions), i = 0;
        const void *keys = lk_page(cached->keys, cached, start + p);
        for (; i + 4 <= count; i += 4) score_queries(dtype, queries + i, 4, p, end, head_dim, keys);
        for (; i < count; i++) score_queries(dtype, queries + i, 1, p, end, head_dim, keys);
    }
    for (size_t i = 0; i < count; i++) exponentiate(&queries[i], scale, head_dim);
    for (size_t p = 0; p < positions; p += LK_PAGE_POSITIONS) {
        size_t end = lk_min(p + LK_PAGE_POSITIONS, positions), i = 0;
        const void *values = lk_page(cached->values, cached, start + p);
        for (; i + 4 <= count; i += 4) add_values_of_four(dtype, queries + i, p, end, head_dim, values);
        for (; i < count; i++) {
            size_t last = lk_min(queries[i].valid, end);
            if (last > p) add_values(dtype, queries + i, 1, p, last, head_dim, values);
        }
    }
}

static INLINE void attend_of(lk_dtype dtype, const lk_query *queries, size_t count, size_t head_dim, float scale,
                             const lk_cached *cached, float *scratch) {
    float maxima[LK_QUERIES], sums[LK_QUERIES];
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        maxima[i] = -INFINITY;
        sums[i] = 0;
        longest = lk_max(longest, queries[i].length);
        for (size_t d = 0; d < head_dim; d++) queries[i].out[d] = 0;
    }
    for (size_t start = 0; start < longest; start += LK_POSITION_BLOCK) {
        active_query active[LK_QUERIES];
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (queries[i].length <= start) continue;
            active[n++] = (active_query){.q = queries[i].q,
                                         .out = queries[i].out,
                                         .valid = lk_min(queries[i].length - start, LK_POSITION_BLOCK),
                                         .scores = scratch + i * LK_POSITION_BLOCK,
                                         .maximum = &maxima[i],
                                         .sum = &sums[i]};
        }
        attend_block(dtype, active, n, head_dim, scale, cached, start);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t d = 0; d < head_dim; d++) queries[i].out[d] /= sums[i];
    }
}

static void attend_f32(const lk_query *queries, size_t count, size_t head_dim, float scale,
                       const lk_cached *cached, float *scratch) {
    attend_of(LK_F32, queries, count, head_dim, scale, cached, scratch);
}

static void attend_f16(const lk_query *queries, size_t count, size_t head_dim, float scale,
                       const lk_cached *cached, float *scratch) {
    attend_of(LK_F16, queries, count, head_dim, scale, cached, scratch);
}

static void attend(const lk_query *queries, size_t count, size_t head_dim, float scale, lk_dtype dtype,
                   const lk_cached *cached, float *scratch) {
    if (dtype == LK_F16) {
        attend_f16(queries, count, head_dim, scale, cached, scratch);
    } else {
        attend_f32(queries, count, head_dim, scale, cached, scratch);
    }
}

SIMD_END

#endif
