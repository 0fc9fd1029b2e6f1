import LlamaCheckpoints

extension TestTensor {
    /// The tensor with the rows of each head in Hugging Face's order, by its definition:
    /// `view(heads, headDim/2, 2, …).transpose(1, 2)`.
    func inHalves(headDim: Int) -> TestTensor {
        let width = bytes.count / shape[0]
        var result = self
        result.bytes = []
        for head in stride(from: 0, to: shape[0], by: headDim) {
            for second in 0..<2 {
                for pair in 0..<headDim / 2 {
                    let row = head + pair * 2 + second
                    result.bytes += bytes[row * width..<(row + 1) * width]
                }
            }
        }
        return result
    }
}

extension TinyModel {
    /// The same numbers as Meta's ``tensors(_:)``, under Hugging Face's names and in its row order.
    var converted: [TestTensor] {
        zip(tensors(.meta), TensorRole.all(of: configuration)).map { tensor, role in
            var result = role.isRotated ? tensor.inHalves(headDim: headDim) : tensor
            result.name = TensorNaming.huggingFace.name(of: role)
            return result
        }
    }
}
