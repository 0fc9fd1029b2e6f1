// The inner loops of training over the vector operations of one instruction set.
//
// An element's value does not depend on its index: tails use the same operations on fewer lanes.
#ifndef CLLAMAKERNELS_SIMD_TRAINING_H
#define CLLAMAKERNELS_SIMD_TRAINING_H

#include <math.h>
#include <string.h>

#include "simd_math.h"
#include "training.h"

SIMD_BEGIN

// Steps i through 0 ..< n; `lanes` of the vector's lanes are in range.
#define EACH_VECTOR(i, lanes, n) \
    for (size_t i = 0, lanes; i < (n) && (lanes = lk_min(VEC_LANES, (n) - i)) > 0; i += VEC_LANES)

// The first lanes of a vector; the rest are 0.
static INLINE vec load(const float *from, size_t lanes) {
    return lanes == VEC_LANES ? vec_load(from) : vec_load_n(from, lanes);
}

static INLINE void store(float *to, vec value, size_t lanes) {
    if (lanes == VEC_LANES) {
        vec_store(to, value);
    } else {
        vec_store_n(to, value, lanes);
    }
}

// MARK: Sums

// Two chains of multiply-adds, because one would wait for its own latency.
static INLINE float dot_product(const float *a, const float *b, size_t n) {
    vec sums[2] = {vec_zero(), vec_zero()};
    size_t i = 0;
    for (; i + 2 * VEC_LANES <= n; i += 2 * VEC_LANES) {
        sums[0] = vec_fma(vec_load(a + i), vec_load(b + i), sums[0]);
        sums[1] = vec_fma(vec_load(a + i + VEC_LANES), vec_load(b + i + VEC_LANES), sums[1]);
    }
    for (; i < n; i += VEC_LANES) {
        size_t lanes = lk_min(VEC_LANES, n - i);
        sums[0] = vec_fma(load(a + i, lanes), load(b + i, lanes), sums[0]);
    }
    return vec_sum(vec_add(sums[0], sums[1]));
}

static float dot(const float *a, const float *b, size_t n) { return dot_product(a, b, n); }

static INLINE void add_squares(double_vec sums[2], vec value) {
    sums[0] = double_vec_fma(vec_low_doubles(value), vec_low_doubles(value), sums[0]);
    sums[1] = double_vec_fma(vec_high_doubles(value), vec_high_doubles(value), sums[1]);
}

static double sum_of_squares(const float *x, size_t n) {
    double_vec even[2] = {double_vec_zero(), double_vec_zero()}, odd[2] = {double_vec_zero(), double_vec_zero()};
    size_t i = 0;
    for (; i + 2 * VEC_LANES <= n; i += 2 * VEC_LANES) {
        add_squares(even, vec_load(x + i));
        add_squares(odd, vec_load(x + i + VEC_LANES));
    }
    for (; i < n; i += VEC_LANES) add_squares(even, load(x + i, lk_min(VEC_LANES, n - i)));
    return double_vec_sum(double_vec_add(double_vec_add(even[0], odd[0]), double_vec_add(even[1], odd[1])));
}

// MARK: Normalization

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, float *rstd, size_t rows,
                     size_t dim) {
    for (size_t row = 0; row < rows; row++, x += dim, out += dim) {
        rstd[row] = 1 / sqrtf(dot_product(x, x, dim) / (float)dim + epsilon);
        vec scale = vec_set(rstd[row]);
        EACH_VECTOR(d, lanes, dim) {
            store(out + d, vec_mul(vec_mul(load(x + d, lanes), scale), load(weight + d, lanes)), lanes);
        }
    }
}

// With y = x * rstd: dx += rstd * (weight * dout - y * mean(weight * dout * y)), dweight += dout * y.
static void rms_norm_backward(const float *dout, const float *x, const float *weight, const float *rstd, float *dx,
                              float *dweight, size_t rows, size_t dim) {
    memset(dweight, 0, dim * sizeof *dweight);
    for (size_t row = 0; row < rows; row++, dout += dim, x += dim, dx += dim) {
        vec scale = vec_set(rstd[row]), products = vec_zero();
        EACH_VECTOR(d, lanes, dim) {
            vec y = vec_mul(load(x + d, lanes), scale), gradient = load(dout + d, lanes);
            store(dweight + d, vec_fma(gradient, y, load(dweight + d, lanes)), lanes);
            products = vec_fma(vec_mul(gradient, load(weight + d, lanes)), y, products);
        }
        vec mean = vec_set(vec_sum(products) / (float)dim);
        EACH_VECTOR(d, lanes, dim) {
            vec y = vec_mul(load(x + d, lanes), scale);
            vec direct = vec_mul(load(dout + d, lanes), load(weight + d, lanes));
            store(dx + d, vec_fma(vec_fnma(y, mean, direct), scale, load(dx + d, lanes)), lanes);
        }
    }
}

// MARK: Element-wise

