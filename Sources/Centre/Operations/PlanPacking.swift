// How wishes and steps stand in the row of an operation. The first number tells the case; a case keeps its number for
// ever, and a new one takes the next that is free.

extension Wish: Packed {
    package func pack(into bytes: inout PackedBytes) {
        switch self {
        case .add(let application): bytes.append(1, application)
        case .addRelease(let release): bytes.append(2, release)
        case .remove(let application): bytes.append(3, application)
        case .removeInstance(let aid): bytes.append(4, aid)
        case .park(let application): bytes.append(5, application)
        case .restore(let stay): bytes.append(6, stay)
        case .update(let release): bytes.append(7, release)
        case .reserve(let reservation): bytes.append(8, reservation)
        case .release(let provider): bytes.append(9, provider)
        case .renew: bytes.append(10)
        case .rotateKeys(let masterKey, let version):
            bytes.append(11, masterKey)
            bytes.append(Int(version))
        case .snapshot(let application): bytes.append(12, application)
        }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        switch try reader.number() {
        case 1: self = .add(application: try reader.value())
        case 2: self = .addRelease(try reader.value())
        case 3: self = .remove(application: try reader.value())
        case 4: self = .removeInstance(try reader.value())
        case 5: self = .park(application: try reader.value())
        case 6: self = .restore(try reader.value())
        case 7: self = .update(to: try reader.value())
        case 8: self = .reserve(try reader.value())
        case 9: self = .release(provider: try reader.value())
        case 10: self = .renew
        case 11: self = .rotateKeys(to: try reader.value(), version: try UInt8(unpacking: &reader))
        case 12: self = .snapshot(application: try reader.value())
        default: throw PackedError()
        }
    }
}

extension PackedBytes {
    fileprivate mutating func append(_ number: Int, _ value: some Packed) {
        append(number)
        append(value)
    }
}

extension Reservation: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(provider)
        bytes.append(room)
        bytes.append(quota)
        bytes.append(domain)
        bytes.append(Int(privileges))
        bytes.append(logicalChannels)
        bytes.append(services)
        bytes.append(libraries)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            provider: try reader.value(), room: try reader.value(), quota: try reader.value(),
            domain: try reader.value(), privileges: try UInt32(unpacking: &reader),
            logicalChannels: try reader.number(), services: try reader.value(),
            libraries: try reader.value())
    }
}

extension CustodyKey: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(card)
        bytes.append(aid)
        bytes.append(ordinal)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(card: try reader.value(), aid: try reader.value(), ordinal: try reader.number())
    }
}

extension PlanStep: Packed {
    package func pack(into bytes: inout PackedBytes) {
        switch self {
        case .park(let task): bytes.append(1, task)
        case .removeInstance(let removal): bytes.append(2, removal)
        case .removeLoadFile(let aid): bytes.append(3, aid)
        case .dropDomain(let aid): bytes.append(4, aid)
        case .makeDomain(let domain): bytes.append(5, domain)
        case .reserveInLedger(let reservation): bytes.append(6, reservation)
        case .releaseInLedger(let provider): bytes.append(7, provider)
        case .load(let load): bytes.append(8, load)
        case .install(let install): bytes.append(9, install)
        case .personalise(let task): bytes.append(10, task)
        case .restore(let task): bytes.append(11, task)
        case .putKeys(let masterKey, let version):
            bytes.append(12, masterKey)
            bytes.append(Int(version))
        case .extradite(let move): bytes.append(13, move)
        case .identify(let instance): bytes.append(14, instance)
        case .snapshot(let task): bytes.append(15, task)
        case .upgrade(let task): bytes.append(16, task)
        }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        switch try reader.number() {
        case 1: self = .park(try reader.value())
        case 2: self = .removeInstance(try reader.value())
        case 3: self = .removeLoadFile(aid: try reader.value())
        case 4: self = .dropDomain(aid: try reader.value())
        case 5: self = .makeDomain(try reader.value())
        case 6: self = .reserveInLedger(try reader.value())
        case 7: self = .releaseInLedger(provider: try reader.value())
        case 8: self = .load(try reader.value())
        case 9: self = .install(try reader.value())
        case 10: self = .personalise(try reader.value())
        case 11: self = .restore(try reader.value())
        case 12: self = .putKeys(masterKey: try reader.value(), version: try UInt8(unpacking: &reader))
        case 13: self = .extradite(try reader.value())
        case 14: self = .identify(instance: try reader.value())
        case 15: self = .snapshot(try reader.value())
        case 16: self = .upgrade(try reader.value())
        default: throw PackedError()
        }
    }
}

