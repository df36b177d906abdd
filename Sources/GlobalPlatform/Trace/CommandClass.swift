/// What CLA says (ISO/IEC 7816-4:2013 §5.4.1; GPCS 2.3.1 tables 11-11 and 11-12; TS 51.011 §9.2 for A0).
struct CommandClass: Hashable, Sendable {
    enum Family: Hashable, Sendable {
        case interindustry
        case globalPlatform
        /// SIM cards before the UICC.
        case sim
        /// For the reader's driver: no card ever sees it (PC/SC part 3 §3.2.2).
        case reader
        case proprietary
    }

    let family: Family
    let channel: Int
    let isSecured: Bool
    /// Bit 5 of an interindustry class: more of the same command follows.
    let isChained: Bool

    init(_ cla: UInt8) {
        let isFirst = cla & 0x40 == 0
        switch cla {
        case 0x00...0x1F, 0x40...0x7F: family = .interindustry
        case 0x80...0x8F, 0xC0...0xCF, 0xE0...0xEF: family = .globalPlatform
        case 0xA0: family = .sim
        case 0xFF: family = .reader
        default: family = .proprietary
        }
        switch family {
        case .interindustry, .globalPlatform:
            channel = isFirst ? Int(cla & 0x03) : 4 + Int(cla & 0x0F)
            isSecured = isFirst ? cla & 0x0C != 0 : cla & 0x20 != 0
        case .sim, .reader, .proprietary:
            channel = 0
            isSecured = false
        }
        isChained = family == .interindustry && cla & 0x10 != 0
    }
}
