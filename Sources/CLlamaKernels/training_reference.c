// The contract: every kernel of training in its plainest form, whose bits the other instruction sets reproduce.
//
// Sums have sixteen lanes, as in kernels_reference.c; those that take two vectors at a time have thirty-two, of which
// the second sixteen are added to the first before the tree.
#include "simd_none.h"

#include "scalar_sums.h"
#include "training.h"

// MARK: Sums

static float dot(const float *a, const float *b, size_t n) {
    lanes even = {{0}}, odd = {{0}};
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        add_products(&even, a + i, b + i, LANES);
        add_products(&odd, a + i + LANES, b + i + LANES, LANES);
    }
    add_products(&even, a + i, b + i, n - i);
    for (int lane = 0; lane < LANES; lane++) even.lane[lane] += odd.lane[lane];
    return sum_of_lanes(&even);
}

static double sum_of_squares(const float *x, size_t n) {
    double even[LANES] = {0}, odd[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        double value = (double)x[i];
        // The last group of thirty-two belongs to the even sums where it is not whole.
        double *sums = i / LANES % 2 == 1 && n - i / LANES * LANES >= LANES ? odd : even;
        sums[i % LANES] = fma(value, value, sums[i % LANES]);
    }
    // The halves of the sixteen, then of the eight, ...
    for (int lane = 0; lane < LANES; lane++) even[lane] += odd[lane];
    for (int count = LANES / 2; count > 0; count /= 2) {
        for (int lane = 0; lane < count; lane++) even[lane] += even[lane + count];
    }
    return even[0];
}

// MARK: Normalization

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, float *rstd, size_t rows,
                     size_t dim) {
    for (size_t row = 0; row < rows; row++, x += dim, out += dim) {
        rstd[row] = 1 / sqrtf(dot(x, x, dim) / (float)dim + epsilon);
        for (size_t d = 0; d < dim; d++) out[d] = x[d] * rstd[row] * weight[d];
    }
}

// With y = x * rstd: dx += rstd * (weight * dout - y * mean(weight * dout * y)), dweight += dout * y.
static void rms_norm_backward(const float *dout, const float *x, const float *weight, const float *rstd, float *dx,
                              float *dweight, size_t rows, size_t dim) {
    for (size_t d = 0; d < dim; d++) dweight[d] = 0;
    for (size_t row = 0; row < rows; row++, dout += dim, x += dim, dx += dim) {
        lanes products = {{0}};
        for (size_t d = 0; d < dim; d++) {
            float y = x[d] * rstd[row];
            dweight[d] = fmaf(dout[d], y, dweight[d]);
            products.lane[d % LANES] = fmaf(dout[d] * weight[d], y, products.lane[d % LANES]);
        }
        float mean = sum_of_lanes(&products) / (float)dim;
        for (size_t d = 0; d < dim; d++) {
            float y = x[d] * rstd[row], direct = dout[d] * weight[d];
            dx[d] = fmaf(fmaf(-y, mean, direct), rstd[row], dx[d]);
        }
    }
}

// MARK: Element-wise

static void rotate(float *x, size_t heads, size_t head_dim, const float *cosine, const float *sine, float direction) {
    for (size_t head = 0; head < heads; head++) {
        for (size_t pair = 0; pair < head_dim / 2; pair++) {
            float *a = &x[head * head_dim + 2 * pair], *b = a + 1;
            float c = cosine[pair], s = sine[pair] * direction, before = *a;
            *a = fmaf(before, c, -(*b * s));
            *b = fmaf(*b, c, before * s);
        }
    }
}

static void swiglu(const float *gate, const float *up, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = scalar_silu(gate[i]) * up[i];
}

// silu'(x) = s + x s (1 - s) with s = sigmoid(x).
static void swiglu_backward(const float *dout, const float *gate, const float *up, float *dgate, float *dup, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float x = gate[i], s = scalar_sigmoid(x), silu = x * s;
        float gradient = dout[i], slope = fmaf(silu, 1 - s, s);
        dgate[i] = gradient * up[i] * slope;
        dup[i] = gradient * silu;
    }
}

static void add(float *to, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void scale_by(float *x, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

// MARK: Softmax

static float exponentiate(float *x, float scale, size_t n, float *sum) {
    float greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = x[i] > greatest ? x[i] : greatest;
    lanes sums = {{0}};
    for (size_t i = 0; i < n; i++) {
        x[i] = scalar_exp((x[i] - greatest) * scale);
        sums.lane[i % LANES] += x[i];
    }
    *sum = sum_of_lanes(&sums);
    return greatest;
}

static void softmax_backward(float *x, float *gradient, float scale, float lse, float delta, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = scalar_exp(x[i] * scale - lse);
        gradient[i] = (gradient[i] - delta) * x[i] * scale;
    }
}

// MARK: Optimizer

static void adamw(const lk_adamw *step, float *weights, const float *gradients, float *m, float *v, size_t n) {
    // What is the same for all weights, rounded to float32 once.
    float gradient_scale = (float)step->gradient_scale;
    float keep1 = (float)step->beta1, add1 = (float)(1 - step->beta1);
    float keep2 = (float)step->beta2, add2 = (float)(1 - step->beta2);
    float shrink = (float)(1 - step->learning_rate * step->weight_decay);
    float rate = (float)(step->learning_rate / step->correction1);
    float root_scale = (float)(1 / sqrt(step->correction2));
    float epsilon = (float)step->epsilon;
    for (size_t i = 0; i < n; i++) {
        float gradient = gradients[i] * gradient_scale;
        m[i] = fmaf(m[i], keep1, gradient * add1);
        v[i] = fmaf(v[i], keep2, gradient * gradient * add2);
        float root = fmaf(sqrtf(v[i]), root_scale, epsilon);
        weights[i] = fmaf(-(m[i] / root), rate, weights[i] * shrink);
    }
}

const lk_training_kernels lk_training_reference = {
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .rotate = rotate,
    .swiglu = swiglu,
    .swiglu_backward = swiglu_backward,
    .add = add,
    .scale = scale_by,
    .dot = dot,
    .sum_of_squares = sum_of_squares,
    .exponentiate = exponentiate,
    .softmax_backward = softmax_backward,
    .adamw = adamw,
};
