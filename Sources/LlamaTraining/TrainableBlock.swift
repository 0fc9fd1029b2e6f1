import LlamaCheckpoints
import LlamaKernels

/// One Transformer block, forward over whole sequences and backward. The same arithmetic as `TransformerBlock`.
struct TrainableBlock {
    let layer: Int
    let parameters: ParameterSet
    let attention: CausalAttention
    let rotations: (cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>)
    let kernels: KernelContext
    let blas: OpenBLAS

    private var configuration: ModelConfiguration { parameters.configuration }
    private var queryDim: Int { configuration.nHeads * configuration.headDim }
    private var keyDim: Int { configuration.nKVHeads * configuration.headDim }

    /// From `kept.x` to `out`, both `[rows, dim]`.
    func forward(
        _ kept: BlockActivations, out: UnsafeMutablePointer<Float>, in state: TrainingActivations, length: Int
    ) {
        let (rows, dim, hidden) = (state.rows, configuration.dim, configuration.hiddenDim)
        norm(.attentionNorm, kept.x, out: kept.attentionNormed, rstd: kept.attentionRstd, rows: rows)
        kernels.multiply(
            [
                product(kept.attentionNormed, .wq, kept.q, rows, dim, queryDim),
                product(kept.attentionNormed, .wk, kept.k, rows, dim, keyDim),
                product(kept.attentionNormed, .wv, kept.v, rows, dim, keyDim),
            ], with: blas)
        rotate(kept.q, kept.k, rows: rows, length: length, backward: false)
        attention.forward(
            q: kept.q, k: kept.k, v: kept.v, out: kept.heads, lse: kept.lse, scratch: state.scratch,
            on: kernels, with: blas)
        kept.middle.update(from: kept.x, count: rows * dim)
        kernels.multiply(
            [product(kept.heads, .wo, kept.middle, rows, queryDim, dim, accumulate: true)], with: blas)
        norm(.ffnNorm, kept.middle, out: kept.ffnNormed, rstd: kept.ffnRstd, rows: rows)
        kernels.multiply(
            [
                product(kept.ffnNormed, .w1, kept.gate, rows, dim, hidden),
                product(kept.ffnNormed, .w3, kept.up, rows, dim, hidden),
            ], with: blas)
        kernels.swiGLUForward(gate: kept.gate, up: kept.up, out: kept.hidden, count: rows * hidden)
        out.update(from: kept.middle, count: rows * dim)
        kernels.multiply([product(kept.hidden, .w2, out, rows, hidden, dim, accumulate: true)], with: blas)
    }

    /// Turns `state.dx` from the gradient of the block's output into that of its input, and adds to the gradients
    /// of its weights.
    func backward(_ kept: BlockActivations, in state: TrainingActivations, length: Int) {
        feedForwardBackward(kept, state)
        attentionBackward(kept, state, length: length)
    }

    private func feedForwardBackward(_ kept: BlockActivations, _ state: TrainingActivations) {
        let (rows, dim, hidden) = (state.rows, configuration.dim, configuration.hiddenDim)
        kernels.multiply(
            [
                inputGradient(state.dx, .w2, state.dgate, rows, hidden, dim),
                weightGradient(state.dx, kept.hidden, .w2, rows, hidden, dim),
            ], with: blas)
        kernels.swiGLUBackward(
            dout: state.dgate, gate: kept.gate, up: kept.up, dgate: state.dgate, dup: state.dup,
            count: rows * hidden)
        kernels.multiply(
            [
                inputGradient(state.dgate, .w1, state.dnormed, rows, dim, hidden),
                weightGradient(state.dgate, kept.ffnNormed, .w1, rows, dim, hidden),
                weightGradient(state.dup, kept.ffnNormed, .w3, rows, dim, hidden),
            ], with: blas)
        kernels.multiply(
            [inputGradient(state.dup, .w3, state.dnormed, rows, dim, hidden, accumulate: true)], with: blas)
        normBackward(.ffnNorm, x: kept.middle, rstd: kept.ffnRstd, state)
    }

