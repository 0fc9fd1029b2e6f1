// The optimizer, and the norm that gradient clipping needs.
#include "training.h"

enum {
    OPTIMIZER_ELEMENTS = 16 * 1024,
    // Partial sums of squares: a fixed number, so that they fit the stack.
    SQUARE_PARTS = 64,
};

typedef struct {
    const lk_training_kernels *kernels;
    const float *x;
    size_t count, chunk;
    double parts[SQUARE_PARTS];
} squares_job;

static void squares_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    squares_job *job = argument;
    size_t begin = chunk * job->chunk;
    job->parts[chunk] = job->kernels->sum_of_squares(job->x + begin, lk_min(job->chunk, job->count - begin));
}

double lk_sum_of_squares(lk_context *context, const float *x, size_t count) {
    if (count == 0) return 0;
    squares_job job = {
        .kernels = lk_training(context), .x = x, .count = count, .chunk = lk_divide_up(count, SQUARE_PARTS)};
    size_t chunks = lk_divide_up(count, job.chunk);
    lk_run(context, squares_chunk, &job, chunks, LK_ELEMENT_COST * count);
    double sum = 0;
    for (size_t i = 0; i < chunks; i++) sum += job.parts[i];
    return sum;
}

typedef struct {
    const lk_training_kernels *kernels;
    const lk_adamw *step;
    float *weights;
    const float *gradients;
    float *m, *v;
    size_t count;
} adamw_job;

static void adamw_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const adamw_job *job = argument;
    size_t begin = chunk * (size_t)OPTIMIZER_ELEMENTS;
    job->kernels->adamw(job->step, job->weights + begin, job->gradients + begin, job->m + begin, job->v + begin,
                        lk_min(OPTIMIZER_ELEMENTS, job->count - begin));
}

void lk_adamw_step(lk_context *context, const lk_adamw *step, float *weights, const float *gradients, float *m,
                   float *v, size_t count) {
    adamw_job job = {.kernels = lk_training(context),
                     .step = step,
                     .weights = weights,
                     .gradients = gradients,
                     .m = m,
                     .v = v,
                     .count = count};
    lk_run(context, adamw_chunk, &job, lk_divide_up(count, OPTIMIZER_ELEMENTS), 2 * LK_ELEMENT_COST * count);
}
