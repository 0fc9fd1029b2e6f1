// swift-tools-version: 6.2
import PackageDescription

// The target names of swift-transformers, which a user of SwiftLlama may depend on too.
let package = Package(
    name: "Neighbors",
    products: [.library(name: "Neighbors", targets: ["Tokenizers", "Generation"])],
    targets: [.target(name: "Tokenizers"), .target(name: "Generation")],
    swiftLanguageModes: [.v6]
)
