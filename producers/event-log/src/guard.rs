//! Watches a producer's blocking calls. Each has a time limit, but the client does not always keep
//! it: sending offsets waits for ever when the group's coordinator has been taken off the client's
//! list of brokers (confluentinc/librdkafka#5456, #5511). Such a call cannot be taken back, and
//! only a new process can settle its transaction: the guard cuts the lifeline.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rdkafka::producer::BaseProducer;
use service::{Lifeline, badge};

use crate::client::ClientLog;

/// How often the guard looks.
const ROUND: Duration = Duration::from_secs(1);

/// How much later than its limit a call may return: nothing keeps time exactly.
const SLACK: Duration = Duration::from_secs(3);

type Deadline = Arc<Mutex<Option<Instant>>>;

/// The guard of one producer; ends with it.
pub struct Guard {
    deadline: Deadline,
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Guard {
    /// Sets a guard on a thread of its own. It also serves what the client tells of itself, which
    /// nobody else does while a call blocks or the producer is idle.
    pub fn set(
        producer: Arc<BaseProducer<ClientLog>>,
        lifeline: Lifeline,
    ) -> std::io::Result<Self> {
        let deadline = Deadline::default();
        let (end, ended) = channel();
        let watched = Arc::clone(&deadline);
        let thread = badge::spawn("guard", move || {
            while ended.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
                producer.poll(Duration::ZERO);
                let deadline = *watched.lock().unwrap_or_else(PoisonError::into_inner);
                if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                    lifeline.cut("a call of the Kafka client does not return: it hangs");
                }
            }
        })?;
        Ok(Self { deadline, end: Some(end), thread: Some(thread) })
    }

    /// Watches a call that has to end within `limit`.
    pub fn watch<T>(&self, limit: Duration, call: impl FnOnce() -> T) -> T {
        self.set_deadline(Some(Instant::now() + limit + SLACK));
        let done = call();
        self.set_deadline(None);
        done
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and has nothing to tell.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[tokio::test]
    async fn a_call_that_does_not_return_cuts_the_lifeline() {
        let producer = ClientConfig::new().create_with_context(ClientLog::default()).unwrap();
        let lifeline = Lifeline::default();
        let guard = Guard::set(Arc::new(producer), lifeline.clone()).unwrap();
        guard.watch(Duration::from_secs(1), || ());
        let hanging = std::thread::spawn(move || {
            let (_never, wait) = channel::<()>();
            let limit = Duration::from_millis(1);
            guard.watch(limit, || wait.recv_timeout(Duration::from_secs(30)))
        });
        let cut = tokio::time::timeout(Duration::from_secs(20), lifeline.is_cut()).await;
        assert!(cut.unwrap().contains("does not return"));
        drop(hanging);
    }
}