// MARK: what steps are made of

extension PlanStep.Way: Packed {
    package func pack(into bytes: inout PackedBytes) {
        switch self {
        case .contract: bytes.append(1)
        case .stateless: bytes.append(2)
        case .script: bytes.append(3)
        }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        switch try reader.number() {
        case 1: self = .contract
        case 2: self = .stateless
        case 3: self = .script
        default: throw PackedError()
        }
    }
}

extension PlanStep.Purpose: Packed {
    package func pack(into bytes: inout PackedBytes) {
        switch self {
        case .parked: bytes.append(1)
        case .forGood: bytes.append(2)
        }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        switch try reader.number() {
        case 1: self = .parked
        case 2: self = .forGood
        default: throw PackedError()
        }
    }
}

extension PlanStep.Source: Packed {
    package func pack(into bytes: inout PackedBytes) {
        switch self {
        case .held(let key): bytes.append(1, key)
        case .parkedByThisPlan(let aid): bytes.append(2, aid)
        }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        switch try reader.number() {
        case 1: self = .held(try reader.value())
        case 2: self = .parkedByThisPlan(instance: try reader.value())
        default: throw PackedError()
        }
    }
}

extension PlanStep.Parking: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(instance)
        bytes.append(release)
        bytes.append(imageBytes)
        bytes.append(way)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            instance: try reader.value(), release: try reader.value(), imageBytes: try reader.number(),
            way: try reader.value())
    }
}

extension PlanStep.Removal: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(instance)
        bytes.append(purpose)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(instance: try reader.value(), purpose: try reader.value())
    }
}

extension PlanStep.NewDomain: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(aid)
        bytes.append(reservation)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(aid: try reader.value(), reservation: try reader.value())
    }
}

extension PlanStep.Extradition: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(object)
        bytes.append(from)
        bytes.append(to)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(object: try reader.value(), from: try reader.value(), to: try reader.value())
    }
}

extension PlanStep.Load: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(release)
        bytes.append(aid)
        bytes.append(digest)
        bytes.append(byteCount)
        bytes.append(domain)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            release: try reader.value(), aid: try reader.value(), digest: try reader.value(),
            byteCount: try reader.number(), domain: try reader.value())
    }
}

extension PlanStep.Install: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(release)
        bytes.append(aid)
        bytes.append(module)
        bytes.append(loadFile)
        bytes.append(Int(privileges))
        bytes.append(parameters)
        bytes.append(domain)
        bytes.append(isVacant)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            release: try reader.value(), aid: try reader.value(), module: try reader.value(),
            loadFile: try reader.value(), privileges: try UInt32(unpacking: &reader),
            parameters: try reader.value(), domain: try reader.value(), isVacant: try reader.bool())
    }
}

extension PlanStep.Personalisation: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(release)
        bytes.append(instance)
        bytes.append(commandCount)
        bytes.append(byteCount)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            release: try reader.value(), instance: try reader.value(), commandCount: try reader.number(),
            byteCount: try reader.number())
    }
}

extension PlanStep.Upgrade: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(loadFile)
        bytes.append(instances)
        bytes.append(old)
        bytes.append(new)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            loadFile: try reader.value(), instances: try reader.value(), from: try reader.value(),
            to: try reader.value())
    }
}

extension PlanStep.Upgrade.Code: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(release)
        bytes.append(digest)
        bytes.append(byteCount)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            release: try reader.value(), digest: try reader.value(), byteCount: try reader.number())
    }
}

extension PlanStep.Restoration: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(instance)
        bytes.append(release)
        bytes.append(imageBytes)
        bytes.append(way)
        bytes.append(source)
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(
            instance: try reader.value(), release: try reader.value(), imageBytes: try reader.number(),
            way: try reader.value(), source: try reader.value())
    }
}
