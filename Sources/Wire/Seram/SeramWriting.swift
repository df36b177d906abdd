internal import JSON

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ words: [String]) {
        self.name(name)
        array { writer in for word in words { writer.string(word) } }
    }

    fileprivate mutating func member(_ name: String, _ apdus: [[UInt8]]) {
        self.name(name)
        array { writer in for apdu in apdus { writer.hex(apdu) } }
    }

    fileprivate mutating func secureElement(_ element: SecureElement) {
        object { writer in
            writer.member("seType", element.kind.rawValue)
            writer.member("seId", element.id)
            writer.member("seExtraInfo", element.extraInfo)
        }
    }

    fileprivate mutating func command(_ command: SeramCommand) {
        object { writer in
            switch command {
            case .start: writer.member("ramCommandType", "ramStartCommand")
            case .stop: writer.member("ramCommandType", "ramStopCommand")
            case .notify(let text):
                writer.member("ramCommandType", "notificationCommand")
                writer.member("deviceAppNotification", text)
            case .send(let apdus):
                writer.member("ramCommandType", "seRamCommand")
                writer.member("listOfCAPDU", apdus)
            }
        }
    }
}

extension SeramHandshakeCommand {
    package func written() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("secureElements")
            writer.array { writer in for element in secureElements { writer.secureElement(element) } }
            if let transports { writer.member("supportedTransportProtocols", transports) }
            if let formats { writer.member("supportedDataFormats", formats) }
            if let versions { writer.member("supportedVersions", versions) }
        }
        return writer.bytes
    }
}

extension SeramHandshakeResponse {
    package func written() -> [UInt8] {
        var writer = JSONWriter()
        // The schema has a member `chosenDataFormat` and requires one called `chosenDataProtocol`: whoever checks
        // either finds it.
        writer.object { writer in
            writer.member("chosenTransportProtocol", transport)
            writer.member("chosenDataFormat", format)
            writer.member("chosenDataProtocol", format)
            writer.member("chosenVersion", version)
        }
        return writer.bytes
    }
}

extension SeramOrder {
    package func written() -> [UInt8] {
        var writer = JSONWriter(capacity: commands.reduce(256) { $0 + $1.sizeEstimate })
        writer.object { writer in
            writer.member("delay", delay)
            if let chosen {
                writer.name("chosenSecureElement")
                writer.secureElement(chosen)
            }
            // A list of commands has at least one.
            guard !commands.isEmpty else { return }
            writer.name("ramCommands")
            writer.array { writer in for command in commands { writer.command(command) } }
        }
        return writer.bytes
    }
}

extension SeramCommand {
    /// In bytes, written.
    fileprivate var sizeEstimate: Int {
        switch self {
        case .start, .stop: 64
        // Most are JSON themselves, whose quotes are escaped.
        case .notify(let text): 128 + text.utf8.count * 5 / 4
        case .send(let apdus): 64 + apdus.writtenSize
        }
    }
}

extension SeramReport {
    package func written() -> [UInt8] {
        var writer = JSONWriter(capacity: responses.reduce(256) { $0 + 64 + $1.writtenSize })
        writer.object { writer in
            writer.name("localAgentStatus")
            writer.object { writer in
                writer.member("localAgentStatusEnum", status.word.rawValue)
                writer.member("executedSeRamCommands", status.executed)
                writer.member("errorMsg", status.message)
            }
            guard !responses.isEmpty else { return }
            writer.name("ramResponses")
            writer.array { writer in
                for answers in responses {
                    writer.object { writer in
                        writer.member("ramResponseType", "seRamResponse")
                        writer.member("listOfRAPDU", answers)
                    }
                }
            }
        }
        return writer.bytes
    }
}

extension [[UInt8]] {
    /// In bytes, written as hexadecimal texts of a list.
    fileprivate var writtenSize: Int { reduce(0) { $0 + 2 * $1.count + 3 } }
}
