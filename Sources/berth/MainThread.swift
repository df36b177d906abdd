#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs everything that the program awaits on the thread that it started with.
///
/// The pool to which asynchronous work goes otherwise starts four threads and leaves the first one idle; that alone
/// takes longer than many commands do, and a command is one line of work.
final class MainThread: TaskExecutor, @unchecked Sendable {
    // Sendable because `jobs` and `code` are only touched with the lock held, and the lock never moves.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let news = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var code: Int32?

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(news, nil)
    }

    deinit {
        pthread_cond_destroy(news)
        pthread_mutex_destroy(lock)
        news.deallocate()
        lock.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        change { $0.jobs.append(job) }
    }

    /// Runs the work on the calling thread, and gives its exit code once it has one.
    func run(_ work: @escaping @Sendable () async -> Int32) -> Int32 {
        Task(executorPreference: self) {
            let code = await work()
            self.change { $0.code = code }
        }
        while true {
            switch next() {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .end(let code): return code
            }
        }
    }

    private enum Step {
        case job(UnownedJob)
        case end(Int32)
    }

    private func next() -> Step {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let code { return .end(code) }
            if !jobs.isEmpty { return .job(jobs.removeFirst()) }
            pthread_cond_wait(news, lock)
        }
    }

    private func change(_ body: (MainThread) -> Void) {
        pthread_mutex_lock(lock)
        body(self)
        pthread_cond_signal(news)
        pthread_mutex_unlock(lock)
    }
}
