package import SmartCard

/// A card's refusal: the status word it answers with, and nothing has changed.
package struct Refusal: Error, Hashable, Sendable {
    package let status: StatusWord

    package init(_ status: StatusWord) { self.status = status }

    // The general errors of GPCS 2.3.1 table 11-10 and ISO/IEC 7816-4 table 6, by the names printed there.
    package static let noSpecificDiagnosis = Refusal(0x6400)
    package static let memoryFailure = Refusal(0x6581)
    package static let wrongLength = Refusal(0x6700)
    package static let logicalChannelNotSupported = Refusal(0x6881)
    package static let secureMessagingNotSupported = Refusal(0x6882)
    package static let lastCommandOfChainExpected = Refusal(0x6883)
    package static let chainingNotSupported = Refusal(0x6884)
    package static let securityStatusNotSatisfied = Refusal(0x6982)
    package static let authenticationMethodBlocked = Refusal(0x6983)
    package static let conditionsNotSatisfied = Refusal(0x6985)
    package static let secureMessagingIncorrect = Refusal(0x6988)
    package static let incorrectData = Refusal(0x6A80)
    package static let functionNotSupported = Refusal(0x6A81)
    package static let applicationNotFound = Refusal(0x6A82)
    package static let notEnoughMemory = Refusal(0x6A84)
    package static let incorrectParameters = Refusal(0x6A86)
    package static let referencedDataNotFound = Refusal(0x6A88)
    package static let instructionNotSupported = Refusal(0x6D00)
    package static let classNotSupported = Refusal(0x6E00)
    package static let authenticationFailed = Refusal(0x6300)
    package static let algorithmNotSupported = Refusal(0x9484)
    package static let invalidKeyCheckValue = Refusal(0x9485)
}
