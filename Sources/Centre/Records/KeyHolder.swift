internal import SmartCard

/// Who can have the keys of a card.
package enum KeyHolder: Hashable, Sendable {
    /// This card, and a copy of it: with any other, a session with these keys does not open.
    case thisCard
    /// Nothing says that another card has other keys.
    case anyCard
}

extension Card {
    /// Fewer bytes are no number that tells cards apart.
    private static let numberBytesMin = 4

    /// Its keys are its own where a number goes into them that no other card has.
    /// - Parameter derivationData: what of the card's data makes a difference to its keys.
    package func keyHolder(derivedFrom derivationData: [UInt8]) -> KeyHolder {
        numbers.contains { derivationData.contains($0) } ? .thisCard : .anyCard
    }

    /// The card image number, which its issuer gives once; and the serial number of the chip with its batch, which its
    /// maker gives once. The serial number alone begins anew with each batch, so it is not enough.
    private var numbers: [[UInt8]] {
        let chip = serial ?? id.serial
        return [id.imageNumber, chip.map { Array($0.suffix(6)) }].compactMap { $0 }.filter { number in
            number.count >= Self.numberBytesMin && number.contains { $0 != number[0] }
        }
    }
}

extension CardID {
    private static let serialBytes = 12

    fileprivate var imageNumber: [UInt8]? {
        let parts = text.split(separator: "-")
        return parts.count == 2 ? try? Hex.decode(String(parts[1])) : nil
    }

    /// Of a card without IIN and CIN; an ICCID is shorter.
    fileprivate var serial: [UInt8]? {
        guard let bytes = try? Hex.decode(text), bytes.count == Self.serialBytes else { return nil }
        return bytes
    }
}
