@_exported import LlamaGeneration
