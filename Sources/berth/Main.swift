internal import SmartCard

@main
struct Berth {
    static func main() {
        print("berth")
    }
}
