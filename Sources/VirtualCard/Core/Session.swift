internal import SmartCard

/// All that ends with the power.
struct Session {
    var channels: [LogicalChannel?]
    /// A load that was begun and not finished; one at a time.
    var load: LoadProcess?
    /// What GET RESPONSE will give, and the logical channel that it belongs to.
    var pending: (data: [UInt8], status: StatusWord, channel: Int)?
    /// An answer that was asked for with a wrong length: the repetition gets it, and nothing is done twice.
    var repeatable: (header: [UInt8], data: [UInt8], answer: ResponseAPDU)?
    /// The contents of transient objects; one that is not here holds zeros.
    var transient: [AID: [ObjectNumber: [UInt8]]] = [:]

    init(channelCount: Int, selected: AID) {
        channels = Array(repeating: nil, count: channelCount)
        channels[0] = LogicalChannel(selected: selected)
    }
}

/// One logical channel that is open.
struct LogicalChannel {
    var selected: AID
    /// Whether a SELECT by name came before: next occurrence needs one.
    var hasSelectedByName = false
    var secure: OpenSession?
    /// Commands received of a chain (GPCS 2.3.1 §11.1.5.1).
    var chain: CommandAPDU?
    var statusCursor: StatusCursor?
    var storing = StoreProcess()

    init(selected: AID) { self.selected = selected }
}

/// A secure channel with the keys that opened it.
struct OpenSession {
    var channel: any CardSecureChannel
    var keyOwner: AID
    let keyVersion: UInt8
}

/// Where GET STATUS [next occurrence] goes on.
struct StatusCursor {
    let scope: UInt8
    var remaining: ArraySlice<[UInt8]>
}

/// A series of STORE DATA commands.
struct StoreProcess {
    /// The application that INSTALL [for personalization] named.
    var target: AID?
    var nextBlock: UInt8 = 0
    /// A data structure whose end has not come yet.
    var partial: [UInt8] = []
    /// Keys announced by DGI 00B9 that wait for their 8113.
    var announcedKeys: [AnnouncedKey] = []
}

/// One key of DGI 00B9 (GPCS 2.3.1 table 11-92).
struct AnnouncedKey {
    let type: UInt8
    let byteCount: Int
    let identifier: UInt8
    let version: UInt8
    let usage: UInt8?
    let access: UInt8?
    let checkValue: [UInt8]
}

/// What INSTALL [for load] began.
struct LoadProcess {
    let channel: Int
    let performer: AID
    let loadFile: AID
    let domain: AID
    let hash: [UInt8]
    let provider: [UInt8]
    let tokenIdentifier: [UInt8]
    /// Set for the combined process: INSTALL with P2 = 03 finishes it, and its token covers this text too.
    let combinedMessage: [UInt8]?
    var nextBlock: Int = 0
    var received: [UInt8] = []
    var isComplete = false

    /// The room that the blocks take already.
    var loadingBytes: Int { isComplete ? 0 : received.count }
}
