import LlamaFiles
import LlamaCheckpoints
import LlamaJSON

/// The losses of a run, by step; kept in `metrics.jsonl`, one JSON object per line.
///
/// Nothing in it depends on the clock: a resumed run leaves the same file as an uninterrupted one.
struct Metrics {
    static let fileName = "metrics.jsonl"

    /// One line.
    struct Point {
        let step: Int
        /// Loss of the step's batch, in nats per token, with the optimizer's learning rate and gradient norm.
        var training: (loss: Double, learningRate: Double, gradientNorm: Double)?
        /// Loss on the validation split, in nats per token.
        var validationLoss: Double?

        var json: String {
            var members: [(String, JSONText)] = [("step", .int(step))]
            if let training {
                members += [
                    ("loss", .double(training.loss)), ("learning_rate", .double(training.learningRate)),
                    ("grad_norm", .double(training.gradientNorm)),
                ]
            }
            if let validationLoss { members.append(("validation_loss", .double(validationLoss))) }
            return JSONText.object(members).serialized
        }
    }

    private(set) var points: [Point] = []

    init() {}

    /// Reads the lines of a folder's file up to a step.
    init(folder: String, upTo step: Int) throws(TrainingError) {
        let path = folder + "/" + Metrics.fileName
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch {
            if error.isMissing { return }
            throw .invalidState(file: path, expected: "a readable file", found: error.reason, isMissing: true)
        }
        do throws(JSONError) {
            for line in file.bytes.split(separator: 0x0A) {
                let object = try JSONValue.parse(UnsafeRawBufferPointer(rebasing: line))
                var point = Point(step: try object.member("step").int())
                if let loss = object["loss"] {
                    point.training = (
                        try loss.double(), try object.member("learning_rate").double(),
                        try object.member("grad_norm").double()
                    )
                }
                point.validationLoss = try object["validation_loss"]?.double()
                if point.step <= step { points.append(point) }
            }
        } catch {
            throw .invalidState(file: path, expected: error.expected, found: error.found, isMissing: false)
        }
        do { try file.checkUnchanged() } catch { throw .changedFile(error) }
    }

    mutating func append(_ point: Point) { points.append(point) }

    /// Writes `metrics.jsonl` and `loss.svg`.
    func write(folder: String) throws(AtomicFile.Failure) {
        try AtomicFile.write(points.map { $0.json + "\n" }.joined(), to: folder + "/" + Metrics.fileName)
        let plot = LossPlot(
            training: points.compactMap { point in point.training.map { (point.step, $0.loss) } },
            validation: points.compactMap { point in point.validationLoss.map { (point.step, $0) } })
        try AtomicFile.write(plot.svg, to: folder + "/loss.svg")
    }
}
