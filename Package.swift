// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "swift-llama",
    products: [
        .library(name: "Checkpoints", targets: ["Checkpoints"]),
        .library(name: "Tokenizers", targets: ["Tokenizers"]),
        .library(name: "Llama", targets: ["Llama"]),
        .library(name: "Generation", targets: ["Generation"]),
        .library(name: "Training", targets: ["Training"]),
        .executable(name: "llama-run", targets: ["llama-run"]),
        .executable(name: "llama-train", targets: ["llama-train"]),
        .executable(name: "llama-tokenize", targets: ["llama-tokenize"]),
        .executable(name: "llama-convert", targets: ["llama-convert"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    ],
    targets: [
        // System libraries and the C and C++ that stand behind one Swift module each.
        .systemLibrary(
            name: "CJSON", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
        .target(
            name: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "CKernels"),
        .target(name: "COpenBLAS"),

        // The libraries, lowest room first: an arrow only points up this list.
        .target(name: "Tensors"),
        .target(name: "JSON", dependencies: ["CJSON"]),
        .target(
            name: "Checkpoints",
            dependencies: [
                "Tensors", "JSON", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "Tokenizers", dependencies: ["CSentencePiece", "JSON"]),
        .target(name: "Kernels", dependencies: ["Tensors", "CKernels", "COpenBLAS"]),
        .target(name: "Llama", dependencies: ["Checkpoints", "Kernels", "Tensors"]),
        .target(name: "Generation", dependencies: ["Checkpoints", "JSON", "Kernels", "Llama", "Tokenizers"]),

        .target(
            name: "Training",
            dependencies: ["Checkpoints", "JSON", "Kernels", "Llama", "Tensors", "Tokenizers"]),

        // The commands, and what they share.
        .target(
            name: "CommandSupport",
            dependencies: [
                "Checkpoints", "Generation", "JSON", "Kernels", "Tokenizers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "llama-run",
            dependencies: [
                "Checkpoints", "CommandSupport", "Generation", "Kernels", "Llama", "Tensors", "Tokenizers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "llama-train",
            dependencies: [
                "Checkpoints", "CommandSupport", "Generation", "JSON", "Kernels", "Llama", "Tensors",
                "Tokenizers", "Training",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "llama-tokenize",
            dependencies: [
                "Checkpoints", "CommandSupport", "JSON", "Tokenizers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "llama-convert",
            dependencies: [
                "Checkpoints", "CommandSupport", "JSON", "Tensors", "Tokenizers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: [
                "Checkpoints", "CommandSupport", "JSON", "Tensors", "TestSupport", "Tokenizers",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Tensors", "CKernels"]),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "TestSupport"]),
        .testTarget(
            name: "LlamaTests", dependencies: ["Llama", "Checkpoints", "Kernels", "Tensors", "TestSupport"]),
        .testTarget(
            name: "GenerationTests",
            dependencies: ["Generation", "Checkpoints", "Kernels", "Llama", "Tokenizers", "TestSupport"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "Checkpoints", "Kernels", "Llama", "Tokenizers", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CommandTests",
            dependencies: ["llama-run", "llama-train", "llama-tokenize", "llama-convert", "TestSupport"]),
        .target(name: "TestSupport", path: "Tests/TestSupport", resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)

// CI builds with LLAMA_WARNINGS_AS_ERRORS=1; here rather than by a flag, which would reach the dependencies too.
if Context.environment["LLAMA_WARNINGS_AS_ERRORS"] == "1" {
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
        target.cSettings = (target.cSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
        target.cxxSettings =
            (target.cxxSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
    }
}
