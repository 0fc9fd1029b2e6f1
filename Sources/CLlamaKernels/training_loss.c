// Cross-entropy over rows of logits.
#include <math.h>
#include <string.h>

#include "training.h"

enum { LOSS_ROWS = 32 };

typedef struct {
    const lk_context *context;
    const float *logits;
    float *gradients;  // the logits again, or NULL where only the losses are wanted
    const int32_t *targets;
    float scale;
    float *losses;
    size_t rows, classes;
} loss_job;

static float loss_with_gradient(const loss_job *job, float *logits, int32_t target) {
    const lk_training_kernels *kernels = lk_training(job->context);
    if (target < 0) {
        memset(logits, 0, job->classes * sizeof *logits);
        return 0;
    }
    float chosen = logits[target], sum;
    float greatest = kernels->exponentiate(logits, 1, job->classes, &sum);
    kernels->scale(logits, job->scale / sum, job->classes);
    logits[target] -= job->scale;
    // The difference of the logits comes first: it is exact where both are large.
    return logf(sum) + (greatest - chosen);
}

static float loss_of(const loss_job *job, const float *logits, int32_t target) {
    if (target < 0) return 0;
    return (float)(job->context->kernels->log_sum_exp(logits, job->classes) - (double)logits[target]);
}

static void loss_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const loss_job *job = argument;
    size_t end = lk_min((chunk + 1) * (size_t)LOSS_ROWS, job->rows);
    for (size_t row = chunk * (size_t)LOSS_ROWS; row < end; row++) {
        size_t offset = row * job->classes;
        int32_t target = job->targets[row];
        job->losses[row] = job->gradients != NULL ? loss_with_gradient(job, job->gradients + offset, target)
                                                  : loss_of(job, job->logits + offset, target);
    }
}

static void run_losses(lk_context *context, loss_job *job) {
    lk_run(context, loss_chunk, job, lk_divide_up(job->rows, LOSS_ROWS),
           2 * LK_ELEMENT_COST * job->rows * job->classes);
}

void lk_cross_entropy(lk_context *context, float *logits, const int32_t *targets, float scale, float *losses,
                      size_t rows, size_t classes) {
    loss_job job = {.context = context,
                    .gradients = logits,
                    .targets = targets,
                    .scale = scale,
                    .losses = losses,
                    .rows = rows,
                    .classes = classes};
    run_losses(context, &job);
}

void lk_cross_entropy_loss(lk_context *context, const float *logits, const int32_t *targets, float *losses,
                           size_t rows, size_t classes) {
    loss_job job = {
        .context = context, .logits = logits, .targets = targets, .losses = losses, .rows = rows, .classes = classes};
    run_losses(context, &job);
}
