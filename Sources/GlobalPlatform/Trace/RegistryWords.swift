internal import SmartCard

/// Entries of the registry, a line each (GPCS 2.3.1 tables 11-36 and 11-37).
enum RegistryWords {
    static func add(_ answer: ResponseAPDU, _ command: CommandAPDU, _ text: inout TraceText) {
        // Where several scopes are asked for at once, the entries have the form of applications.
        let scope = RegistryScope(rawValue: command.p1 & 0xF0) ?? .applications
        guard command.p2 & 0x02 != 0 else { return legacy(answer.data, scope: scope, &text) }
        var rest = answer.data[...]
        var count = 0
        while !rest.isEmpty {
            do {
                let object = try BERTLV.read(&rest)
                count += 1
                add(object, scope: scope, &text)
            } catch {
                // A page may end in the middle of an entry.
                let isPage = answer.status == 0x6310
                text.add(
                    isPage
                        ? "the entry at byte \(rest.startIndex) goes on in the next page"
                        : TraceText.malformed(error))
                break
            }
        }
        text.say(count == 1 ? "1 entry" : "\(count) entries")
    }

    private static func add(_ object: BERTLV, scope: RegistryScope, _ text: inout TraceText) {
        do {
            for entry in try RegistryReader.read(object.encoded, scope: scope, format: .tlv) {
                add(entry, scope: scope, &text)
            }
        } catch {
            guard object.tag == .registryEntry else { return text.add(TraceText.malformed(error)) }
            // The lines below say where bytes are missing, counted from the start of the whole answer.
            if case .tlv = error { text.add("malformed entry") } else { text.add(TraceText.malformed(error)) }
            text.add(objects: object.value, fields: DataObjects.registryEntry, depth: 1)
        }
    }

    private static func legacy(_ data: [UInt8], scope: RegistryScope, _ text: inout TraceText) {
        do {
            let entries = try RegistryReader.read(data, scope: scope, format: .legacy)
            text.say(entries.count == 1 ? "1 entry" : "\(entries.count) entries")
            for entry in entries { add(entry, scope: scope, &text) }
        } catch {
            text.add(TraceText.malformed(error))
        }
    }

    private static func add(_ entry: RegistryEntry, scope: RegistryScope, _ text: inout TraceText) {
        switch entry {
        case .issuerDomain(let application), .application(let application):
            var words = [
                TraceWords.lifeCycle(
                    application.lifeCycle, of: scope, isSecurityDomain: application.isSecurityDomain),
                TraceWords.privileges(application.privileges),
            ]
            if let file = application.loadFile { words.append("from \(KnownAIDs.text(file.bytes))") }
            if let domain = application.securityDomain {
                words.append("in domain \(KnownAIDs.text(domain.bytes))")
            }
            for selection in application.implicitSelection.prefix(4) {
                words.append("selected by itself: \(TraceWords.implicitSelection(selection))")
            }
            text.add("\(KnownAIDs.text(application.aid.bytes)): \(words.joined(separator: ", "))")
        case .loadFile(let file):
            var words = [TraceWords.lifeCycle(file.lifeCycle, of: .loadFiles, isSecurityDomain: false)]
            if let version = file.version {
                words.append("version \(version.prefix(4).map { "\($0)" }.joined(separator: "."))")
            }
            if let domain = file.securityDomain { words.append("in domain \(KnownAIDs.text(domain.bytes))") }
            text.add("\(KnownAIDs.text(file.aid.bytes)): \(words.joined(separator: ", "))")
            for module in file.modules { text.add("module \(KnownAIDs.text(module.bytes))", depth: 1) }
        }
    }
}
