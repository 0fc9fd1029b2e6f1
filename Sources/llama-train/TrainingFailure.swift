import ArgumentParser
import LlamaCommands
import LlamaTraining

extension Failure {
    /// Sorts an error of training into an exit code; nil for another.
    init?(training error: any Error) {
        guard let error = error as? TrainingError else { return nil }
        let code =
            switch error {
            case .invalidOption: ExitCode.validationFailure.rawValue
            case .cannotWrite: Failure.cannotWrite
            default: error.isMissingInput ? Failure.noInput : Failure.badData
            }
        self.init(code, "\(error)")
    }
}
