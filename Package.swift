// swift-tools-version: 6.2
import PackageDescription

/// Products of other packages, by the module that they bring.
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "swift-llama",
    products: [
        .library(name: "SwiftLlama", targets: ["SwiftLlama"]),
        .executable(name: "llama-run", targets: ["llama-run"]),
        .executable(name: "llama-train", targets: ["llama-train"]),
        .executable(name: "llama-tokenize", targets: ["llama-tokenize"]),
        .executable(name: "llama-convert", targets: ["llama-convert"]),
        .executable(name: "llama-bench", targets: ["llama-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        // System libraries, and C and C++ with one Swift importer each.
        .systemLibrary(
            name: "CJSONC", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "COpenBLAS"),
        .target(name: "CFileFaults"),
        .target(name: "CLlamaKernels"),

        // The libraries, lowest first: a target only depends on targets above it (tools/check-imports).
        .target(name: "LlamaFiles", dependencies: ["CFileFaults"]),
        .target(name: "LlamaJSON", dependencies: ["CJSONC"]),
        .target(name: "LlamaTensors", dependencies: ["LlamaFiles"]),
        .target(
            name: "LlamaCheckpoints",
            dependencies: ["LlamaFiles", "LlamaJSON", "LlamaTensors", logging]),
        .target(
            name: "LlamaTokenizers",
            dependencies: ["CSentencePiece", "LlamaCheckpoints", "LlamaFiles", "LlamaJSON"]),
        .target(
            name: "LlamaConversion",
            dependencies: [
                "CCrypto", "LlamaCheckpoints", "LlamaFiles", "LlamaJSON", "LlamaTensors", "LlamaTokenizers",
                logging,
            ]),
        .target(
            name: "LlamaKernels", dependencies: ["CLlamaKernels", "COpenBLAS", "LlamaFiles", "LlamaTensors"]),
        .target(
            name: "LlamaModel",
            dependencies: ["LlamaCheckpoints", "LlamaFiles", "LlamaKernels", "LlamaTensors"]),
        .target(
            name: "LlamaGeneration",
            dependencies: [
                "LlamaCheckpoints", "LlamaFiles", "LlamaJSON", "LlamaKernels", "LlamaModel",
                "LlamaTokenizers",
                logging,
            ]),
        .target(
            name: "LlamaTraining",
            dependencies: [
                "LlamaCheckpoints", "LlamaConversion", "LlamaFiles", "LlamaJSON", "LlamaKernels",
                "LlamaModel", "LlamaTensors", "LlamaTokenizers",
            ]),
        .target(
            name: "SwiftLlama",
            dependencies: [
                "LlamaCheckpoints", "LlamaFiles", "LlamaGeneration", "LlamaKernels", "LlamaModel",
                "LlamaTokenizers",
            ]),

        // The commands, and what they share.
        .target(name: "LlamaCommands", dependencies: ["LlamaFiles", "LlamaJSON", argumentParser]),
        .executableTarget(
            name: "llama-run",
            dependencies: [
                "LlamaCheckpoints", "LlamaCommands", "LlamaFiles", "LlamaGeneration", "LlamaKernels",
                "LlamaModel", "LlamaTensors", "LlamaTokenizers", argumentParser, logging,
            ]),
        .executableTarget(
            name: "llama-train",
            dependencies: [
                "LlamaCheckpoints", "LlamaCommands", "LlamaFiles", "LlamaGeneration", "LlamaJSON",
                "LlamaKernels", "LlamaTensors", "LlamaTokenizers", "LlamaTraining", argumentParser,
            ]),
        .executableTarget(
            name: "llama-tokenize",
            dependencies: [
                "LlamaCommands", "LlamaFiles", "LlamaJSON", "LlamaTokenizers", argumentParser,
            ]),
        .executableTarget(
            name: "llama-convert",
            dependencies: [
                "LlamaCheckpoints", "LlamaCommands", "LlamaConversion", "LlamaFiles", "LlamaJSON",
                "LlamaTensors", argumentParser, logging,
            ]),
        .executableTarget(
            name: "llama-bench",
            dependencies: [
                "LlamaCheckpoints", "LlamaCommands", "LlamaGeneration", "LlamaJSON", "LlamaKernels",
                "LlamaModel", "LlamaTensors", argumentParser, logging,
            ]),

        .target(
            name: "LlamaTestSupport", path: "Tests/LlamaTestSupport", resources: [.copy("Fixtures")]),
        .testTarget(name: "LlamaFilesTests", dependencies: ["LlamaFiles", "LlamaTestSupport"]),
        .testTarget(name: "LlamaCommandsTests", dependencies: ["LlamaCommands"]),
        .testTarget(name: "LlamaJSONTests", dependencies: ["LlamaJSON"]),
        .testTarget(name: "LlamaTensorsTests", dependencies: ["LlamaTensors", "LlamaTestSupport"]),
        .target(
            name: "LlamaCheckpointTestSupport",
            dependencies: [
                "LlamaCheckpoints", "LlamaConversion", "LlamaFiles", "LlamaTensors", "LlamaTestSupport",
                logging,
            ],
            path: "Tests/LlamaCheckpointTestSupport"),
        .testTarget(
            name: "LlamaCheckpointsTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaCheckpointTestSupport", "LlamaConversion", "LlamaFiles",
                "LlamaJSON",
                "LlamaTensors", "LlamaTestSupport", "LlamaTokenizers", logging,
            ]),
        .testTarget(
            name: "LlamaConversionTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaCheckpointTestSupport", "LlamaCommands", "LlamaConversion",
                "LlamaFiles", "LlamaJSON", "LlamaTensors", "LlamaTestSupport", "LlamaTokenizers", logging,
            ]),
        .testTarget(
            name: "LlamaTokenizersTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaCheckpointTestSupport", "LlamaFiles", "LlamaTestSupport",
                "LlamaTokenizers",
            ]),
        .testTarget(
            name: "LlamaKernelsTests",
            dependencies: ["CLlamaKernels", "LlamaKernels", "LlamaTensors", "LlamaTestSupport"]),
        .testTarget(
            name: "LlamaModelTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaCheckpointTestSupport", "LlamaConversion", "LlamaKernels",
                "LlamaModel", "LlamaTensors", "LlamaTestSupport",
            ]),
        .testTarget(
            name: "LlamaGenerationTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaGeneration", "LlamaJSON", "LlamaKernels", "LlamaModel",
                "LlamaTestSupport", "LlamaTokenizers", logging,
            ]),
        .testTarget(
            name: "LlamaTrainingTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaConversion", "LlamaFiles", "LlamaKernels", "LlamaModel",
                "LlamaTestSupport", "LlamaTokenizers",
                "LlamaTraining",
            ],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "SwiftLlamaTests",
            dependencies: [
                "LlamaCheckpoints", "LlamaGeneration", "LlamaKernels", "LlamaTensors", "LlamaTestSupport",
                "SwiftLlama",
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "llama-bench", "llama-convert", "llama-run", "llama-tokenize", "llama-train",
                "LlamaTestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)

// A file imports every module whose members it uses, so that tools/check-imports sees all arrows.
for target in package.targets where target.type != .system {
    target.swiftSettings = [.enableUpcomingFeature("MemberImportVisibility")]
}

// CI builds with LLAMA_WARNINGS_AS_ERRORS=1; here rather than by a flag, which would reach the dependencies too.
if Context.environment["LLAMA_WARNINGS_AS_ERRORS"] == "1" {
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
        target.cSettings = (target.cSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
        target.cxxSettings =
            (target.cxxSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
    }
}
