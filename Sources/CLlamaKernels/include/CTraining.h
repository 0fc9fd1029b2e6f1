// The hot loops of training, in C: what the inference kernels lack for a backward pass, and the optimizer.
//
// Everything is float32, row-major, one row per token: row r is sequence r / length at position r % length. Results
// do not depend on the number of threads: the sizes alone decide how sums are split, and partial sums are added in one
// fixed order. No function allocates; where one needs scratch memory, the caller passes it.
#ifndef CTRAINING_H
#define CTRAINING_H

#include "CLlamaKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Matrix products

// cblas_sgemm, single-threaded and callable from several threads at once: the team splits the product.
typedef void (*lk_sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                         int lda, const float *b, int ldb, float beta, float *c, int ldc);

// c[m, n] = op(a) op(b), or c += op(a) op(b) where `accumulate`. op(a) is [m, k]: a itself, or the transpose
// of a [k, m]; op(b) is [k, n]: b itself, or the transpose of b [n, k]. Strides are in floats from row to row.
typedef struct {
    bool transpose_a, transpose_b, accumulate;
    size_t m, n, k;
    const float *a;
    size_t lda;
    const float *b;
    size_t ldb;
    float *c;
    size_t ldc;
} lk_gemm_op;

// Runs products that do not depend on each other in one parallel region.
void lk_gemm(lk_context *context, lk_sgemm sgemm, const lk_gemm_op *ops, size_t count);

// MARK: Normalization

// out[r, d] = x[r, d] * rstd[r] * weight[d], where rstd[r] = 1 / sqrt(mean_d(x[r, :]^2) + epsilon) is kept for
// the backward pass. x and out are [rows, dim].
void lk_rms_norm_forward(lk_context *context, const float *x, const float *weight, float epsilon, float *out,
                         float *rstd, size_t rows, size_t dim);

// Floats of scratch for lk_rms_norm_backward.
size_t lk_norm_scratch(size_t dim);
// Adds to dx [rows, dim] and to dweight [dim].
void lk_rms_norm_backward(lk_context *context, const float *dout, const float *x, const float *weight,
                          const float *rstd, float *dx, float *dweight, float *scratch, size_t rows, size_t dim);

// MARK: Rotary embedding

// Rotates the neighboring pairs (2i, 2i + 1) of every head of x [rows, heads * head_dim] in place, by the angle
// of position r % length; `backward` rotates back. rope_cos and rope_sin are [length, head_dim / 2].
void lk_rope_rows(lk_context *context, float *x, size_t rows, size_t length, size_t heads, size_t head_dim,
                  const float *rope_cos, const float *rope_sin, bool backward);

// MARK: SwiGLU

// out = silu(gate) * up; gate and up are kept for the backward pass.
void lk_swiglu_forward(lk_context *context, const float *gate, const float *up, float *out, size_t count);
// dgate and dup from dout; either may be dout.
void lk_swiglu_backward(lk_context *context, const float *dout, const float *gate, const float *up, float *dgate,
                        float *dup, size_t count);

// MARK: Attention

// Causal grouped-query attention over `batch` whole sequences of `length`.
typedef struct {
    size_t batch, length;
    size_t n_heads, n_kv_heads, head_dim;  // n_heads is a multiple of n_kv_heads
    float scale;                           // 1 / sqrt(head_dim)
} lk_causal_shape;

// Floats of scratch for lk_causal_forward and lk_causal_backward, for all threads of the context.
size_t lk_causal_scratch(lk_context *context, const lk_causal_shape *shape);

// out[r, head] = sum_p softmax_p(scale * q[r, head] . k[p, head / repeats]) v[p, head / repeats] over the
// positions p of the row's sequence up to its own. q and out are [rows, n_heads * head_dim], k and v
// [rows, n_kv_heads * head_dim]. lse [batch, n_heads, length] keeps log(sum_p exp(scale * q . k)) for the
// backward pass.
void lk_causal_forward(lk_context *context, lk_sgemm sgemm, const lk_causal_shape *shape, const float *q,
                       const float *k, const float *v, float *out, float *lse, float *scratch);
// Writes dq, dk and dv (does not add to them).
void lk_causal_backward(lk_context *context, lk_sgemm sgemm, const lk_causal_shape *shape, const float *dout,
                        const float *q, const float *k, const float *v, const float *out, const float *lse,
                        float *dq, float *dk, float *dv, float *scratch);

// MARK: Loss

// losses[r] = -log(softmax(logits[r, :])[targets[r]]), and logits [rows, classes] become the gradient of
// scale * sum(losses). A target below 0 is not counted: its loss and its gradient are 0.
void lk_cross_entropy(lk_context *context, float *logits, const int32_t *targets, float scale, float *losses,
                      size_t rows, size_t classes);
// The losses alone.
void lk_cross_entropy_loss(lk_context *context, const float *logits, const int32_t *targets, float *losses,
                           size_t rows, size_t classes);

// MARK: Embedding

// out[r, :] = weight[ids[r], :]; ids are in range. out is [rows, dim].
void lk_embedding_rows(lk_context *context, const float *weight, const int32_t *ids, float *out, size_t rows,
                       size_t dim);
// dweight[ids[r], :] += dx[r, :] in ascending order of r.
void lk_embedding_backward(lk_context *context, const float *dx, const int32_t *ids, float *dweight, size_t rows,
                           size_t dim);

// MARK: Optimizer

// sum(x^2), accumulated in double.
double lk_sum_of_squares(lk_context *context, const float *x, size_t count);

// One step of AdamW (Loshchilov and Hutter 2019). In double, because 1 - beta2 in float32 is off by 1e-5.
typedef struct {
    double learning_rate;
    double beta1, beta2;
    double epsilon;
    double weight_decay;              // decoupled: weights shrink by learning_rate * weight_decay
    double correction1, correction2;  // 1 - beta1^t and 1 - beta2^t at step t = 1, 2, ...
    double gradient_scale;            // gradients are multiplied by it first
} lk_adamw;

// Updates weights and the moments m and v.
void lk_adamw_step(lk_context *context, const lk_adamw *step, float *weights, const float *gradients, float *m,
                   float *v, size_t count);

#ifdef __cplusplus
}
#endif
#endif
