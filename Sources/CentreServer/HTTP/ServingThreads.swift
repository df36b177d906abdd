#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Milliseconds of a clock that never goes back; for measuring and for time limits.
func monotonicMilliseconds() -> Int64 { Int64(monotonicNanoseconds() / 1_000_000) }

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    // It cannot fail: the clock exists on every system this is built for.
    _ = clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A thread of its own: what blocks must not take one from the pool that everybody shares.
struct ServingThread: Sendable {
    private let handle: UInt

    private final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// nil where the system gives no more threads.
    init?(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setstacksize(attributes, stackBytes)
        let start = Unmanaged.passRetained(Start(body))
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        guard pthread_create(&thread, attributes, runServingThread, start.toOpaque()) == 0 else {
            start.release()
            return nil
        }
        #if canImport(Glibc)
            handle = UInt(thread)
        #else
            handle = UInt(bitPattern: thread)
        #endif
    }

    func join() {
        #if canImport(Glibc)
            pthread_join(pthread_t(handle), nil)
        #else
            if let thread = pthread_t(bitPattern: handle) { pthread_join(thread, nil) }
        #endif
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
    }
}

#if canImport(Glibc)
    private func runServingThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        context.map(ServingThread.run)
        return nil
    }
#else
    private func runServingThread(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        ServingThread.run(context)
        return nil
    }
#endif

/// A queue that threads wait at, first in first out.
final class WorkQueue<Job: Sendable>: @unchecked Sendable {
    // Everything that changes is touched only while the mutex is held.
    private var jobs: [Job?] = []
    private var first = 0
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var count: Int { locked { jobs.count - first } }

    /// False where the queue is as long as it may get, or closed.
    @discardableResult
    func add(_ job: Job, max: Int = .max) -> Bool {
        locked {
            guard !isClosed, jobs.count - first < max else { return false }
            jobs.append(job)
            pthread_cond_signal(condition)
            return true
        }
    }

    /// Waits for the next; nil once the queue is closed and empty.
    func next() -> Job? {
        locked {
            while first == jobs.count {
                if isClosed { return nil }
                pthread_cond_wait(condition, mutex)
            }
            defer {
                jobs[first] = nil
                first += 1
                // Moved now and then, so that one step costs the same however long the queue is.
                if first == jobs.count || first > 4_096 {
                    jobs.removeFirst(first)
                    first = 0
                }
            }
            return jobs[first]
        }
    }

    /// What is in it is still given out.
    func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(condition)
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
