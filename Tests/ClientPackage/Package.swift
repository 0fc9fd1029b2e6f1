// swift-tools-version: 6.2
import PackageDescription

// Another project's package that uses SwiftLlama beside a package whose targets have common names: SwiftPM refuses two
// targets of one name in a package graph. tools/test-client builds a copy of it outside the repository.
let package = Package(
    name: "client",
    dependencies: [
        .package(name: "swift-llama", path: Context.environment["SWIFT_LLAMA"] ?? "../.."),
        .package(path: "Neighbors"),
    ],
    targets: [
        .executableTarget(
            name: "client",
            dependencies: [
                .product(name: "SwiftLlama", package: "swift-llama"),
                .product(name: "Neighbors", package: "Neighbors"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("MemberImportVisibility"), .treatAllWarnings(as: .error),
            ])
    ],
    swiftLanguageModes: [.v6]
)
