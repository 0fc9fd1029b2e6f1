/// Writes `.pth` files laid out as `torch.save` does, honest or not.
struct TorchBuilder {
    var views: [TorchView] = []
    var storages: [(key: String, bytes: [UInt8])] = []
    var root = "consolidated"
    var byteOrder: String? = "little"
    /// Instead of the pickle of ``views``.
    var pickle: [UInt8]?
    var zip = ZipWriter()

    init() {}

    init(_ tensors: [TestTensor]) {
        for (index, tensor) in tensors.enumerated() {
            views.append(
                TorchView(
                    name: tensor.name, type: tensor.torchType, storage: "\(index)",
                    storageCount: tensor.count,
                    shape: tensor.shape, strides: tensor.strides))
            storages.append(("\(index)", tensor.bytes))
        }
    }

    /// An honest archive around `pickle`, with one storage `0` of four floats.
    init(pickle: [UInt8]) {
        self.pickle = pickle
        storages = [("0", [UInt8](repeating: 0, count: 16))]
    }

    /// The pickle of a state dict with `_metadata`, as `torch.save(model.state_dict())` writes it.
    var statePickle: [UInt8] {
        var pickle = PickleWriter()
        pickle.orderedDictionary()
        pickle.op("(")
        for view in views {
            pickle.string(view.name)
            pickle.tensor(view)
        }
        pickle.out.write("u}")
        pickle.string("_metadata")
        pickle.orderedDictionary()
        pickle.out.write("sb")
        return pickle.stop()
    }

    /// The archive with its parts named; ``zip`` gives the options.
    var archive: ZipWriter {
        var zip = zip
        zip.entries.insert(ZipWriter.Entry(name: "\(root)/data.pkl", data: pickle ?? statePickle), at: 0)
        if let byteOrder { zip.entries.append(.init(name: "\(root)/byteorder", data: Array(byteOrder.utf8))) }
        for storage in storages {
            zip.entries.append(.init(name: "\(root)/data/\(storage.key)", data: storage.bytes))
        }
        zip.entries.append(.init(name: "\(root)/version", data: Array("3\n".utf8)))
        return zip
    }

    var bytes: [UInt8] { archive.file().bytes }
}
