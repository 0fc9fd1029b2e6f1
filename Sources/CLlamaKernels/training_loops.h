// The inner loops of training over the compiler's vectors of 16 floats; included once by each
// training_<isa>.c, whose instruction set decides how many registers such a vector takes.
//
// An element's value does not depend on its place: tails use the same operations on fewer lanes.
#include <math.h>
#include <string.h>

#include "training.h"

#pragma STDC FP_CONTRACT ON

// Every function that takes or returns a vector is inlined, so how one would be passed does not matter.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE inline __attribute__((always_inline))

enum { LANES = 16 };
typedef float vec __attribute__((ext_vector_type(16)));
typedef float half_vec __attribute__((ext_vector_type(8)));
typedef float quarter_vec __attribute__((ext_vector_type(4)));
typedef double double_vec __attribute__((ext_vector_type(16)));
typedef uint32_t bit_vec __attribute__((ext_vector_type(16)));

// Steps i through 0 ..< n; `lanes` of a vector's lanes are in range.
#define EACH_VECTOR(i, lanes, n) \
    for (size_t i = 0, lanes; i < (n) && (lanes = lk_min(LANES, (n) - i)) > 0; i += LANES)

// The first lanes of a vector, the rest filled with 0.
static INLINE vec load(const float *from, size_t lanes) {
    vec value = 0;
    if (lanes == LANES) {
        memcpy(&value, from, sizeof value);
    } else {
        memcpy(&value, from, lanes * sizeof *from);
    }
    return value;
}

static INLINE half_vec load_half(const float *from, size_t lanes) {
    half_vec value = 0;
    if (lanes == LANES / 2) {
        memcpy(&value, from, sizeof value);
    } else {
        memcpy(&value, from, lanes * sizeof *from);
    }
    return value;
}

static INLINE void store(float *to, vec value, size_t lanes) {
    if (lanes == LANES) {
        memcpy(to, &value, sizeof value);
    } else {
        memcpy(to, &value, lanes * sizeof *to);
    }
}

static INLINE float vec_sum(vec x) {
    half_vec eight = x.lo + x.hi;
    quarter_vec four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}

static INLINE vec vec_max(vec a, vec b) { return a > b ? a : b; }

static INLINE float vec_greatest(vec x) {
    half_vec eight = x.lo > x.hi ? x.lo : x.hi;
    quarter_vec four = eight.lo > eight.hi ? eight.lo : eight.hi;
    float even = four.x > four.z ? four.x : four.z, odd = four.y > four.w ? four.y : four.w;
    return even > odd ? even : odd;
}

// e^x to about 2 ulp: 0 below -87, infinite above 88.4, NaN stays NaN.
static INLINE vec vec_exp(vec x) {
    const float lowest = -87, highest = 89;
    vec bounded = x < lowest ? (vec)lowest : x;
    bounded = bounded > highest ? (vec)highest : bounded;
    // x = n ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to a whole number, which is then in the low
    // bits; ln 2 is split so that n times its first part is exact.
    vec shifted = bounded * 0x1.715476p+0f + 0x1.8p+23f;
    vec n = shifted - 0x1.8p+23f;
    vec r = bounded - n * 0x1.62e4p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    // Taylor coefficients up to r^7 / 7!: the first term left out is below 2^-27.
    vec p = r * (1.0f / 5040) + (1.0f / 720);
    p = p * r + (1.0f / 120);
    p = p * r + (1.0f / 24);
    p = p * r + (1.0f / 6);
    p = p * r + 0.5f;
    p = p * r + 1;
    p = p * r + 1;
    // 2^n: all of shifted's bits but n's leave at the top. At n = 128 it is infinite.
    bit_vec exponent = (__builtin_bit_cast(bit_vec, shifted) << 23) + __builtin_bit_cast(bit_vec, (vec)1);
    vec result = p * __builtin_bit_cast(vec, exponent);
    return x < lowest ? (vec)0 : result;
}

// MARK: Normalisation

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, float *rstd, size_t rows,
                     size_t dim) {
    for (size_t row = 0; row < rows; row++, x += dim, out += dim) {
        vec squares = 0;
        EACH_VECTOR(d, lanes, dim) {
            vec value = load(x + d, lanes);
            squares = value * value + squares;
        }
        float scale = 1 / sqrtf(vec_sum(squares) / (float)dim + epsilon);
        EACH_VECTOR(d, lanes, dim) store(out + d, load(x + d, lanes) * scale * load(weight + d, lanes), lanes);
        rstd[row] = scale;
    }
}

// With y = x * rstd: dx += rstd * (weight * dout - y * mean(weight * dout * y)), dweight += dout * y.
static void rms_norm_backward(const float *dout, const float *x, const float *weight, const float *rstd, float *dx,
                              float *dweight, size_t rows, size_t dim) {
    memset(dweight, 0, dim * sizeof *dweight);
    for (size_t row = 0; row < rows; row++, dout += dim, x += dim, dx += dim) {
        float scale = rstd[row];
        vec products = 0;
        EACH_VECTOR(d, lanes, dim) {
            vec y = load(x + d, lanes) * scale, gradient = load(dout + d, lanes);
            store(dweight + d, gradient * y + load(dweight + d, lanes), lanes);
            products = gradient * load(weight + d, lanes) * y + products;
        }
        float mean = vec_sum(products) / (float)dim;
        EACH_VECTOR(d, lanes, dim) {
            vec y = load(x + d, lanes) * scale;
            vec direct = load(dout + d, lanes) * load(weight + d, lanes);
            store(dx + d, (direct - y * mean) * scale + load(dx + d, lanes), lanes);
        }
    }
}

// MARK: Element-wise

