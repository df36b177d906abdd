package import GlobalPlatform

/// What a card told about itself in the answer to INITIALIZE UPDATE.
package struct ChannelPeer: Hashable, Sendable {
    package let diversificationData: [UInt8]
    package let keyVersion: UInt8
    package let secureChannel: SecureChannelProtocol
    /// SCP02 always tells it; SCP03 with the pseudo-random challenge.
    package let sequenceCounter: UInt32?
    /// Whether the challenge is the one that can be computed ahead; `nil` where that was not looked at.
    package let isChallengePredictable: Bool?
}
