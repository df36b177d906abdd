internal import SmartCard

/// Why bytes are not a CAP file that a card could load.
package enum CAPError: Error, Hashable {
    /// The container could not be read.
    case archive(ZIPError)
    /// Neither a ZIP archive nor components that begin with a Header.
    case notCAP
    case missing(CAPComponentKind)
    case duplicate(CAPComponentKind)
    /// A component is wrong; the offset counts from its tag byte, as in its own file.
    case broken(CAPComponentKind, offset: Int, CAPFault)
}

/// What is wrong at one place of a component.
package enum CAPFault: Hashable, Sendable {
    case truncated
    case trailingBytes(Int)
    case wrongTag(UInt8)
    /// The component's own size item against the bytes that are there.
    case sizeMismatch(declared: Int, actual: Int)
    /// What the Directory says against what is there.
    case directoryMismatch(CAPComponentKind, declared: Int, actual: Int)
    case wrongMagic(UInt32)
    case unsupportedFormat(major: UInt8, minor: UInt8)
    case unknownFlags(UInt8)
    /// A header flag promises (or denies) a component that is absent (or there).
    case flagMismatch(CAPComponentKind, isPresent: Bool)
    case aidLength(Int)
    case notText
    /// Two counts or sizes that must agree do not.
    case countMismatch(declared: Int, actual: Int)
    case emptyTable
    case duplicateAID
    case foreignProvider
    case unknownConstant(UInt8)
    case unknownArrayType(UInt8)
    case tokenOutOfRange(Int, count: Int)
    case offsetOutOfRange(Int, limit: Int)
    case customTag(UInt8)
}

extension CAPError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .archive(let error): "the archive: \(error)"
        case .notCAP: "neither a ZIP archive nor CAP components"
        case .missing(let kind): "the \(kind) component is missing"
        case .duplicate(let kind): "the \(kind) component is there twice"
        case .broken(let kind, let offset, let fault): "\(kind) component, byte \(offset): \(fault)"
        }
    }
}

extension CAPFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .trailingBytes(let count): "\(count) bytes are left over"
        case .wrongTag(let tag): "the tag is \(tag)"
        case .sizeMismatch(let declared, let actual): "it says \(declared) bytes and has \(actual)"
        case .directoryMismatch(let kind, let declared, let actual):
            "the Directory says \(declared) for \(kind), there are \(actual)"
        case .wrongMagic(let magic): "the magic number is \(magic.bigEndianBytes.hex), not DECAFFED"
        case .unsupportedFormat(let major, let minor): "format \(major).\(minor) is not 2.1, 2.2 or 2.3"
        case .unknownFlags(let flags): "unknown flags \(flags.hex)"
        case .flagMismatch(let kind, let isPresent):
            isPresent ? "the flags deny the \(kind) component" : "the flags promise a \(kind) component"
        case .aidLength(let length): "an AID cannot have \(length) bytes"
        case .notText: "a name is not UTF-8"
        case .countMismatch(let declared, let actual): "it says \(declared), there are \(actual)"
        case .emptyTable: "a table that must hold something is empty"
        case .duplicateAID: "an AID is there twice"
        case .foreignProvider: "the applets do not share one provider (RID)"
        case .unknownConstant(let tag): "constant type \(tag) does not exist"
        case .unknownArrayType(let type): "array type \(type) does not exist"
        case .tokenOutOfRange(let token, let count): "token \(token), but there are \(count)"
        case .offsetOutOfRange(let offset, let limit): "offset \(offset) is not below \(limit)"
        case .customTag(let tag): "tag \(tag) is not one for a custom component"
        }
    }
}