static void rotate(float *x, size_t heads, size_t head_dim, const float *cosine, const float *sine, float direction) {
    EACH_VECTOR(d, lanes, head_dim) {
        vec c = vec_load_twice_n(cosine + d / 2, lanes);
        vec s = vec_mul(vec_load_twice_n(sine + d / 2, lanes), vec_set(direction));
        for (size_t head = 0; head < heads; head++) {
            float *at = x + head * head_dim + d;
            vec pairs = load(at, lanes);
            store(at, vec_fmaddsub(pairs, c, vec_mul(vec_swap_pairs(pairs), s)), lanes);
        }
    }
}

static void swiglu(const float *gate, const float *up, float *out, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        store(out + i, vec_mul(vec_silu(load(gate + i, lanes)), load(up + i, lanes)), lanes);
    }
}

// silu'(x) = s + x s (1 - s) with s = sigmoid(x).
static void swiglu_backward(const float *dout, const float *gate, const float *up, float *dgate, float *dup, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        vec x = load(gate + i, lanes), gradient = load(dout + i, lanes);
        vec s = vec_sigmoid(x), silu = vec_mul(x, s);
        vec slope = vec_fma(silu, vec_sub(vec_set(1), s), s);
        store(dgate + i, vec_mul(vec_mul(gradient, load(up + i, lanes)), slope), lanes);
        store(dup + i, vec_mul(gradient, silu), lanes);
    }
}

static void add(float *to, const float *from, size_t n) {
    EACH_VECTOR(i, lanes, n) store(to + i, vec_add(load(to + i, lanes), load(from + i, lanes)), lanes);
}

static void scale_by(float *x, float factor, size_t n) {
    EACH_VECTOR(i, lanes, n) store(x + i, vec_mul(load(x + i, lanes), vec_set(factor)), lanes);
}

// MARK: Softmax

// The greatest of x; NaN is left out.
static INLINE float greatest_of(const float *x, size_t n) {
    vec greatest[2] = {vec_set(-INFINITY), vec_set(-INFINITY)};
    size_t i = 0;
    for (; i + 2 * VEC_LANES <= n; i += 2 * VEC_LANES) {
        greatest[0] = vec_max(vec_load(x + i), greatest[0]);
        greatest[1] = vec_max(vec_load(x + i + VEC_LANES), greatest[1]);
    }
    for (; i < n; i += VEC_LANES) {
        vec values = i + VEC_LANES <= n ? vec_load(x + i) : vec_keep_n(vec_load_n(x + i, n - i), -INFINITY, n - i);
        greatest[0] = vec_max(values, greatest[0]);
    }
    return vec_maximum(vec_max(greatest[0], greatest[1]));
}

static float exponentiate(float *x, float scale, size_t n, float *sum) {
    float greatest = greatest_of(x, n);
    vec sums = vec_zero();
    EACH_VECTOR(i, lanes, n) {
        vec e = vec_exp(vec_mul(vec_sub(load(x + i, lanes), vec_set(greatest)), vec_set(scale)));
        if (lanes < VEC_LANES) e = vec_keep_n(e, 0, lanes);
        store(x + i, e, lanes);
        sums = vec_add(sums, e);
    }
    *sum = vec_sum(sums);
    return greatest;
}

static void softmax_backward(float *x, float *gradient, float scale, float lse, float delta, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        vec scores = vec_sub(vec_mul(load(x + i, lanes), vec_set(scale)), vec_set(lse));
        vec probability = vec_exp(scores);
        store(x + i, probability, lanes);
        vec slope = vec_sub(load(gradient + i, lanes), vec_set(delta));
        store(gradient + i, vec_mul(vec_mul(slope, probability), vec_set(scale)), lanes);
    }
}

// MARK: Optimizer

static void adamw(const lk_adamw *step, float *weights, const float *gradients, float *m, float *v, size_t n) {
    // What is the same for all weights, rounded to float32 once.
    const vec gradient_scale = vec_set((float)step->gradient_scale);
    const vec keep1 = vec_set((float)step->beta1), add1 = vec_set((float)(1 - step->beta1));
    const vec keep2 = vec_set((float)step->beta2), add2 = vec_set((float)(1 - step->beta2));
    const vec shrink = vec_set((float)(1 - step->learning_rate * step->weight_decay));
    const vec rate = vec_set((float)(step->learning_rate / step->correction1));
    const vec root_scale = vec_set((float)(1 / sqrt(step->correction2)));
    const vec epsilon = vec_set((float)step->epsilon);
    EACH_VECTOR(i, lanes, n) {
        vec gradient = vec_mul(load(gradients + i, lanes), gradient_scale);
        vec first = vec_fma(load(m + i, lanes), keep1, vec_mul(gradient, add1));
        vec second = vec_fma(load(v + i, lanes), keep2, vec_mul(vec_mul(gradient, gradient), add2));
        store(m + i, first, lanes);
        store(v + i, second, lanes);
        vec root = vec_fma(vec_sqrt(second), root_scale, epsilon);
        vec shrunk = vec_mul(load(weights + i, lanes), shrink);
        store(weights + i, vec_fnma(vec_div(first, root), rate, shrunk), lanes);
    }
}

SIMD_END

#endif
