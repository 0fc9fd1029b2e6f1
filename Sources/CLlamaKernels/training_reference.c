// The contract: every kernel of training in its plainest form, written from the formulas and not from the vector
// loops. Sums are kept in double, in which a product of two floats is exact.
#include "simd_none.h"

#include <math.h>

#include "training.h"

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, float *rstd, size_t rows,
                     size_t dim) {
    for (size_t row = 0; row < rows; row++) {
        double squares = 0;
        for (size_t d = 0; d < dim; d++) squares += (double)x[row * dim + d] * (double)x[row * dim + d];
        rstd[row] = (float)(1 / sqrt(squares / (double)dim + (double)epsilon));
        for (size_t d = 0; d < dim; d++) out[row * dim + d] = x[row * dim + d] * rstd[row] * weight[d];
    }
}

static void rms_norm_backward(const float *dout, const float *x, const float *weight, const float *rstd, float *dx,
                              float *dweight, size_t rows, size_t dim) {
    for (size_t d = 0; d < dim; d++) {
        double sum = 0;
        for (size_t row = 0; row < rows; row++) {
            sum += (double)dout[row * dim + d] * (double)x[row * dim + d] * (double)rstd[row];
        }
        dweight[d] = (float)sum;
    }
    // out[i] = x[i] r weight[i] with r = rstd, whose own slope by x[d] is -r^3 x[d] / dim.
    for (size_t row = 0; row < rows; row++) {
        double r = (double)rstd[row], sum = 0;
        for (size_t i = 0; i < dim; i++) {
            sum += (double)dout[row * dim + i] * (double)weight[i] * (double)x[row * dim + i];
        }
        for (size_t d = 0; d < dim; d++) {
            double direct = (double)dout[row * dim + d] * (double)weight[d] * r;
            dx[row * dim + d] += (float)(direct - r * r * r * (double)x[row * dim + d] * sum / (double)dim);
        }
    }
}

static void rotate(float *x, size_t heads, size_t head_dim, const float *cosine, const float *sine, float direction) {
    for (size_t head = 0; head < heads; head++) {
        for (size_t pair = 0; pair < head_dim / 2; pair++) {
            float *a = &x[head * head_dim + 2 * pair], *b = a + 1;
            float c = cosine[pair], s = direction * sine[pair], before = *a;
            *a = before * c - *b * s;
            *b = before * s + *b * c;
        }
    }
}

static void swiglu(const float *gate, const float *up, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (float)((double)gate[i] * sigmoid((double)gate[i]) * (double)up[i]);
}

static void swiglu_backward(const float *dout, const float *gate, const float *up, float *dgate, float *dup, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double x = (double)gate[i], s = sigmoid(x), gradient = (double)dout[i];
        dgate[i] = (float)(gradient * (double)up[i] * s * (1 + x * (1 - s)));
        dup[i] = (float)(gradient * x * s);
    }
}

static void add(float *to, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void scale_by(float *x, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

static float dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

static double sum_of_squares(const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static float exponentiate(float *x, float scale, size_t n, float *sum) {
    float greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = fmaxf(greatest, x[i]);
    double exact = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)exp((double)scale * ((double)x[i] - (double)greatest));
        exact += (double)x[i];
    }
    *sum = (float)exact;
    return greatest;
}

static void softmax_backward(float *x, float *gradient, float scale, float lse, float delta, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double probability = exp((double)scale * (double)x[i] - (double)lse);
        gradient[i] = (float)((double)scale * probability * ((double)gradient[i] - (double)delta));
        x[i] = (float)probability;
    }
}

static void adamw(const lk_adamw *step, float *weights, const float *gradients, float *m, float *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double gradient = (double)gradients[i] * step->gradient_scale;
        double first = step->beta1 * (double)m[i] + (1 - step->beta1) * gradient;
        double second = step->beta2 * (double)v[i] + (1 - step->beta2) * gradient * gradient;
        double direction = first / step->correction1 / (sqrt(second / step->correction2) + step->epsilon);
        m[i] = (float)first;
        v[i] = (float)second;
        double weight = (double)weights[i];
        weights[i] = (float)(weight - step->learning_rate * (direction + step->weight_decay * weight));
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
