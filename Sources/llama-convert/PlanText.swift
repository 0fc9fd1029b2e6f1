import LlamaCommands
import LlamaConversion

/// What a conversion would write, as text for a person.
struct PlanText {
    private let plan: ConversionPlan
    private let threads: Int

    init(_ plan: ConversionPlan, threads: Int) {
        (self.plan, self.threads) = (plan, threads)
    }

    func print() throws(Failure) {
        let rows = plan.files.map { file in
            let tensors = file.tensorCount > 0 ? ", \(file.tensorCount) tensors" : ""
            return [file.name, Quantity.bytes(file.byteCount) + tensors + (file.isCopy ? ", a copy" : "")]
        }
        let sums = [
            ["weights", Quantity.bytes(plan.weightByteCount)],
            [
                "peak memory",
                Quantity.bytes(plan.peakMemory(threads: threads)) + " beside the mapped files",
            ],
        ]
        let lines = TextTable.lines(rows + sums, indentation: 0)
        try Console.output(lines.joined(separator: "\n") + "\n")
    }
}