static void rotate(float *x, size_t heads, size_t head_dim, const float *cosine, const float *sine, float direction) {
    EACH_VECTOR(d, lanes, head_dim) {
        half_vec c = load_half(cosine + d / 2, lanes / 2), s = load_half(sine + d / 2, lanes / 2) * direction;
        for (size_t head = 0; head < heads; head++) {
            vec pairs = load(x + head * head_dim + d, lanes), rotated;
            rotated.even = pairs.even * c - pairs.odd * s;
            rotated.odd = pairs.even * s + pairs.odd * c;
            store(x + head * head_dim + d, rotated, lanes);
        }
    }
}

static INLINE vec vec_sigmoid(vec x) { return 1 / (1 + vec_exp(-x)); }

static void swiglu(const float *gate, const float *up, float *out, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        vec x = load(gate + i, lanes);
        store(out + i, x * vec_sigmoid(x) * load(up + i, lanes), lanes);
    }
}

// silu'(x) = s + x s (1 - s) with s = sigmoid(x).
static void swiglu_backward(const float *dout, const float *gate, const float *up, float *dgate, float *dup, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        vec x = load(gate + i, lanes), gradient = load(dout + i, lanes);
        vec s = vec_sigmoid(x), silu = x * s;
        store(dgate + i, gradient * load(up + i, lanes) * (silu * (1 - s) + s), lanes);
        store(dup + i, gradient * silu, lanes);
    }
}

static void add(float *to, const float *from, size_t n) {
    EACH_VECTOR(i, lanes, n) store(to + i, load(to + i, lanes) + load(from + i, lanes), lanes);
}

static void scale_by(float *x, float factor, size_t n) {
    EACH_VECTOR(i, lanes, n) store(x + i, load(x + i, lanes) * factor, lanes);
}

// MARK: Sums

static float dot(const float *a, const float *b, size_t n) {
    vec sum = 0;
    EACH_VECTOR(i, lanes, n) sum = load(a + i, lanes) * load(b + i, lanes) + sum;
    return vec_sum(sum);
}

static INLINE double double_sum(double_vec x) {
    double __attribute__((ext_vector_type(8))) eight = x.lo + x.hi;
    double __attribute__((ext_vector_type(4))) four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}

static double sum_of_squares(const float *x, size_t n) {
    double_vec sum = 0;
    EACH_VECTOR(i, lanes, n) {
        double_vec value = __builtin_convertvector(load(x + i, lanes), double_vec);
        sum = value * value + sum;
    }
    return double_sum(sum);
}

// MARK: Softmax

static INLINE float greatest_of(const float *x, size_t n) {
    vec greatest = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) greatest = vec_max(load(x + i, LANES), greatest);
    float value = vec_greatest(greatest);
    for (; i < n; i++) value = x[i] > value ? x[i] : value;
    return value;
}

// x[i] becomes exp(scale * (x[i] - greatest)); the sum of the results.
static INLINE float exponentials(float *x, float scale, float greatest, size_t n) {
    vec sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec e = vec_exp((load(x + i, LANES) - greatest) * scale);
        store(x + i, e, LANES);
        sum = sum + e;
    }
    float rest = 0;
    if (i < n) {
        vec e = vec_exp((load(x + i, n - i) - greatest) * scale);
        store(x + i, e, n - i);
        for (; i < n; i++) rest += x[i];
    }
    return vec_sum(sum) + rest;
}

static float exponentiate(float *x, float scale, size_t n, float *sum) {
    float greatest = greatest_of(x, n);
    *sum = exponentials(x, scale, greatest, n);
    return greatest;
}

static void softmax_backward(float *x, float *gradient, float scale, float lse, float delta, size_t n) {
    EACH_VECTOR(i, lanes, n) {
        vec probability = vec_exp(load(x + i, lanes) * scale - lse);
        store(x + i, probability, lanes);
        store(gradient + i, (load(gradient + i, lanes) - delta) * probability * scale, lanes);
    }
}

// MARK: Optimizer

static void adamw(const lk_adamw *step, float *weights, const float *gradients, float *m, float *v, size_t n) {
    // Everything that is the same for all weights, rounded to float32 once.
    const float gradient_scale = (float)step->gradient_scale;
    const float keep1 = (float)step->beta1, take1 = (float)(1 - step->beta1);
    const float keep2 = (float)step->beta2, take2 = (float)(1 - step->beta2);
    const float shrink = (float)(1 - step->learning_rate * step->weight_decay);
    const float rate = (float)(step->learning_rate / step->correction1);
    const float root_scale = (float)(1 / sqrt(step->correction2));
    const float epsilon = (float)step->epsilon;
    EACH_VECTOR(i, lanes, n) {
        vec gradient = load(gradients + i, lanes) * gradient_scale;
        vec first = load(m + i, lanes) * keep1 + gradient * take1;
        vec second = load(v + i, lanes) * keep2 + gradient * gradient * take2;
        store(m + i, first, lanes);
        store(v + i, second, lanes);
        vec root = __builtin_elementwise_sqrt(second) * root_scale + epsilon;
        store(weights + i, load(weights + i, lanes) * shrink - first / root * rate, lanes);
    }
}

#define TRAINING_KERNELS                          \
    {.rms_norm = rms_norm,                        \
     .rms_norm_backward = rms_norm_backward,      \
     .rotate = rotate,                            \
     .swiglu = swiglu,                            \
     .swiglu_backward = swiglu_backward,          \
     .add = add,                                  \
     .scale = scale_by,                           \
     .dot = dot,                                  \
     .sum_of_squares = sum_of_squares,            \
     .exponentiate = exponentiate,                \
     .softmax_backward = softmax_backward,        \
     .adamw = adamw}

#pragma clang diagnostic pop
