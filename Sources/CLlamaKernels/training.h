// What an instruction set provides for training: inner loops, each run by one thread on its share of the rows.
#ifndef CLLAMAKERNELS_TRAINING_H
#define CLLAMAKERNELS_TRAINING_H

#include "CTraining.h"
#include "kernels.h"

struct lk_training_kernels {
    void (*rms_norm)(const float *x, const float *weight, float epsilon, float *out, float *rstd, size_t rows,
                     size_t dim);
    // dweight is overwritten with the rows' sum.
    void (*rms_norm_backward)(const float *dout, const float *x, const float *weight, const float *rstd, float *dx,
                              float *dweight, size_t rows, size_t dim);
    // One row; `direction` is 1, or -1 to rotate back.
    void (*rotate)(float *x, size_t heads, size_t head_dim, const float *cosine, const float *sine, float direction);
    void (*swiglu)(const float *gate, const float *up, float *out, size_t n);
    void (*swiglu_backward)(const float *dout, const float *gate, const float *up, float *dgate, float *dup, size_t n);
    // to[i] += from[i]
    void (*add)(float *to, const float *from, size_t n);
    // x[i] *= factor
    void (*scale)(float *x, float factor, size_t n);
    float (*dot)(const float *a, const float *b, size_t n);
    double (*sum_of_squares)(const float *x, size_t n);
    // x[i] becomes exp(scale * (x[i] - greatest)) and *sum their sum; returns the greatest x[i].
    float (*exponentiate)(float *x, float scale, size_t n, float *sum);
    // The backward pass of a softmax over scale * x: x[i] becomes p = exp(scale * x[i] - lse), and gradient[i]
    // becomes scale * p * (gradient[i] - delta).
    void (*softmax_backward)(float *x, float *gradient, float scale, float lse, float delta, size_t n);
    void (*adamw)(const lk_adamw *step, float *weights, const float *gradients, float *m, float *v, size_t n);
};

extern const lk_training_kernels lk_training_reference;
#if defined(__x86_64__)
extern const lk_training_kernels lk_training_avx2;
extern const lk_training_kernels lk_training_avx512;
#endif

static inline const lk_training_kernels *lk_training(const lk_context *context) { return context->kernels->training; }

// What an element of an element-wise loop costs in the multiply-adds that `lk_run` counts: it moves memory.
enum { LK_ELEMENT_COST = 4 };

// A product on the calling thread; strides and sizes as in lk_gemm_op.
static inline void lk_gemm_here(lk_sgemm sgemm, const lk_gemm_op *op) {
    enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };
    sgemm(ROW_MAJOR, op->transpose_a ? TRANSPOSED : PLAIN, op->transpose_b ? TRANSPOSED : PLAIN, (int)op->m,
          (int)op->n, (int)op->k, 1, op->a, (int)op->lda, op->b, (int)op->ldb, op->accumulate ? 1 : 0, op->c,
          (int)op->ldc);
}

#endif
