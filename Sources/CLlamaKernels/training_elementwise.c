// Rotation and SwiGLU of training, one head or one element at a time.
#include "training.h"

enum {
    ROPE_ROWS = 64,
    // Elements of a chunk: three or four such runs stay in a second-level cache.
    ELEMENTS = 16 * 1024,
};

typedef struct {
    const lk_training_kernels *kernels;
    float *x;
    size_t rows, length, heads, head_dim;
    const float *cosine, *sine;
    float direction;
} rope_job;

static void rope_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const rope_job *job = argument;
    size_t end = lk_min((chunk + 1) * (size_t)ROPE_ROWS, job->rows);
    for (size_t row = chunk * (size_t)ROPE_ROWS; row < end; row++) {
        size_t angles = row % job->length * (job->head_dim / 2);
        job->kernels->rotate(job->x + row * job->heads * job->head_dim, job->heads, job->head_dim,
                             job->cosine + angles, job->sine + angles, job->direction);
    }
}

void lk_rope_rows(lk_context *context, float *x, size_t rows, size_t length, size_t heads, size_t head_dim,
                  const float *rope_cos, const float *rope_sin, bool backward) {
    rope_job job = {.kernels = lk_training(context),
                    .x = x,
                    .rows = rows,
                    .length = length,
                    .heads = heads,
                    .head_dim = head_dim,
                    .cosine = rope_cos,
                    .sine = rope_sin,
                    .direction = backward ? -1 : 1};
    lk_run(context, rope_chunk, &job, lk_divide_up(rows, ROPE_ROWS), LK_ELEMENT_COST * rows * heads * head_dim);
}

typedef struct {
    const lk_training_kernels *kernels;
    const float *dout, *gate, *up;
    float *out, *dgate, *dup;
    size_t count;
} swiglu_job;

static void swiglu_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const swiglu_job *job = argument;
    size_t begin = chunk * (size_t)ELEMENTS, count = lk_min(ELEMENTS, job->count - begin);
    job->kernels->swiglu(job->gate + begin, job->up + begin, job->out + begin, count);
}

void lk_swiglu_forward(lk_context *context, const float *gate, const float *up, float *out, size_t count) {
    swiglu_job job = {.kernels = lk_training(context), .gate = gate, .up = up, .out = out, .count = count};
    lk_run(context, swiglu_chunk, &job, lk_divide_up(count, ELEMENTS), LK_ELEMENT_COST * count);
}

static void swiglu_backward_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const swiglu_job *job = argument;
    size_t begin = chunk * (size_t)ELEMENTS, count = lk_min(ELEMENTS, job->count - begin);
    job->kernels->swiglu_backward(job->dout + begin, job->gate + begin, job->up + begin, job->dgate + begin,
                                  job->dup + begin, count);
}

void lk_swiglu_backward(lk_context *context, const float *dout, const float *gate, const float *up, float *dgate,
                        float *dup, size_t count) {
    swiglu_job job = {.kernels = lk_training(context),
                      .dout = dout,
                      .gate = gate,
                      .up = up,
                      .dgate = dgate,
                      .dup = dup,
                      .count = count};
    lk_run(context, swiglu_backward_chunk, &job, lk_divide_up(count, ELEMENTS), 2 * LK_ELEMENT_COST * count);
}
