internal import SmartCard

/// What the shared library computes. The byte code of its load file is a stand-in, so the sums are done here, and only
/// on a card that holds the load file: without it an application could not have been linked.
struct PointsLibrary {
    /// Sums of money come in the smallest unit of the currency; a point is earned for each full hundred.
    static let moneyPerPoint: UInt32 = 100
    static let pointsPerReturn: UInt32 = 5

    init(in context: ApplicationContext) throws(Refusal) {
        guard context.loadFile(ExampleApplication.library.loadFile) != nil else {
            throw .conditionsNotSatisfied
        }
    }

    func points(forSpending amount: UInt32) -> UInt32 { amount / Self.moneyPerPoint }

    func adding(_ points: UInt32, to balance: UInt32) throws(Refusal) -> UInt32 {
        let (sum, isTooMuch) = balance.addingReportingOverflow(points)
        guard !isTooMuch else { throw .conditionsNotSatisfied }
        return sum
    }

    func isOnTime(_ time: UInt32, due: UInt32) -> Bool { time <= due }
}
