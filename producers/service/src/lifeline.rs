//! What a process hangs on. Some losses cannot be made good from inside — a client library that
//! has forgotten where its servers are — and would leave a process that looks alive and does
//! nothing. Whoever notices cuts the line, and the process ends, for its supervisor to start anew.

use tokio::sync::watch;

/// Holds until somebody cuts it. Cheap to clone; works from tasks and from threads.
#[derive(Clone, Debug)]
pub struct Lifeline(watch::Sender<Option<String>>);

impl Default for Lifeline {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Lifeline {
    /// Ends the process, and says why. The first reason stands.
    pub fn cut(&self, reason: impl Into<String>) {
        self.0.send_if_modified(|cut| {
            let first = cut.is_none();
            if first {
                *cut = Some(reason.into());
            }
            first
        });
    }

    /// Returns the reason once it is cut.
    pub async fn is_cut(&self) -> String {
        let mut receiver = self.0.subscribe();
        // The sender is held by `self`: the wait cannot fail.
        let cut = receiver.wait_for(Option::is_some).await;
        cut.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stands() {
        let line = Lifeline::default();
        let other = line.clone();
        let waiting = tokio::spawn(async move { other.is_cut().await });
        line.cut("first");
        line.cut("second");
        assert_eq!(waiting.await.unwrap(), "first");
        assert_eq!(line.is_cut().await, "first");
    }
}