    private func attentionBackward(_ kept: BlockActivations, _ state: TrainingActivations, length: Int) {
        let (rows, dim) = (state.rows, configuration.dim)
        kernels.multiply(
            [
                inputGradient(state.dx, .wo, state.dheads, rows, queryDim, dim),
                weightGradient(state.dx, kept.heads, .wo, rows, queryDim, dim),
            ], with: blas)
        attention.backward(
            dout: state.dheads, q: kept.q, k: kept.k, v: kept.v, out: kept.heads, lse: kept.lse, dq: state.dq,
            dk: state.dk, dv: state.dv, scratch: state.scratch, on: kernels, with: blas)
        rotate(state.dq, state.dk, rows: rows, length: length, backward: true)
        kernels.multiply(
            [
                inputGradient(state.dq, .wq, state.dnormed, rows, dim, queryDim),
                weightGradient(state.dq, kept.attentionNormed, .wq, rows, dim, queryDim),
                weightGradient(state.dk, kept.attentionNormed, .wk, rows, dim, keyDim),
                weightGradient(state.dv, kept.attentionNormed, .wv, rows, dim, keyDim),
            ], with: blas)
        kernels.multiply(
            [inputGradient(state.dk, .wk, state.dnormed, rows, dim, keyDim, accumulate: true)], with: blas)
        kernels.multiply(
            [inputGradient(state.dv, .wv, state.dnormed, rows, dim, keyDim, accumulate: true)], with: blas)
        normBackward(.attentionNorm, x: kept.x, rstd: kept.attentionRstd, state)
    }
}

// The operations on this block's own weights.
extension TrainableBlock {
    private func product(
        _ x: UnsafePointer<Float>, _ role: TensorRole.LayerRole, _ out: UnsafeMutablePointer<Float>,
        _ rows: Int,
        _ inputs: Int, _ outputs: Int, accumulate: Bool = false
    ) -> MatrixProduct {
        .forward(
            x: x, weight: parameters.weight(.layer(layer, role)), out: out, rows: rows, inputs: inputs,
            outputs: outputs, accumulate: accumulate)
    }

    private func inputGradient(
        _ dout: UnsafePointer<Float>, _ role: TensorRole.LayerRole, _ dx: UnsafeMutablePointer<Float>,
        _ rows: Int,
        _ inputs: Int, _ outputs: Int, accumulate: Bool = false
    ) -> MatrixProduct {
        .inputGradient(
            dout: dout, weight: parameters.weight(.layer(layer, role)), dx: dx, rows: rows, inputs: inputs,
            outputs: outputs, accumulate: accumulate)
    }

    private func weightGradient(
        _ dout: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ role: TensorRole.LayerRole, _ rows: Int,
        _ inputs: Int, _ outputs: Int
    ) -> MatrixProduct {
        .weightGradient(
            dout: dout, x: x, dweight: parameters.gradient(.layer(layer, role)), rows: rows, inputs: inputs,
            outputs: outputs)
    }

    private func norm(
        _ role: TensorRole.LayerRole, _ x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
        rstd: UnsafeMutablePointer<Float>, rows: Int
    ) {
        kernels.rmsNormForward(
            x, weight: parameters.weight(.layer(layer, role)), epsilon: configuration.normEpsilon, out: out,
            rstd: rstd,
            rows: rows, dim: configuration.dim)
    }

    /// Adds what flows back through a norm to the residual stream's gradient.
    private func normBackward(
        _ role: TensorRole.LayerRole, x: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
        _ state: TrainingActivations
    ) {
        kernels.rmsNormBackward(
            dout: state.dnormed, x: x, weight: parameters.weight(.layer(layer, role)), rstd: rstd,
            dx: state.dx,
            dweight: parameters.gradient(.layer(layer, role)), scratch: state.scratch, rows: state.rows,
            dim: configuration.dim)
    }

    private func rotate(
        _ q: UnsafeMutablePointer<Float>, _ k: UnsafeMutablePointer<Float>, rows: Int, length: Int,
        backward: Bool
    ) {
        let headDim = configuration.headDim
        for (x, heads) in [(q, configuration.nHeads), (k, configuration.nKVHeads)] {
            kernels.ropeRows(
                x, rows: rows, length: length, heads: heads, headDim: headDim, cosines: rotations.cosines,
                sines: rotations.sines, backward: backward)
        }
    }
}
