import Glibc

/// A plot of training and validation loss by step, as SVG.
struct LossPlot {
    private let training: [(step: Int, loss: Double)]
    private let validation: [(step: Int, loss: Double)]

    /// Losses that are not finite are left out.
    init(training: [(step: Int, loss: Double)], validation: [(step: Int, loss: Double)]) {
        self.training = training.filter { abs($0.loss) < 1e6 }
        self.validation = validation.filter { abs($0.loss) < 1e6 }
    }

    private static let (width, height) = (760.0, 440.0)
    private static let (left, right, top, bottom) = (64.0, 20.0, 20.0, 52.0)

    /// The SVG document.
    var svg: String {
        let axes = Axes(points: training + validation)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.text(Self.width)) \(Self.text(Self.height))\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<title>Loss by step</title>",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        for loss in axes.lossTicks {
            let y = Self.text(axes.y(loss))
            lines.append(
                "<line x1=\"\(Self.text(Self.left))\" x2=\"\(Self.text(Self.width - Self.right))\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#ddd\"/>"
            )
            lines.append(label(Self.text(loss), x: Self.left - 8, y: axes.y(loss) + 4, anchor: "end"))
        }
        for step in axes.stepTicks {
            lines.append(
                label("\(Int(step))", x: axes.x(step), y: Self.height - Self.bottom + 18, anchor: "middle"))
        }
        lines.append(
            label("step", x: (Self.left + Self.width - Self.right) / 2, y: Self.height - 12, anchor: "middle")
        )
        lines.append(
            "<text transform=\"translate(16 \(Self.text((Self.top + Self.height - Self.bottom) / 2))) rotate(-90)\" "
                + "text-anchor=\"middle\">loss (nats per token)</text>")
        lines.append(curve(training, axes, color: "#9db8d9", width: 1))
        lines.append(curve(validation, axes, color: "#c0392b", width: 2))
        for (row, entry) in [("training", "#9db8d9"), ("validation", "#c0392b")].enumerated() {
            let y = Self.top + 16 + Double(row) * 18
            lines.append(
                "<line x1=\"\(Self.text(Self.width - 140))\" x2=\"\(Self.text(Self.width - 112))\" y1=\"\(Self.text(y - 4))\" "
                    + "y2=\"\(Self.text(y - 4))\" stroke=\"\(entry.1)\" stroke-width=\"2\"/>")
            lines.append(label(entry.0, x: Self.width - 104, y: y, anchor: "start"))
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func label(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private func curve(_ points: [(step: Int, loss: Double)], _ axes: Axes, color: String, width: Int)
        -> String
    {
        let path = points.map { "\(Self.text(axes.x(Double($0.step)))),\(Self.text(axes.y($0.loss)))" }
        return
            "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"\(width)\" points=\"\(path.joined(separator: " "))\"/>"
    }

    /// A number with at most two digits after the point.
    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let digits = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        return (hundredths < 0 ? "-" : "") + "\(whole)" + digits
    }

    /// Maps steps and losses to coordinates.
    private struct Axes {
        private let lastStep: Double
        private let losses: ClosedRange<Double>
        let lossTicks: [Double]
        let stepTicks: [Double]

        init(points: [(step: Int, loss: Double)]) {
            lastStep = Double(max(1, points.map(\.step).max() ?? 1))
            let low = points.map(\.loss).min() ?? 0
            let high = points.map(\.loss).max() ?? 1
            let lossStep = Axes.niceStep((high - low) / 6)
            let first = (low / lossStep).rounded(.down) * lossStep
            let last = max((high / lossStep).rounded(.up) * lossStep, first + lossStep)
            losses = first...last
            lossTicks = Array(stride(from: first, through: last + lossStep / 2, by: lossStep))
            stepTicks = Array(stride(from: 0, through: lastStep, by: max(1, Axes.niceStep(lastStep / 6))))
        }

        func x(_ step: Double) -> Double { left + (width - left - right) * step / lastStep }

        func y(_ loss: Double) -> Double {
            let share = (loss - losses.lowerBound) / (losses.upperBound - losses.lowerBound)
            return height - bottom - (height - top - bottom) * share
        }

        /// The smallest 1, 2 or 5 times a power of ten that is not less than the number.
        private static func niceStep(_ value: Double) -> Double {
            guard value > 0 else { return 1 }
            let power = pow(10, log10(value).rounded(.down))
            return ([1.0, 2, 5].first { $0 * power >= value } ?? 10) * power
        }
    }
}
