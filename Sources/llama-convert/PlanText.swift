import Checkpoints
import CommandSupport
import Glibc

/// What a conversion would write, for a person.
struct PlanText {
    private let plan: ConversionPlan
    private let threads: Int

    init(_ plan: ConversionPlan, threads: Int) {
        (self.plan, self.threads) = (plan, threads)
    }

    func print() throws(Failure) {
        var lines: [String] = []
        for file in plan.files {
            let size = file.byteCount.map(Quantity.bytes) ?? "a copy"
            let tensors = file.tensorCount > 0 ? ", \(file.tensorCount) tensors" : ""
            lines.append("\(file.name)  \(size)\(tensors)")
        }
        lines.append("weights        \(Quantity.bytes(plan.weightByteCount))")
        lines.append(
            "peak memory    \(Quantity.bytes(plan.peakMemory(threads: threads))) beside the mapped files")
        try Console.write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO, named: "standard output")
    }
}
