#if os(Linux)
    import Arguments
    import Dispatch
    import Foundation
    import Glibc
    import Synchronization
    import Testing

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add(_ more: Int) { count.withLock { $0 += more } }
    }

    @Suite("Descriptors", .serialized)
    struct DescriptorTests {
        /// A pseudo-terminal: what is written to the controller is typed at the terminal.
        private struct PseudoTerminal {
            let controller: CInt
            let terminal: CInt

            init() throws {
                // The Glibc module lacks posix_openpt: these are its steps on Linux (ioctl_tty(2)).
                controller = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY)
                var (lock, number): (CInt, CInt) = (0, 0)
                let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
                try #require(
                    ioctl(controller, setLock, &lock) == 0 && ioctl(controller, getNumber, &number) == 0)
                terminal = Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
                try #require(terminal >= 0)
            }

            func type(_ text: String) { _ = write(controller, text, text.utf8.count) }

            var echoes: Bool {
                var settings = termios()
                return tcgetattr(terminal, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
            }

            /// What the screen would show; there must be something.
            func screen() -> String {
                var buffer = [UInt8](repeating: 0, count: 1024)
                let count = read(controller, &buffer, buffer.count)
                return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            }

            func close() {
                _ = Glibc.close(terminal)
                _ = Glibc.close(controller)
            }
        }

        private func readLine(
            _ descriptor: CInt, limit: Int = 100, isSecret: Bool, prompt: () -> Void
        ) throws -> String? {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
            defer { buffer.deallocate() }
            let count = try DescriptorInput(descriptor: descriptor)
                .readLine(into: buffer, isSecret: isSecret, prompt: prompt)
            return count.map { String(decoding: buffer[..<$0], as: UTF8.self) }
        }

        @Test("a secret is not shown while it is typed, and the echo comes back")
        func secret() throws {
            let pty = try PseudoTerminal()
            defer { pty.close() }
            #expect(pty.echoes)
            let line = try readLine(pty.terminal, isSecret: true) {
                #expect(!pty.echoes)
                pty.type("hidden\n")
            }
            #expect(line == "hidden")
            #expect(pty.echoes)
            #expect(pty.screen() == "\r\n")
        }

        @Test("a signal while a secret is typed restores the echo, then does what it did before")
        func signal() throws {
            let pty = try PseudoTerminal()
            defer { pty.close() }
            // SIGHUP is ignored for the time of this test; the handler of the program is what must be back.
            let previous = Glibc.signal(SIGHUP, SIG_IGN)
            defer { _ = Glibc.signal(SIGHUP, previous) }
            #expect(throws: InputError.interrupted) {
                _ = try readLine(pty.terminal, isSecret: true) { _ = kill(getpid(), SIGHUP) }
            }
            #expect(pty.echoes)
            var action = sigaction()
            _ = sigaction(SIGHUP, nil, &action)
            #expect(unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1)
        }

        @Test("an open line is shown while it is typed")
        func open() throws {
            let pty = try PseudoTerminal()
            defer { pty.close() }
            #expect(DescriptorInput(descriptor: pty.terminal).isTerminal)
            let line = try readLine(pty.terminal, isSecret: false) { pty.type("seen\n") }
            #expect(line == "seen")
            #expect(pty.screen() == "seen\r\n")
        }

        @Test("the width is what the terminal says at that moment")
        func width() throws {
            let pty = try PseudoTerminal()
            defer { pty.close() }
            let sink = DescriptorSink(descriptor: pty.terminal, goesOnWhereFull: false)
            #expect(sink.isTerminal)
            for columns: UInt16 in [132, 60] {
                var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
                #expect(ioctl(pty.controller, UInt(TIOCSWINSZ), &size) == 0)
                #expect(sink.columns == Int(columns))
            }
        }

        @Test("lines are read one by one from a pipe, and leave the rest for others")
        func lines() throws {
            var ends: [CInt] = [0, 0]
            #expect(pipe(&ends) == 0)
            defer { _ = close(ends[0]) }
            let text = "one\r\n\ntoolongline\nlast"
            _ = write(ends[1], text, text.utf8.count)
            _ = close(ends[1])
            #expect(try readLine(ends[0], isSecret: true) {} == "one")
            #expect(try readLine(ends[0], isSecret: false) {} == "")
            #expect(throws: InputError.tooLong(limit: 7)) {
                try readLine(ends[0], limit: 7, isSecret: false) {}
            }
            #expect(try readLine(ends[0], isSecret: false) {} == "ine")
            #expect(try readLine(ends[0], isSecret: false) {} == "last")
            #expect(try readLine(ends[0], isSecret: false) {} == nil)
            #expect(throws: InputError.self) { try readLine(999, isSecret: false) {} }
        }

        @Test("a reader that has gone away is no failure; a full disk is one")
        func failures() throws {
            ignoreBrokenPipes()
            var ends: [CInt] = [0, 0]
            #expect(pipe(&ends) == 0)
            let sink = DescriptorSink(descriptor: ends[1], goesOnWhereFull: false)
            #expect(!sink.isTerminal && sink.columns == nil)
            sink.write(Array("seen".utf8))
            var buffer = [UInt8](repeating: 0, count: 10)
            #expect(read(ends[0], &buffer, 10) == 4)
            _ = close(ends[0])
            sink.write(Array("unseen".utf8))
            sink.write(Array("unseen".utf8))
            #expect(sink.failure == nil && !sink.isComplete)
            _ = close(ends[1])

            let full = Glibc.open("/dev/full", O_WRONLY)
            try #require(full >= 0)
            let fullSink = DescriptorSink(descriptor: full, goesOnWhereFull: false)
            fullSink.write([])
            #expect(fullSink.failure == nil && fullSink.isComplete)
            fullSink.write([1])
            #expect(fullSink.failure == ENOSPC && !fullSink.isComplete)
            _ = close(full)
        }

        @Test("a log goes on, with a line of its own, when a disk that was full has room again")
        func roomAgain() throws {
            var template = Array("/tmp/berth-sink-XXXXXX".utf8CString)
            let file = mkstemp(&template)
            try #require(file >= 0)
            _ = unlink(template)
            // A full disk that is ours alone: a descriptor that is put in the place of another.
            let full = Glibc.open("/dev/full", O_WRONLY)
            let place = dup(file)
            try #require(full >= 0 && place >= 0)
            let sink = DescriptorSink(descriptor: place, goesOnWhereFull: true)
            sink.write(Array("first\n".utf8))
            _ = dup2(full, place)
            sink.write(Array("lost\n".utf8))
            #expect(sink.failure == ENOSPC)
            _ = dup2(file, place)
            sink.write(Array("last\n".utf8))
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = pread(file, &buffer, buffer.count, 0)
            #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "first\nlast\n")
            for descriptor in [full, place, file] { _ = close(descriptor) }
        }

        @Test("a large output goes through a non-blocking pipe whole")
        func nonBlocking() throws {
            var ends: [CInt] = [0, 0]
            #expect(pipe(&ends) == 0)
            let (readEnd, writeEnd) = (ends[0], ends[1])
            #expect(fcntl(writeEnd, F_SETFL, O_NONBLOCK) == 0)
            let count = 1_000_000
            let total = Counter()
            let isDone = DispatchSemaphore(value: 0)
            // A thread of its own: a pool with one thread would wait for itself.
            let reader = Thread {
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while case let got = read(readEnd, &buffer, buffer.count), got > 0 {
                    total.add(got)
                }
                isDone.signal()
            }
            reader.start()
            let sink = DescriptorSink(descriptor: writeEnd, goesOnWhereFull: false)
            sink.write([UInt8](repeating: 7, count: count))
            #expect(sink.failure == nil)
            _ = close(writeEnd)
            isDone.wait()
            #expect(total.value == count)
            _ = close(readEnd)
        }
    }
#endif
