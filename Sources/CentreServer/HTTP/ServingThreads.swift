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

/// A queue that threads wait at: jobs go first in first out, and whoever lay down last gets up first, as what it worked
/// with is still in the processor's caches.
final class WorkQueue<Job: Sendable>: @unchecked Sendable {
    // Everything that changes is touched only while the mutex is held.
    private var jobs: [Job?] = []
    private var first = 0
    private var isClosed = false
    /// Threads that wait; where there are any, no job does.
    private var idle: [IdleThread] = []
    /// Places of threads that work at this moment.
    private var spare: [IdleThread] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    /// Where one thread waits, and what it is given.
    private final class IdleThread {
        var job: Job?
        var isAwake = false
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() { pthread_cond_init(condition, nil) }

        deinit {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }

        func wake(with job: Job?) {
            self.job = job
            isAwake = true
            pthread_cond_signal(condition)
        }
    }

    init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    var count: Int { locked { jobs.count - first } }

    /// False where the queue is as long as it may get, or closed.
    @discardableResult
    func add(_ job: Job, max: Int = .max) -> Bool {
        locked {
            guard !isClosed, jobs.count - first < max else { return false }
            if let thread = idle.popLast() { thread.wake(with: job) } else { jobs.append(job) }
            return true
        }
    }

    /// Waits for the next; nil once the queue is closed and empty.
    func next() -> Job? {
        locked {
            if first < jobs.count { return takeFirst() }
            return isClosed ? nil : rest()
        }
    }

    /// What is in it is still given out.
    func close() {
        locked {
            isClosed = true
            for thread in idle { thread.wake(with: nil) }
            idle = []
        }
    }

    private func takeFirst() -> Job? {
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

    private func rest() -> Job? {
        let thread = spare.popLast() ?? IdleThread()
        idle.append(thread)
        while !thread.isAwake { pthread_cond_wait(thread.condition, mutex) }
        defer {
            (thread.job, thread.isAwake) = (nil, false)
            spare.append(thread)
        }
        return thread.job
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
