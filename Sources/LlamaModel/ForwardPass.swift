import LlamaKernels

/// What the layers of one forward pass share: the rows, their activations, and what computes them.
struct ForwardPass {
    let kernels: KernelContext
    let batch: RowBatch
    let attention: AttentionShape
    let activations: Activations
}
